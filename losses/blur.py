"""Gaussian blur inside a loss, as two matrix products.

A blur along an axis of length n is a banded n×n matrix. Two dense products take a fraction of a
percent of a training step at patch size, and their gradient is a product too. The gradient of a
depthwise convolution is many times slower on a CPU.
"""

import functools
import math
from typing import Any

import numpy as np

from common.backend import keras

ops: Any = keras.ops  # Keras annotates operations as if they could return None


def _variance_3_kernel() -> np.ndarray:
    """Return the 1-D factor of the Gaussian of the color loss, 21 taps.

    ICCV equation 4: `G(k, l) = A·exp(-(k - μx)² / 2σx - (l - μy)² / 2σy)` with A = 0.053, μ = 0,
    σ = 3. The exponent divides by 2σ, so 3 is the variance, and A = 1 / (2π·3) makes the sum 1.
    """
    offsets = np.arange(-10, 11)
    kernel = np.exp(-(offsets**2) / 6.0)
    return kernel / kernel.sum()


def _released_kernel() -> np.ndarray:
    """Return the 1-D factor of the 21×21 kernel in the authors' released code.

    The kernel is the root of a Gaussian's probability in 21 bins over ±3.17 standard deviations.
    The root doubles the variance: the standard deviation is 4.7 pixels, or 4.3 pixels with the
    tails cut at 10.
    """
    edges = np.linspace(-3 - 1 / 6, 3 + 1 / 6, 22)
    cumulative = np.array([0.5 * math.erfc(-edge / math.sqrt(2)) for edge in edges])
    kernel = np.sqrt(np.diff(cumulative))
    return kernel / kernel.sum()


def blur(images, kernel: np.ndarray, inside: bool = False):
    """Blur each channel with the separable kernel `kernel[k]·kernel[l]`, with zeros outside.

    Args:
        images: `(N, H, W, C)` float; H and W static. One call with many channels is cheaper than
            several calls.
        kernel: An odd number of taps, 2r + 1.
        inside: Whether to return only the positions where the whole kernel lies in the image.

    Returns:
        The shape of `images`, or `(N, H - 2r, W - 2r, C)` with `inside`.
    """
    _, height, width, channels = images.shape
    taps = tuple(float(tap) for tap in kernel)
    margin = len(taps) // 2 if inside else 0
    rows, columns = (
        ops.cast(_band_matrix(size, taps)[margin : size - margin], images.dtype)
        for size in (height, width)
    )
    images = ops.matmul(rows, ops.reshape(images, (-1, height, width * channels)))
    images = ops.reshape(images, (-1, height - 2 * margin, width, channels))
    return ops.matmul(columns, images)


PAPER_KERNEL = _variance_3_kernel()
RELEASED_KERNEL = _released_kernel()


@functools.lru_cache(maxsize=16)
def _band_matrix(size: int, taps: tuple[float, ...]) -> np.ndarray:
    """Return the `(size, size)` float32 matrix whose product correlates a column with `taps`."""
    radius = len(taps) // 2
    matrix = np.zeros((size, size), np.float32)
    for offset, tap in zip(range(-radius, radius + 1), taps, strict=True):
        matrix += tap * np.eye(size, k=offset, dtype=np.float32)
    return matrix
