"""Restoration apart from exposure and color: fidelity after the best color map of each image.

On patches of two cameras, PSNR mostly measures the guess of exposure and color. After the color map
that fits an image best to its target, the remaining error is that of detail, noise and local tone.
"""

import numpy as np

from metrics.psnr import decibels, mean_squared_error
from metrics.ssim import ssim

SMALLEST = 1e-10  # mean squared error; a smaller one is rounding, and the images count as identical
CUTOFF = 1e-8  # share of the largest eigenvalue below which a color direction counts as absent


def color_aligned_psnr(images: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Compute the PSNR of each image after the best color map, see `color_aligned`.

    Args:
        images: `(N, H, W, 3)` float RGB; clipped to [0, 1].
        targets: as `images`.

    Returns:
        `(N,)` float64 decibels; infinite if a color map makes the image identical to its target.
    """
    return _psnr(color_aligned(images, targets), targets)


def color_aligned_ssim(images: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Compute the SSIM of each image after the best color map, see `color_aligned`.

    Args:
        images: `(N, H, W, 3)` float RGB; clipped to [0, 1]. H and W at least 11.
        targets: as `images`.

    Returns:
        `(N,)` float64, 1 for identical images.
    """
    return ssim(color_aligned(images, targets), targets)


def color_aligned_both(images: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compute the results of both functions above, with one fit."""
    aligned = color_aligned(images, targets)
    return _psnr(aligned, targets), ssim(aligned, targets)


def color_aligned(images: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Map the colors of each image by the affine map that comes closest to the target.

    Formula: the 3×3 matrix and the offset of least squares over all pixels of the image, in encoded
    RGB. In directions in which the image has no color, the map is constant.

    Args:
        images: `(N, H, W, 3)` float RGB; clipped to [0, 1].
        targets: as `images`.

    Returns:
        `(N, H, W, 3)` float64 in [0, 1].
    """
    x = np.clip(np.asarray(images, np.float64), 0, 1).reshape(len(images), -1, 3)
    y = np.asarray(targets, np.float64).reshape(x.shape)
    mean_x, mean_y = x.mean(axis=1, keepdims=True), y.mean(axis=1, keepdims=True)
    centered = x - mean_x
    across = centered.transpose(0, 2, 1)
    moments = across @ centered
    finite = np.isfinite(moments).all(axis=(1, 2), keepdims=True)  # NaN stays NaN in the result
    inverse = np.linalg.pinv(np.where(finite, moments, 0), rcond=CUTOFF, hermitian=True)
    matrix = inverse @ (across @ y)
    return np.clip(centered @ matrix + mean_y, 0, 1).reshape(np.shape(images))


def _psnr(images, targets):
    errors = mean_squared_error(images, targets)
    return decibels(np.where(errors < SMALLEST, 0, errors))
