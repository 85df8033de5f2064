"""Colour loss: the distance of two blurred images."""

import numpy as np
from keras import ops

from losses.blur import VARIANCE_3_KERNEL, blur


def color_loss(enhanced, target, kernel: np.ndarray = VARIANCE_3_KERNEL):
    """Squared distance of the blurred images: sum over an image, mean over the batch.

    Formula: `‖X_b - Y_b‖²₂`, `X_b = X * G` (thesis slide "Loss functions"; ICCV equation 3).
    Blurring is linear, so the difference is blurred once.

    Args:
        enhanced: `(N, H, W, 3)` float RGB in [0, 1].
        target: as `enhanced`.
        kernel: 1-D factor of G, see `losses.blur`.

    Returns:
        Scalar ≥ 0. Images that differ by 0.1 everywhere lose about 0.01·3·H·W.
    """
    difference = blur(enhanced - target, kernel)
    return ops.mean(ops.sum(ops.square(difference), axis=(1, 2, 3)))
