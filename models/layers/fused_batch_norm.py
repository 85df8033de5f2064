"""Batch normalization that trains on TensorFlow's fused kernel."""

from typing import Any

from common.backend import keras

if keras.backend.backend() == "tensorflow":
    import tensorflow as tf


@keras.saving.register_keras_serializable(package="dped")
class FusedBatchNormalization(keras.layers.BatchNormalization):
    """Keras' batch normalization with TensorFlow's fused kernel for the training pass.

    Keras composes moments and scaling of elementwise operations. Each operation is a pass over
    memory, and together they are the larger part of a step in bfloat16. The fused kernel computes
    the same values. Only the moving average of the variance differs: it follows the unbiased
    variance, which is larger by 1 part in `N·H·W`.

    On JAX, on replicas that share their statistics (`synchronized`), and outside of training the
    layer is Keras' own. Weights and their order are Keras' own in every case.

    Input and output: `(N, H, W, C)`, any float dtype; statistics are computed in float32.
    """

    gamma: Any  # weights of Keras' layer, which annotates each as possibly None
    beta: Any
    moving_mean: Any
    moving_variance: Any

    def call(self, inputs, training=None, mask=None):
        fused = training and self.trainable and not self.synchronized and mask is None
        if not fused or keras.backend.backend() != "tensorflow":
            return super().call(inputs, training=training, mask=mask)
        outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=self.gamma.value,
            offset=self.beta.value,
            mean=tf.zeros(0),
            variance=tf.zeros(0),
            epsilon=self.epsilon,
            is_training=True,
        )
        for moving, latest in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(moving * self.momentum + latest * (1 - self.momentum))
        return outputs
