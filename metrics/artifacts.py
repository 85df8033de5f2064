"""What goes wrong in enhanced pictures, as numbers against the target: color, contrast, texture."""

import numpy as np

from metrics.filters import clipped, gray


def color_shift(images: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Distance of the mean colors of an image and its target, `‖mean(x) - mean(t)‖₂` over RGB.

    Args:
        images: `(N, H, W, 3)` float RGB; clipped to [0, 1].
        targets: as `images`.

    Returns:
        `(N,)` float64 ≥ 0, 0 for equal means.
    """
    images, targets = clipped(images), clipped(targets)
    return np.linalg.norm(images.mean((1, 2)) - targets.mean((1, 2)), axis=-1)


def contrast_ratio(images: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Standard deviation of an image's gray over that of its target.

    Arguments as for `color_shift`.

    Returns:
        `(N,)` float64 ≥ 0; 1 for equal contrast, above 1 for too much.
    """
    x, t = (gray(clipped(side)).std(axis=(1, 2)) for side in (images, targets))
    return x / np.maximum(t, 1 / 255)


def checkerboard(images: np.ndarray) -> np.ndarray:
    """Strength of the pattern that alternates from pixel to pixel in both directions.

    Formula: root mean square of `(a - b - c + d) / 4` over all 2×2 windows of gray, which sees
    the highest frequency alone: generators leave it as checkerboards, cameras blur it away.

    Args:
        images: as for `color_shift`.

    Returns:
        `(N,)` float64 ≥ 0, in units of the range [0, 1].
    """
    x = gray(clipped(images))
    pattern = x[:, :-1, :-1] - x[:, :-1, 1:] - x[:, 1:, :-1] + x[:, 1:, 1:]
    return np.sqrt(np.mean(np.square(pattern / 4), axis=(1, 2)))
