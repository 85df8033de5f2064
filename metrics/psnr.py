"""Peak signal-to-noise ratio, by both rules in use; they differ by about 2 dB."""

import numpy as np


def psnr(images: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """PSNR of each image, after clipping to [0, 1] (the rule of PIRM 2018 and later papers).

    Formula: `-10·log10(mean((x - t)²))`, peak 1.

    Args:
        images: `(N, H, W, C)` float, nominally in [0, 1].
        targets: as `images`.

    Returns:
        `(N,)` float64 decibels; infinite for identical images.
    """
    clipped = np.clip(np.asarray(images, np.float64), 0, 1)
    errors = np.mean(np.square(clipped - targets), axis=(1, 2, 3))
    with np.errstate(divide="ignore"):
        return -10 * np.log10(errors)


def pooled_psnr(images: np.ndarray, targets: np.ndarray) -> float:
    """PSNR of the mean squared error over all images, unclipped (the authors' training log).

    Args:
        images: as for `psnr`.
        targets: as for `psnr`.

    Returns:
        Decibels; infinite where all images are identical to their targets.
    """
    error = np.mean(np.square(np.asarray(images, np.float64) - targets))
    with np.errstate(divide="ignore"):
        return float(-10 * np.log10(error))
