"""Filters and conversions of batches of images that several metrics share."""

import cv2
import numpy as np
import numpy.typing as npt

RADIUS = 3  # standard deviations at which the kernel of `blur` ends


def gaussian(size: int, sigma: float) -> np.ndarray:
    """Sample `exp(-x² / 2σ²)` at `size` pixels about their center; `(size,)` float64 with sum 1."""
    offsets = np.arange(size) - (size - 1) / 2
    kernel = np.exp(-np.square(offsets) / (2 * sigma**2))
    return kernel / kernel.sum()


def filtered(images: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Correlate each channel with the separable window `kernel[k]·kernel[l]`; mirror the border.

    The origin of a kernel with an even number of taps is right of its center.

    Args:
        images: `(N, H, W)` or `(N, H, W, C)` float32 or float64; computed in that precision.
        kernel: `(K,)` float.

    Returns:
        Same shape and type as `images`.
    """
    result = np.empty(images.shape, images.dtype)
    for image, out in zip(images, result, strict=True):
        # OpenCV drops the axis of a single channel.
        blurred = cv2.sepFilter2D(image, -1, kernel, kernel, borderType=cv2.BORDER_REFLECT)
        out[...] = blurred.reshape(image.shape)
    return result


def blur(images: np.ndarray, sigma: float) -> np.ndarray:
    """Blur `images` by a Gaussian of `sigma` pixels; arguments and result as for `filtered`."""
    return filtered(images, gaussian(2 * round(RADIUS * sigma) + 1, sigma))


def clipped(images: np.ndarray, dtype: npt.DTypeLike = np.float64) -> np.ndarray:
    """Convert `images` to `dtype` and clip to [0, 1], the range that a screen can show."""
    return np.clip(np.asarray(images, dtype), 0, 1)


def gray(images: np.ndarray) -> np.ndarray:
    """Average the channels of `(N, H, W, 3)`: `(N, H, W)`."""
    return (images[..., 0] + images[..., 1] + images[..., 2]) / 3
