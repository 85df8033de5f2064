import models  # first: holds back TensorFlow's chatter  # noqa: I001, F401
import keras
import numpy as np
import pytest
import tensorflow as tf

from models.layers.fused_batch_norm import fuse_batch_norms
from models.generator import build_generator


def trained_pass(fused, images, training=True, policy="float32"):
    """Outputs, gradients by weight and image, and the statistics after one pass."""
    keras.utils.set_random_seed(1)
    keras.config.set_dtype_policy(policy)
    try:
        model = build_generator("batch", channels=4, blocks=2)
    finally:
        keras.config.set_dtype_policy("float32")
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.beta.assign(np.linspace(-0.2, 0.3, 4))
    if fused:
        fuse_batch_norms(model)
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
    fuse_batch_norms(model)
    model.trainable = False
    before = [weight.numpy() for weight in model.weights]
    model(np.random.default_rng(0).random((2, 8, 8, 3), np.float32), training=True)
    for old, new in zip(before, model.weights, strict=True):
        np.testing.assert_array_equal(old, new.numpy())
