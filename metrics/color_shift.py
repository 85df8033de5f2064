"""Color shift: the distance of the mean colors."""

import numpy as np

from metrics.filters import clipped


def color_shift(images: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Compute the distance between the mean color of each image and that of its target.

    Formula: `‖mean(x) - mean(t)‖₂` over RGB.

    Args:
        images: `(N, H, W, 3)` float RGB; clipped to [0, 1].
        targets: as `images`.

    Returns:
        `(N,)` float64 ≥ 0, 0 for equal means.
    """
    images, targets = clipped(images), clipped(targets)
    return np.linalg.norm(images.mean((1, 2)) - targets.mean((1, 2)), axis=-1)
