"""Structure loss: the distance from a perfect SSIM at several scales."""

from typing import Any

import numpy as np

from common.backend import keras
from losses.blur import blur

ops: Any = keras.ops  # Keras annotates operations as if they could return None

LEVELS = 3
K1, K2 = 0.01, 0.03
_OFFSETS = np.arange(-5, 6)
WINDOW = np.exp(-(_OFFSETS**2) / (2 * 1.5**2))
WINDOW /= WINDOW.sum()


def structure_loss(enhanced, target):
    """Return 1 minus the mean SSIM of the images at full, half and quarter size.

    SSIM as in Wang et al. 2004, equation 13: Gaussian window of 11 pixels and sigma 1.5, wholly
    inside the image, range 1. The smaller scales are 2×2 means. The mean of the scales has a
    gradient where one SSIM is 0; the product of the scales (MS-SSIM) has none there.

    Args:
        enhanced: `(N, H, W, 3)` float RGB, nominally in [0, 1]; H and W static, at least 44.
        target: As `enhanced`.

    Returns:
        A scalar in [0, 2], mean over batch, channels and positions; 0 for equal images.
    """
    similarity = 0.0
    for level in range(LEVELS):
        if level:
            enhanced, target = (ops.average_pool(x, 2, strides=2) for x in (enhanced, target))
        similarity += _ssim(enhanced, target)
    return 1 - similarity / LEVELS


def _ssim(x, y):
    moments = ops.concatenate([x, y, ops.square(x) + ops.square(y), x * y], axis=-1)
    means = ops.split(blur(moments, WINDOW, inside=True), 4, axis=-1)
    mean_x, mean_y, mean_squares, mean_product = means
    squares = ops.square(mean_x) + ops.square(mean_y)
    variances = mean_squares - squares
    covariance = mean_product - mean_x * mean_y
    contrast = (2 * covariance + K2**2) / (variances + K2**2)
    luminance = (2 * mean_x * mean_y + K1**2) / (squares + K1**2)
    return ops.mean(luminance * contrast)
