import models  # first: holds back TensorFlow's chatter  # noqa: I001, F401
import keras
import numpy as np
import pytest
import tensorflow as tf

from models.network_files import load_generator, save_model
from models.generator import build_generator
from models.layers.fused_batch_norm import FusedBatchNormalization


def with_keras_layers(model):
    """The same network with Keras' own batch norm, weights included."""

    def composed(layer):
        if isinstance(layer, FusedBatchNormalization):
            return keras.layers.BatchNormalization.from_config(layer.get_config())
        return layer.__class__.from_config(layer.get_config())

    plain = keras.models.clone_model(model, clone_function=composed)
    plain.set_weights(model.get_weights())
    kinds = {type(layer) for layer in plain.layers}
    assert FusedBatchNormalization not in kinds and keras.layers.BatchNormalization in kinds
    return plain


def trained_pass(fused, images, training=True, policy="float32"):
    """Outputs, gradients by weight and image, and the statistics after one pass."""
    keras.utils.set_random_seed(1)
    keras.config.set_dtype_policy(policy)
    try:
        model = build_generator("batch", channels=4, blocks=2)
        for layer in model.layers:
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.beta.assign(np.linspace(-0.2, 0.3, 4))
        if not fused:
            model = with_keras_layers(model)
    finally:
        keras.config.set_dtype_policy("float32")
    images = tf.constant(images)

    @tf.function
    def run(images):
        with tf.GradientTape() as tape:
            tape.watch(images)
            outputs = model(images, training=training)
            loss = tf.reduce_mean(tf.square(outputs - 0.3))
        weights = [variable.value for variable in model.trainable_variables]
        return outputs, tape.gradient(loss, [images, *weights])

    outputs, gradients = run(images)
    statistics = [variable.numpy() for variable in model.non_trainable_variables]
    return outputs.numpy(), [gradient.numpy() for gradient in gradients], statistics


@pytest.mark.parametrize("training", [True, False])
def test_the_kernel_computes_what_keras_composes(training):
    images = np.random.default_rng(0).random((3, 20, 24, 3), np.float32)
    (one, gradients, moving), (other, fused, fused_moving) = (
        trained_pass(fused, images, training) for fused in (False, True)
    )
    np.testing.assert_allclose(other, one, atol=1e-5)
    for got, expected in zip(fused, gradients, strict=True):
        np.testing.assert_allclose(got, expected, atol=1e-4 * np.abs(expected).max() + 1e-7)
    # The unbiased variance of 3·20·24 values.
    for got, expected in zip(fused_moving, moving, strict=True):
        np.testing.assert_allclose(got, expected, rtol=1.1 / (3 * 20 * 24), atol=1e-6)
    if training:
        assert not all(np.allclose(after, round(float(after.mean()))) for after in moving)


def test_in_bfloat16_it_differs_by_rounding_alone():
    images = np.random.default_rng(0).random((3, 20, 24, 3), np.float32)
    (one, gradients, _), (other, fused, _) = (
        trained_pass(fused, images, policy="mixed_bfloat16") for fused in (False, True)
    )
    np.testing.assert_allclose(other, one, atol=0.02)
    for got, expected in zip(fused, gradients, strict=True):
        np.testing.assert_allclose(got, expected, atol=0.1 * np.abs(expected).max())


def test_a_frozen_layer_keeps_its_statistics():
    model = build_generator("batch", channels=4, blocks=1)
    model.trainable = False
    before = [weight.numpy() for weight in model.weights]
    model(np.random.default_rng(0).random((2, 8, 8, 3), np.float32), training=True)
    for old, new in zip(before, model.weights, strict=True):
        np.testing.assert_array_equal(old, new.numpy())


def test_files_hold_either_layer(tmp_path):
    """A file of today loads as the fused layer; a file with Keras' own layer loads as it was."""
    images = np.random.default_rng(0).random((2, 12, 12, 3), np.float32)
    fused = build_generator("batch", channels=4, blocks=1)
    for number, model in enumerate((fused, with_keras_layers(fused))):
        save_model(model, tmp_path / f"{number}.keras")
        loaded = load_generator(tmp_path / f"{number}.keras")
        kinds = [type(layer) for layer in loaded.layers]
        assert (FusedBatchNormalization in kinds) == (number == 0)
        assert keras.layers.BatchNormalization in kinds or number == 0
        np.testing.assert_array_equal(loaded(images), fused(images))


def test_replicas_share_statistics_through_keras_own_layer(monkeypatch):
    layer = FusedBatchNormalization()
    layer.build((None, 4, 4, 2))
    layer.synchronized = True
    called = []
    monkeypatch.setattr(
        keras.layers.BatchNormalization, "call", lambda self, x, **_: called.append(1) or x
    )
    layer(np.zeros((1, 4, 4, 2), np.float32), training=True)
    assert called
