"""Peak signal-to-noise ratio, by both rules in use. The rules differ by about 2 dB."""

import numpy as np
import numpy.typing as npt


def psnr(images: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Compute the PSNR of each image after clipping to [0, 1].

    PIRM 2018 and later papers use this rule.

    Formula: `-10·log10(mean((x - t)²))`, peak 1.

    Args:
        images: `(N, H, W, C)` float, nominally in [0, 1].
        targets: as `images`.

    Returns:
        `(N,)` float64 decibels; infinite for identical images.
    """
    return decibels(mean_squared_error(np.clip(images, 0, 1), targets))


def pooled_psnr(images: np.ndarray, targets: np.ndarray) -> float:
    """Compute the PSNR of the mean squared error over all images, unclipped.

    The training log of the authors of DPED uses this rule.

    Args:
        images: as for `psnr`.
        targets: as for `psnr`.

    Returns:
        Decibels; infinite if all images are identical to their targets.
    """
    return float(decibels(np.mean(mean_squared_error(images, targets))))


def mean_squared_error(images: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Compute the mean squared error of each image, unclipped.

    `pooled` gives the pooled PSNR of such errors if all images have the same size.

    Args:
        images: as for `psnr`.
        targets: as for `psnr`.

    Returns:
        `(N,)` float64 ≥ 0.
    """
    return np.mean(np.square(np.asarray(images, np.float64) - targets), axis=(1, 2, 3))


def pooled(errors: np.ndarray, axis: int = -1) -> np.ndarray:
    """Compute the pooled PSNR of mean squared errors along `axis`.

    The function is a statistic for `metrics.interval`.
    """
    return decibels(np.mean(errors, axis=axis))


def decibels(errors: npt.ArrayLike) -> np.ndarray:
    """Convert mean squared errors to PSNR for peak 1: `-10·log10(error)`, infinite for no error."""
    with np.errstate(divide="ignore"):
        return -10 * np.log10(errors)
