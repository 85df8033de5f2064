"""Gaussian filters over batches, and what the metrics see of an image."""

import cv2
import numpy as np

REACH = 3  # standard deviations at which a blur's kernel ends


def gaussian(size: int, sigma: float) -> np.ndarray:
    """`exp(-x² / 2σ²)` at `size` pixels about their middle, `(size,)` float64 of sum 1."""
    offsets = np.arange(size) - (size - 1) / 2
    kernel = np.exp(-np.square(offsets) / (2 * sigma**2))
    return kernel / kernel.sum()


def filtered(images: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Correlation with the separable window `kernel[k]·kernel[l]`; the border is mirrored.

    An even kernel's origin is right of its middle.

    Args:
        images: `(N, H, W)` or `(N, H, W, C)` float32 or float64, computed in that precision.
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
    """`images` blurred by a Gaussian of `sigma` pixels; arguments as for `filtered`."""
    return filtered(images, gaussian(2 * round(REACH * sigma) + 1, sigma))


def clipped(images: np.ndarray, dtype=np.float64) -> np.ndarray:
    """`images` as `dtype`, in [0, 1]: what a screen can show of them."""
    return np.clip(np.asarray(images, dtype), 0, 1)


def gray(images: np.ndarray) -> np.ndarray:
    """Mean of the channels of `(N, H, W, 3)`: `(N, H, W)`."""
    return (images[..., 0] + images[..., 1] + images[..., 2]) / 3
