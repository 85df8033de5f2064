"""Instance normalization, written in elementary operations."""

from typing import Any

from common.backend import keras
from models.layers.image_tensors import as_float32, image_mean

ops = keras.ops


@keras.saving.register_keras_serializable(package="dped")
class InstanceNormalization(keras.layers.Layer):
    """Normalizes each channel of each image by its own mean and variance.

    Formula: `(x - mean) / sqrt(var + epsilon) * scale + shift`, with mean and variance over height
    and width, as in the authors' released code. Training and inference use the same formula.

    `GroupNormalization(groups=-1)` of Keras computes the same formula, but reshapes to five
    dimensions, which splits the graph of a mobile runtime into pieces.

    Input and output: `(N, H, W, C)`, any float dtype. Statistics are computed in float32.

    Args:
        epsilon: added to the variance.
        scale_initializer: initializer of the scale; the shift starts at 0.
        **kwargs: arguments of `keras.layers.Layer`.
    """

    statistics = ("mean", "variance")  # of the whole image; `call` takes them as arguments

    def __init__(self, epsilon: float = 1e-3, scale_initializer="ones", **kwargs):
        super().__init__(**kwargs)
        self.epsilon = epsilon
        self.scale_initializer = keras.initializers.get(scale_initializer)

    def build(self, input_shape):
        channels = input_shape[-1]
        self.scale = self.add_weight((channels,), initializer=self.scale_initializer, name="scale")
        self.shift = self.add_weight((channels,), initializer="zeros", name="shift")

    def call(self, inputs, mean: Any = None, variance: Any = None):
        """Normalize by the statistics `(N, 1, 1, C)` if given, else by those of the inputs."""
        x = as_float32(inputs)
        if mean is not None:
            gain = ops.rsqrt(variance + self.epsilon) * as_float32(self.scale)
            return ops.cast(x * gain + (as_float32(self.shift) - mean * gain), inputs.dtype)
        centered = x - image_mean(x)
        variance = image_mean(ops.square(centered))
        gain = ops.rsqrt(variance + self.epsilon) * as_float32(self.scale)
        return ops.cast(centered * gain + as_float32(self.shift), inputs.dtype)

    def get_config(self):
        return {
            **super().get_config(),
            "epsilon": self.epsilon,
            "scale_initializer": keras.initializers.serialize(self.scale_initializer),
        }
