import models  # first: holds back TensorFlow's chatter  # noqa: I001, F401
import keras
import numpy as np
import pytest
import tensorflow as tf

from losses.presets import PRESETS, Objective
from losses.texture import discriminator_loss
from models.discriminator import build_iccv_discriminator, build_thesis_discriminator
from models.gan import GanTraining
from training.backends.choose import gan_training
from models.generator import build_generator
from models.vgg import build_vgg19

DISCRIMINATORS = {"thesis": build_thesis_discriminator, "iccv": build_iccv_discriminator}


@pytest.fixture
def batch():
    rng = np.random.default_rng(0)
    target = rng.random((4, 32, 32, 3), np.float32)
    return target * 0.5 + 0.1, target


def small_training(preset="thesis", **rates) -> GanTraining:
    keras.utils.set_random_seed(0)
    objective = PRESETS[preset]
    return gan_training(
        build_generator(objective.norm, channels=4, blocks=1),
        objective,
        DISCRIMINATORS[objective.discriminator](patch_size=32, width=0.05),
        build_vgg19("block1_conv1", "random"),
        **rates,
    )


def values(model) -> list[np.ndarray]:
    return [weight.numpy().copy() for weight in model.trainable_variables]


def moved(before, model) -> bool:
    pairs = zip(before, values(model), strict=True)
    return any(not np.array_equal(old, new) for old, new in pairs)


@pytest.mark.parametrize("preset", ["thesis", "iccv"])
def test_the_generators_loss_moves_no_discriminator_weight(preset, batch):
    training = small_training(preset, discriminator_learning_rate=0.0)
    generator, discriminator = values(training.generator), values(training.discriminator)
    training.step(*batch)
    assert moved(generator, training.generator)
    assert not moved(discriminator, training.discriminator)


@pytest.mark.parametrize("preset", ["thesis", "iccv"])
def test_the_discriminators_loss_moves_no_generator_weight(preset, batch):
    training = small_training(preset, learning_rate=0.0)
    generator, discriminator = values(training.generator), values(training.discriminator)
    training.step(*batch)
    assert not moved(generator, training.generator)
    assert moved(discriminator, training.discriminator)


def test_one_shared_pass_gives_the_gradients_of_two_separate_ones(batch):
    """The published schedule, written out: each network's own pass, its own tape, plain Adam."""
    phone, target = batch
    shared, separate = small_training(), small_training()
    shared.step(phone, target)

    generator, discriminator = separate.generator, separate.discriminator
    with tf.GradientTape() as tape:
        enhanced = generator(phone, training=True)
        logits = discriminator(tf.concat([enhanced, target], 0), training=True)
        features = separate.features(enhanced), separate.features(target)
        terms = separate.objective.terms(enhanced, target, logits[:4], *features)
        total = tf.add_n(list(terms.values()))
    of_generator = tape.gradient(total, [v.value for v in generator.trainable_variables])
    with tf.GradientTape() as tape:
        logits = discriminator(tf.concat([tf.stop_gradient(enhanced), target], 0), training=True)
        loss = discriminator_loss(logits[:4], logits[4:], separate.objective.label_smoothing)
    of_discriminator = tape.gradient(loss, [v.value for v in discriminator.trainable_variables])
    keras.optimizers.Adam(5e-4).apply(of_generator, generator.trainable_variables)
    keras.optimizers.Adam(1e-4).apply(of_discriminator, discriminator.trainable_variables)

    for one, other in ((shared.generator, generator), (shared.discriminator, discriminator)):
        for got, expected in zip(values(one), values(other), strict=True):
            np.testing.assert_allclose(got, expected, atol=2e-6)


def test_the_texture_term_pulls_towards_what_the_discriminator_takes_for_a_dslr(batch):
    """With texture alone, generator steps raise the logits that a frozen discriminator gives."""
    keras.utils.set_random_seed(0)
    training = gan_training(
        build_generator("instance", channels=8, blocks=1),
        Objective({"texture": 1.0}, norm="instance", discriminator="iccv"),
        build_iccv_discriminator(patch_size=32, width=0.2),
        learning_rate=1e-3,
        discriminator_learning_rate=0.0,
    )
    # From the released small weights no gradient reaches the generator yet.
    for weight in training.discriminator.trainable_variables:
        if len(weight.shape) > 1:
            weight.assign(10 * weight)
    phone, target = batch

    def logit():
        return float(np.mean(training.discriminator(training.generator(phone))))

    before = logit()
    for _ in range(20):
        training.step(phone, target)
    assert logit() > before + 0.01


def test_without_a_texture_term_no_discriminator_is_needed(batch):
    keras.utils.set_random_seed(0)
    training = gan_training(build_generator(channels=4, blocks=1), PRESETS["mse"])
    report = training.step(*batch)
    assert set(report) == {"squared_error", "generator"}
    assert float(report["generator"]) == pytest.approx(float(report["squared_error"]))


def test_the_report_adds_up(batch):
    training = small_training()
    report = {name: float(value) for name, value in training.step(*batch).items()}
    terms = PRESETS["thesis"].weights
    assert report["generator"] == pytest.approx(sum(report[name] for name in terms), rel=1e-5)
    assert 0 <= report["discriminator_accuracy"] <= 1


@pytest.mark.parametrize("decay", [0.0, 0.2, 0.9])
def test_the_published_network_follows_the_average_of_the_weights(decay, batch):
    training = small_training()
    published = build_generator("batch", channels=4, blocks=1)
    averaged = gan_training(
        training.generator,
        training.objective,
        training.discriminator,
        training.features,
        published=published,
        weight_average=decay,
    )
    expected = [weight.numpy() for weight in training.generator.weights]
    for step in (1, 2, 3):
        averaged.step(*batch)
        kept = min(decay, (1 + step) / (10 + step))
        latest = [weight.numpy() for weight in training.generator.weights]
        expected = [kept * e + (1 - kept) * w for e, w in zip(expected, latest, strict=True)]
        for got, wanted in zip(published.weights, expected, strict=True):
            np.testing.assert_allclose(got.numpy(), wanted, rtol=1e-5, atol=1e-7)


def test_mixed_precision_keeps_weights_and_pictures_in_float32_and_learns_alike(batch):
    phone, target = batch
    reports = {}
    for policy in ("float32", "mixed_bfloat16"):
        keras.config.set_dtype_policy(policy)
        try:
            training = small_training(learning_rate=2e-3)
        finally:
            keras.config.set_dtype_policy("float32")
        assert {weight.dtype for weight in training.state} <= {"float32", "int64", "int32"}
        assert training.generator(phone).dtype == "float32"
        assert training.discriminator(target).dtype == "float32"
        for _ in range(10):
            report = training.step(phone, target)
        reports[policy] = float(report["color"])
    assert training.generator.get_layer("block1_1_conv").compute_dtype == "bfloat16"
    # Other roundings, same descent: color starts near 100.
    assert reports["mixed_bfloat16"] == pytest.approx(reports["float32"], rel=0.1)
    assert reports["float32"] < 60
