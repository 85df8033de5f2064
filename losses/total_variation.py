"""Total variation losses: penalties for differences of neighboring pixels."""

from typing import Any

from common.backend import keras

ops: Any = keras.ops  # Keras annotates operations as if they could return None


def total_variation_loss(images):
    """Return the absolute value of the sum of the two forward differences, summed over channels.

    Formula: `‖∇x F_W(I_s) + ∇y F_W(I_s)‖` (thesis slide "Loss functions"; ICCV equation 7). The
    sources state no norm. Here the norm is a 1-norm: sum over channels, mean over positions and
    batch, so that the size of the image does not matter. The sum inside the norm is the source's:
    the norm ignores ramps along x - y, where the two differences cancel, and counts single-pixel
    noise and checkerboards in full.

    Args:
        images: `(N, H, W, C)` float in [0, 1].

    Returns:
        A scalar ≥ 0.
    """
    corner = images[:, :-1, :-1]
    horizontal = images[:, :-1, 1:] - corner
    vertical = images[:, 1:, :-1] - corner
    return ops.mean(ops.sum(ops.abs(horizontal + vertical), axis=-1))


def squared_variation(images):
    """Return the mean squared horizontal difference plus the mean squared vertical difference.

    Formula: `(Σ(∇x F)² / size_x + Σ(∇y F)² / size_y) / N`, as in the authors' released code.

    Args:
        images: `(N, H, W, C)` float in [0, 1].

    Returns:
        A scalar ≥ 0.
    """
    horizontal = images[:, :, 1:] - images[:, :, :-1]
    vertical = images[:, 1:] - images[:, :-1]
    return ops.mean(ops.square(horizontal)) + ops.mean(ops.square(vertical))
