"""Conversion of RGB images to luma."""

from common.backend import keras
from common.color import LUMA_601

ops = keras.ops


@keras.saving.register_keras_serializable(package="dped")
class Luma(keras.layers.Layer):
    """Converts `(N, H, W, 3)` RGB to `(N, H, W, 1)` luma by the weights of ITU-R BT.601."""

    def call(self, inputs):
        weights = ops.convert_to_tensor(LUMA_601, dtype=inputs.dtype)
        return ops.sum(inputs * weights, axis=-1, keepdims=True)
