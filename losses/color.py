"""Color loss: the distance of two blurred images."""

from typing import Any

import numpy as np

from common.backend import keras
from losses.blur import PAPER_KERNEL, RELEASED_KERNEL, blur

ops: Any = keras.ops  # Keras annotates operations as if they could return None


def color_loss(enhanced, target, kernel: np.ndarray = PAPER_KERNEL):
    """Return the squared distance of the blurred images: sum over an image, mean over the batch.

    Formula: `‖X_b - Y_b‖²₂`, `X_b = X * G` (thesis slide "Loss functions"; ICCV equation 3).
    Blur is linear, so one blur of the difference is enough.

    Args:
        enhanced: `(N, H, W, 3)` float RGB in [0, 1].
        target: As `enhanced`.
        kernel: The 1-D factor of G, see `losses.blur`.

    Returns:
        A scalar ≥ 0. Images that differ by 0.1 everywhere have a loss of about 0.01·3·H·W.
    """
    difference = blur(enhanced - target, kernel)
    return ops.mean(ops.sum(ops.square(difference), axis=(1, 2, 3)))


def released_color_loss(enhanced, target):
    """Return the color loss of the released code: half the sum, with a wider kernel.

    Formula: `Σ(X_b - Y_b)² / 2N` for a batch of N images, blurred by `losses.blur.RELEASED_KERNEL`.

    Args:
        enhanced: `(N, H, W, 3)` float RGB in [0, 1].
        target: As `enhanced`.

    Returns:
        A scalar ≥ 0.
    """
    return 0.5 * color_loss(enhanced, target, RELEASED_KERNEL)
