"""Checkerboard: the strength of a pattern that some generators leave in their images."""

import numpy as np

from metrics.filters import clipped, gray


def checkerboard(images: np.ndarray) -> np.ndarray:
    """Measure the pattern that alternates from pixel to pixel in both directions.

    Formula: root mean square of `(a - b - c + d) / 4` over all 2×2 windows of gray. The formula
    responds to the highest frequency alone. Generators leave this frequency as checkerboards;
    cameras blur it away. The metric needs no target.

    Args:
        images: `(N, H, W, 3)` float RGB; clipped to [0, 1].

    Returns:
        `(N,)` float64 ≥ 0, in units of the range [0, 1].
    """
    x = gray(clipped(images))
    pattern = x[:, :-1, :-1] - x[:, :-1, 1:] - x[:, 1:, :-1] + x[:, 1:, 1:]
    return np.sqrt(np.mean(np.square(pattern / 4), axis=(1, 2)))
