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
    return decibels(mean_squared_error(np.clip(images, 0, 1), targets))


def pooled_psnr(images: np.ndarray, targets: np.ndarray) -> float:
    """PSNR of the mean squared error over all images, unclipped (the authors' training log).

    Args:
        images: as for `psnr`.
        targets: as for `psnr`.

    Returns:
        Decibels; infinite where all images are identical to their targets.
    """
    return float(decibels(np.mean(mean_squared_error(images, targets))))


def mean_squared_error(images: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Mean squared error of each image, unclipped; of images of one size, `pooled` pools it.

    Args:
        images: as for `psnr`.
        targets: as for `psnr`.

    Returns:
        `(N,)` float64 ≥ 0.
    """
    return np.mean(np.square(np.asarray(images, np.float64) - targets), axis=(1, 2, 3))


def pooled(errors: np.ndarray, axis: int = -1) -> np.ndarray:
    """Pooled PSNR of mean squared errors along `axis`; a statistic for `metrics.interval`."""
    return decibels(np.mean(errors, axis=axis))


def decibels(errors: np.ndarray) -> np.ndarray:
    """PSNR of mean squared errors at peak 1: `-10·log10(error)`, infinite for no error."""
    with np.errstate(divide="ignore"):
        return -10 * np.log10(errors)
