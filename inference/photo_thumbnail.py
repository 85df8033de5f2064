"""The thumbnail of a whole photo, which some networks take beside each tile."""

import math

import numpy as np

from inference.pixels import top_of

BAND_VALUES = 2**22  # values of a photo that are held as floats at a time


def thumbnail_of(image: np.ndarray, size: int) -> np.ndarray:
    """Shrink a photo to the means over the cells of a grid.

    A pixel that lies across a border of cells counts in part on both sides. The function computes
    what `models.layers.thumbnail.Thumbnail` computes, for a photo that is too large to hold as
    floats.

    Args:
        image: `(H, W, 3)`: uint8, uint16, or float in [0, 1].
        size: Height and width of the thumbnail, pixels.

    Returns:
        float32 `(size, size, 3)` in [0, 1].
    """
    height, width = image.shape[:2]
    rows = np.zeros((size, width * image.shape[2]), np.float32)
    step = max(BAND_VALUES // rows.shape[1], 1)
    for row in range(size):
        start, end = row * height / size, (row + 1) * height / size
        for first in range(math.floor(start), math.ceil(end), step):
            last = min(first + step, math.ceil(end))
            weights = _overlap(np.arange(first, last), start, end)
            band = image[first:last].reshape(last - first, -1).astype(np.float32)
            rows[row] += weights @ band
    starts = np.arange(size)[:, None] * width / size
    weights = _overlap(np.arange(width), starts, starts + width / size)
    thumbnail = np.einsum("xw,ywc->yxc", weights, rows.reshape(size, width, -1), optimize=True)
    return thumbnail / np.float32(top_of(image.dtype) or 1)


def _overlap(pixels: np.ndarray, start: float | np.ndarray, end: float | np.ndarray) -> np.ndarray:
    """Return the share of each pixel in the mean over [start, end)."""
    common = np.minimum(end, pixels + 1) - np.maximum(start, pixels)
    return (np.clip(common, 0, 1) / (end - start)).astype(np.float32)
