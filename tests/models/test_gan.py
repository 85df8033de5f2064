import models  # first: holds back TensorFlow's chatter  # noqa: I001, F401
import keras
import numpy as np
import pytest
import tensorflow as tf

from losses.discriminator_loss import discriminator_cross_entropy, swapped_cross_entropy
from losses.presets import PRESETS, Objective, preset
from models.discriminator import build_iccv_discriminator, build_thesis_discriminator
from models.gan import Gan, patches_of
from models.gan_released import released_step
from models.generator import build_generator
from models.mobile import build_mobile
from models.vgg import build_vgg19
from training.backends.step import make_step
from training.training_state import gan_variables

DISCRIMINATORS = {"thesis": build_thesis_discriminator, "iccv": build_iccv_discriminator}


@pytest.fixture
def batch():
    rng = np.random.default_rng(0)
    target = rng.random((4, 32, 32, 3), np.float32)
    return target * 0.5 + 0.1, target


def adam(network, rate):
    optimizer = keras.optimizers.Adam(rate)
    optimizer.build(network.trainable_variables)
    return optimizer


def small_gan(name="thesis", learning_rate=5e-4, discriminator_learning_rate=1e-4) -> Gan:
    keras.utils.set_random_seed(0)
    objective = preset(name, batch_size=4, relative_content=True)
    generator = build_generator(objective.normalization, channels=4, blocks=1)
    discriminator = DISCRIMINATORS[objective.discriminator](patch_size=32, width=0.05)
    return Gan(
        generator,
        adam(generator, learning_rate),
        objective,
        discriminator,
        adam(discriminator, discriminator_learning_rate),
        build_vgg19("block1_conv1", "random"),
        label_smoothing=0.2,
    )


def values(model) -> list[np.ndarray]:
    return [weight.numpy().copy() for weight in model.trainable_variables]


def moved(before, model) -> bool:
    pairs = zip(before, values(model), strict=True)
    return any(not np.array_equal(old, new) for old, new in pairs)


def other_batch(batch):
    """Five arrays as `training.pairs.two_batches` returns: the discriminator has its own batch."""
    phone, target = batch
    return phone, target, phone[::-1], target[::-1], np.array([True, False, False, True])


def arguments(batch, other):
    return other_batch(batch) if other else batch


def test_the_discriminator_sees_larger_images_in_patches():
    images = np.random.default_rng(0).random((2, 4, 6, 3), np.float32)
    patches = np.asarray(patches_of(images, 2))
    assert patches.shape == (12, 2, 2, 3)
    np.testing.assert_array_equal(patches[0], images[0, :2, :2])
    np.testing.assert_array_equal(patches[2], images[0, :2, 4:])
    np.testing.assert_array_equal(patches[9], images[1, 2:, :2])
    assert patches_of(patches, 2) is patches
    step = make_step(small_gan())
    large = np.random.default_rng(1).random((1, 64, 96, 3), np.float32)
    assert np.isfinite(float(step(large * 0.5, large)["texture"]))


@pytest.mark.parametrize("other", [False, True])
@pytest.mark.parametrize("name", ["thesis", "iccv"])
def test_the_generators_loss_moves_no_discriminator_weight(name, other, batch):
    gan = small_gan(name, discriminator_learning_rate=0.0)
    generator, discriminator = values(gan.generator), values(gan.discriminator)
    make_step(gan, other)(*arguments(batch, other))
    assert moved(generator, gan.generator)
    assert not moved(discriminator, gan.discriminator)


@pytest.mark.parametrize("other", [False, True])
@pytest.mark.parametrize("name", ["thesis", "iccv"])
def test_the_discriminators_loss_moves_no_generator_weight(name, other, batch):
    gan = small_gan(name, learning_rate=0.0)
    generator, discriminator = values(gan.generator), values(gan.discriminator)
    make_step(gan, other)(*arguments(batch, other))
    assert not moved(generator, gan.generator)
    assert moved(discriminator, gan.discriminator)


def gradients(tape, loss, network):
    return tape.gradient(loss, [variable.value for variable in network.trainable_variables])


