"""A small version of the whole image, as a layer."""

from typing import Any

from common.backend import keras
from models.layers.image_tensors import as_float32, image_size

ops = keras.ops


@keras.saving.register_keras_serializable(package="dped")
class Thumbnail(keras.layers.Layer):
    """Shrinks an image to `size` × `size` pixels: means over the cells of a grid.

    Input `(N, H, W, C)`; output `(N, size, size, C)` float32, whatever H and W. Where a cell ends
    inside a pixel, the pixel counts in proportion to its part in the cell. OpenCV's `INTER_AREA`
    gives the same values where it shrinks.

    A network that sees the whole image through this layer alone runs in tiles without error, if
    each tile is given the thumbnail of the photo: see `models.thumbnail_input`.

    Args:
        size: height and width of the thumbnail, pixels.
        **kwargs: arguments of `keras.layers.Layer`.
    """

    def __init__(self, size: int = 32, **kwargs):
        super().__init__(**kwargs)
        self.size = size

    def call(self, inputs):
        x = as_float32(inputs)
        height, width, _ = image_size(x)
        x = ops.einsum("yh,nhwc->nywc", self._weights(height), x)
        return ops.einsum("xw,nywc->nyxc", self._weights(width), x)

    def _weights(self, length):
        """Return the share of each pixel along one axis in each cell, `(size, length)`."""
        cell = as_float32(length) / self.size
        cells: Any = ops.arange(self.size, dtype="float32")
        pixels: Any = ops.arange(length, dtype="float32")
        start, pixel = cells[:, None] * cell, pixels[None]
        ends: Any = ops.minimum(start + cell, pixel + 1)
        return as_float32(ops.clip(ends - ops.maximum(start, pixel), 0, 1)) / cell

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.size, self.size, input_shape[-1])

    def get_config(self):
        return {**super().get_config(), "size": self.size}
