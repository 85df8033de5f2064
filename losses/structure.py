"""Structure loss: what SSIM, at several scales, misses."""

import numpy as np
from keras import ops

from losses.blur import blur

LEVELS = 3
K1, K2 = 0.01, 0.03
_OFFSETS = np.arange(-5, 6)
WINDOW = np.exp(-(_OFFSETS**2) / (2 * 1.5**2))
WINDOW /= WINDOW.sum()


def structure_loss(enhanced, target):
    """1 minus the mean SSIM of the images at full, half and quarter size.

    SSIM as in Wang et al. 2004, equation 13: Gaussian window of 11 pixels and sigma 1.5, wholly
    inside the image, range 1. The smaller scales are 2×2 means. A mean of the scales, unlike the
    product that is MS-SSIM, has a gradient where one of them is 0.

    Args:
        enhanced: `(N, H, W, 3)` float RGB, nominally in [0, 1]; H and W static, at least 44.
        target: as `enhanced`.

    Returns:
        Scalar in [0, 2], mean over batch, channels and positions; 0 for equal images.
    """
    similarity = 0.0
    for level in range(LEVELS):
        if level:
            enhanced, target = (ops.average_pool(x, 2) for x in (enhanced, target))
        similarity += _ssim(enhanced, target)
    return 1 - similarity / LEVELS


def _ssim(x, y):
    wanted = ops.concatenate([x, y, ops.square(x) + ops.square(y), x * y], axis=-1)
    means = ops.split(blur(wanted, WINDOW, inside=True), 4, axis=-1)
    mean_x, mean_y, mean_squares, mean_product = means
    squares = ops.square(mean_x) + ops.square(mean_y)
    variances = mean_squares - squares
    covariance = mean_product - mean_x * mean_y
    contrast = (2 * covariance + K2**2) / (variances + K2**2)
    luminance = (2 * mean_x * mean_y + K1**2) / (squares + K1**2)
    return ops.mean(luminance * contrast)