def assert_equal_weights(one: Gan, other: Gan):
    networks = ((one.generator, other.generator), (one.discriminator, other.discriminator))
    for left, right in networks:
        for got, expected in zip(values(left), values(right), strict=True):
            np.testing.assert_allclose(got, expected, atol=2e-6)


def test_one_shared_pass_gives_the_gradients_of_two_separate_ones(batch):
    """The same batch for both networks, written out: two passes, two tapes, plain Adam."""
    phone, target = batch
    shared, separate = small_gan(), small_gan()
    make_step(shared)(phone, target)

    generator, discriminator = separate.generator, separate.discriminator
    with tf.GradientTape() as tape:
        enhanced = generator(phone, training=True)
        logits = discriminator(tf.concat([enhanced, target], 0), training=True)
        terms = separate.objective.terms(enhanced, target, logits[:4], separate.vgg)
        total = tf.add_n(list(terms.values()))
    of_generator = gradients(tape, total, generator)
    with tf.GradientTape() as tape:
        logits = discriminator(tf.concat([tf.stop_gradient(enhanced), target], 0), training=True)
        loss = discriminator_cross_entropy(logits[:4], logits[4:], separate.label_smoothing)
    of_discriminator = gradients(tape, loss, discriminator)
    keras.optimizers.Adam(5e-4).apply(of_generator, generator.trainable_variables)
    keras.optimizers.Adam(1e-4).apply(of_discriminator, discriminator.trainable_variables)
    assert_equal_weights(shared, separate)


def test_the_released_step_updates_the_generator_then_the_discriminator(batch):
    """The released code's loop, written out, with plain descent.

    Adam would show rounding: the bias before an instance norm has no gradient but rounding.
    """
    phone, target, other_phone, other_target, shows_target = other_batch(batch)
    step, plain = small_gan("iccv"), small_gan("iccv")
    step.generator_optimizer = keras.optimizers.SGD(1e-3)
    step.generator_optimizer.build(step.generator.trainable_variables)
    step.discriminator_optimizer = keras.optimizers.SGD(0.1)
    step.discriminator_optimizer.build(step.discriminator.trainable_variables)
    report = released_step(step)(phone, target, other_phone, other_target, shows_target)

    generator, discriminator = plain.generator, plain.discriminator
    with tf.GradientTape() as tape:
        enhanced = generator(phone, training=True)
        logits = discriminator(enhanced, training=True)
        terms = plain.objective.terms(enhanced, target, logits, plain.vgg)
        total = tf.add_n(list(terms.values()))
    start = values(generator), values(discriminator)
    for variable, gradient in zip(
        generator.trainable_variables, gradients(tape, total, generator), strict=True
    ):
        variable.assign_sub(1e-3 * gradient)
    # The texture term is minus the discriminator's loss on enhanced images, summed over the batch.
    of_enhanced = swapped_cross_entropy(logits, np.zeros(4, bool))
    assert float(terms["saturating_texture"]) == pytest.approx(-4 * float(of_enhanced), rel=1e-5)

    enhanced = generator(other_phone, training=True)  # by the generator after its update
    shown = [other_target[0], enhanced[1], enhanced[2], other_target[3]]
    with tf.GradientTape() as tape:
        logits = discriminator(tf.stack(shown), training=True)[:, 0]
        signs = tf.constant([-1.0, 1.0, 1.0, -1.0])
        loss = tf.reduce_mean(tf.math.softplus(signs * logits))
    for variable, gradient in zip(
        discriminator.trainable_variables, gradients(tape, loss, discriminator), strict=True
    ):
        variable.assign_sub(0.1 * gradient)
    assert moved(start[0], generator) and moved(start[1], discriminator)
    assert_equal_weights(step, plain)
    assert float(report["discriminator"]) == pytest.approx(float(loss), rel=1e-5)
    correct = np.mean((logits.numpy() > 0) == shows_target)
    assert float(report["discriminator_accuracy"]) == pytest.approx(correct)


