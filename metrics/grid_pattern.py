"""Grid: a faint regular pattern that some generators leave over the whole image."""

import numpy as np

from metrics.filters import clipped


def grid_pattern(images: np.ndarray) -> np.ndarray:
    """Measure the patterns that alternate from pixel to pixel with one phase over the whole image.

    A generator that works on blocks of 2×2 pixels can answer a texture loss with a regular grid
    instead of grain. Metrics of noise take the grid for grain, and `checkerboard` loses the grid
    among detail. Grain has a random phase, so its sum over an image vanishes; that of a grid does
    not.

    Formula: the mean over the image of `(-1)^i` times the second difference along i, which removes
    ramps, for columns, for rows and for both; then the root mean square over the three patterns and
    the channels. The metric needs no target.

    Args:
        images: `(N, H, W, 3)` float RGB; clipped to [0, 1]. H and W at least 4.

    Returns:
        `(N,)` float64 ≥ 0, the amplitude in levels of 255.
    """
    x = clipped(images).astype(np.float64)
    columns, rows = _alternating(x, 2), _alternating(x, 1)
    both = _alternating(rows, 2)
    means = [pattern.mean(axis=(1, 2)) for pattern in (columns, rows, both)]
    return 255 * np.sqrt(np.mean(np.square(means), axis=(0, 2)))


def _alternating(x, axis: int):
    """Return the part of `x` that alternates along an axis, multiplied by the alternating sign."""
    x = np.moveaxis(x, axis, -1)
    x = x[..., : x.shape[-1] // 2 * 2]
    differences = (2 * x[..., 1:-1] - x[..., :-2] - x[..., 2:]) / 4
    signs = (-1.0) ** np.arange(differences.shape[-1])
    return np.moveaxis(differences * signs, -1, axis)
