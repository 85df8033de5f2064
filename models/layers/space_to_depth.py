"""Lossless changes of resolution: blocks of pixels become channels, and channels become blocks."""

from common.backend import keras
from models.layers.image_tensors import image_size

ops = keras.ops


@keras.saving.register_keras_serializable(package="dped")
class SpaceToDepth(keras.layers.Layer):
    """Turns each block of pixels into the channels of one pixel.

    Input `(N, H, W, C)`, with H and W multiples of `block`; output
    `(N, H / block, W / block, block² · C)`. The channels hold the block's pixels row by row, in the
    order of the operation of this name in TensorFlow and LiteRT.

    Args:
        block: side of a block, pixels.
        **kwargs: arguments of `keras.layers.Layer`.
    """

    def __init__(self, block: int = 2, **kwargs):
        super().__init__(**kwargs)
        self.block = block

    def call(self, inputs):
        height, width, channels = image_size(inputs)
        b = self.block
        x = ops.reshape(inputs, (-1, height // b, b, width // b, b, channels))
        x = ops.transpose(x, (0, 1, 3, 2, 4, 5))
        return ops.reshape(x, (-1, height // b, width // b, b * b * channels))

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        sides = (side if side is None else side // self.block for side in (height, width))
        return (batch, *sides, channels * self.block**2)

    def get_config(self):
        return {**super().get_config(), "block": self.block}


@keras.saving.register_keras_serializable(package="dped")
class DepthToSpace(keras.layers.Layer):
    """Turns the channels of each pixel into a block of pixels: the inverse of `SpaceToDepth`.

    Input `(N, H, W, block² · C)`; output `(N, H · block, W · block, C)`.

    Args:
        block: side of a block, pixels.
        **kwargs: arguments of `keras.layers.Layer`.
    """

    def __init__(self, block: int = 2, **kwargs):
        super().__init__(**kwargs)
        self.block = block

    def call(self, inputs):
        height, width, channels = image_size(inputs)
        b = self.block
        x = ops.reshape(inputs, (-1, height, width, b, b, channels // b**2))
        x = ops.transpose(x, (0, 1, 3, 2, 4, 5))
        return ops.reshape(x, (-1, height * b, width * b, channels // b**2))

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        sides = (side if side is None else side * self.block for side in (height, width))
        return (batch, *sides, channels // self.block**2)

    def get_config(self):
        return {**super().get_config(), "block": self.block}
