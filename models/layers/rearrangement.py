"""Blocks of pixels to channels and back, without loss: half the resolution at no cost."""

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable(package="dped")
class SpaceToDepth(layers.Layer):
    """Lay the pixels of each block side by side as channels.

    Input `(N, H, W, C)`, H and W multiples of `block`; output
    `(N, H / block, W / block, block² · C)`, the block's pixels row by row, as the operation of
    this name in TensorFlow and LiteRT orders them.

    Args:
        block: side of a block, pixels.
    """

    def __init__(self, block: int = 2, **kwargs):
        super().__init__(**kwargs)
        self.block = block

    def call(self, inputs):
        height, width, channels = ops.shape(inputs)[1:]
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
class DepthToSpace(layers.Layer):
    """The inverse of `SpaceToDepth`: `(N, H, W, block² · C)` to `(N, H · block, W · block, C)`.

    Args:
        block: side of a block, pixels.
    """

    def __init__(self, block: int = 2, **kwargs):
        super().__init__(**kwargs)
        self.block = block

    def call(self, inputs):
        height, width, channels = ops.shape(inputs)[1:]
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
