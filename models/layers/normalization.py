"""Instance normalization from elementary operations."""

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable(package="dped")
class InstanceNormalization(layers.Layer):
    """Normalize each channel of each image by its own mean and variance, in training and after.

    Formula: `(x - mean) / sqrt(var + epsilon) * scale + shift`, mean and variance over height and
    width, as in the authors' released code. It is spelled out with a mean and a reciprocal root
    because `GroupNormalization(groups=-1)` reshapes to five dimensions, which splits the graph of
    a mobile runtime into pieces.

    Input and output: `(N, H, W, C)`, any float dtype; statistics are computed in float32.
    """

    statistics = ("mean", "variance")  # of the whole image, as arguments of `call`

    def __init__(self, epsilon: float = 1e-3, scale_initializer="ones", **kwargs):
        super().__init__(**kwargs)
        self.epsilon = epsilon
        self.scale_initializer = keras.initializers.get(scale_initializer)

    def build(self, input_shape):
        channels = input_shape[-1]
        self.scale = self.add_weight((channels,), initializer=self.scale_initializer, name="scale")
        self.shift = self.add_weight((channels,), initializer="zeros", name="shift")

    def call(self, inputs, mean=None, variance=None):
        """Normalize, by statistics `(N, 1, 1, C)` measured elsewhere where they are given."""
        x = ops.cast(inputs, "float32")
        if mean is not None:
            gain = ops.rsqrt(variance + self.epsilon) * ops.cast(self.scale, "float32")
            return ops.cast(
                x * gain + (ops.cast(self.shift, "float32") - mean * gain), inputs.dtype
            )
        centered = x - image_mean(x)
        variance = image_mean(ops.square(centered))
        gain = ops.rsqrt(variance + self.epsilon) * ops.cast(self.scale, "float32")
        return ops.cast(centered * gain + ops.cast(self.shift, "float32"), inputs.dtype)

    def get_config(self):
        return {
            **super().get_config(),
            "epsilon": self.epsilon,
            "scale_initializer": keras.initializers.serialize(self.scale_initializer),
        }


def image_mean(x):
    """Mean of each channel of each image, `(N, H, W, C)` to `(N, 1, 1, C)`: rows, then columns.

    In one go a mobile runtime adds up all pixels in a single float32: on a photo of 3 million that
    costs two digits, which is visible.
    """
    return ops.mean(ops.mean(x, axis=1, keepdims=True), axis=2, keepdims=True)


def normalization(kind: str, name: str, initial_scale: float = 1.0) -> layers.Layer:
    """A normalization layer of `kind` "batch" or "instance"; raises ValueError for another."""
    initializer = keras.initializers.Constant(initial_scale)
    if kind == "batch":
        # Runs here are hundreds to thousands of steps: statistics must follow faster than 0.99.
        return layers.BatchNormalization(
            momentum=0.9, epsilon=1e-3, gamma_initializer=initializer, name=name
        )
    if kind == "instance":
        return InstanceNormalization(scale_initializer=initializer, name=name)
    raise ValueError(f'norm must be "batch" or "instance", not {kind!r}')