def test_the_texture_term_pulls_towards_what_the_discriminator_takes_for_a_dslr(batch):
    """With texture alone, generator steps raise the logits that a frozen discriminator gives."""
    keras.utils.set_random_seed(0)
    generator = build_generator("instance", channels=8, blocks=1)
    discriminator = build_iccv_discriminator(patch_size=32, width=0.2)
    gan = Gan(
        generator,
        adam(generator, 1e-3),
        Objective({"texture": 1.0}, normalization="instance", discriminator="iccv"),
        discriminator,
        adam(discriminator, 0.0),
    )
    # From the released small weights no gradient reaches the generator yet.
    for weight in discriminator.trainable_variables:
        if len(weight.shape) > 1:
            weight.assign(10 * weight)
    phone, target = batch
    step = make_step(gan)

    def logit():
        return float(np.mean(discriminator(generator(phone))))

    before = logit()
    for _ in range(20):
        step(phone, target)
    assert logit() > before + 0.01


def test_without_a_texture_term_no_discriminator_is_needed(batch):
    keras.utils.set_random_seed(0)
    generator = build_generator(channels=4, blocks=1)
    report = make_step(Gan(generator, adam(generator, 5e-4), PRESETS["mse"]))(*batch)
    assert set(report) == {"squared_error", "generator"}
    assert float(report["generator"]) == pytest.approx(float(report["squared_error"]))


@pytest.mark.parametrize("other", [False, True])
def test_the_report_adds_up(other, batch):
    gan = small_gan()
    report = make_step(gan, other)(*arguments(batch, other))
    report = {name: float(value) for name, value in report.items()}
    terms = PRESETS["thesis"].weights
    assert report["generator"] == pytest.approx(sum(report[name] for name in terms), rel=1e-5)
    assert 0 <= report["discriminator_accuracy"] <= 1


@pytest.mark.parametrize("decay", [0.0, 0.2, 0.9])
def test_ema_follows_the_average_of_the_weights(decay, batch):
    gan = small_gan()
    gan.ema, gan.ema_decay = build_generator("batch", channels=4, blocks=1), decay
    gan.ema.set_weights(gan.generator.get_weights())
    step = make_step(gan)
    expected = [weight.numpy() for weight in gan.generator.weights]
    for number in (1, 2, 3):
        step(*batch)
        kept = min(decay, (1 + number) / (10 + number))
        latest = [weight.numpy() for weight in gan.generator.weights]
        expected = [kept * e + (1 - kept) * w for e, w in zip(expected, latest, strict=True)]
        for got, wanted in zip(gan.ema.weights, expected, strict=True):
            np.testing.assert_allclose(got.numpy(), wanted, rtol=1e-5, atol=1e-7)


def test_mixed_precision_keeps_weights_and_pictures_in_float32_and_learns_alike(batch):
    phone, target = batch
    reports = {}
    for policy in ("float32", "mixed_bfloat16"):
        keras.config.set_dtype_policy(policy)
        try:
            gan = small_gan(learning_rate=2e-3)
        finally:
            keras.config.set_dtype_policy("float32")
        step = make_step(gan)
        assert {variable.dtype for variable in gan_variables(gan)} <= {"float32", "int64", "int32"}
        assert gan.generator(phone).dtype == "float32"
        assert gan.discriminator(target).dtype == "float32"
        for _ in range(10):
            report = step(phone, target)
        reports[policy] = float(report["color"])
    assert gan.generator.get_layer("block1_1_conv").compute_dtype == "bfloat16"
    # Other roundings, same descent: color starts near 100.
    assert reports["mixed_bfloat16"] == pytest.approx(reports["float32"], rel=0.1)
    assert reports["float32"] < 60


def test_a_network_whose_output_is_bfloat16_trains_too(batch):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        generator = build_mobile(channels=4, blocks=1)
    finally:
        keras.config.set_dtype_policy("float32")
    report = make_step(Gan(generator, adam(generator, 5e-4), PRESETS["mse"]))(*batch)
    assert report["squared_error"].dtype == "float32"
