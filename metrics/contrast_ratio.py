"""Contrast ratio: the contrast of an image relative to its target."""

import numpy as np

from metrics.filters import clipped, gray


def contrast_ratio(images: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Divide the standard deviation of each image's gray by that of its target.

    A target with a standard deviation below 1/255 counts as 1/255.

    Args:
        images: `(N, H, W, 3)` float RGB; clipped to [0, 1].
        targets: as `images`.

    Returns:
        `(N,)` float64 ≥ 0; 1 for equal contrast, above 1 for too much.
    """
    x, t = (gray(clipped(side)).std(axis=(1, 2)) for side in (images, targets))
    return x / np.maximum(t, 1 / 255)
