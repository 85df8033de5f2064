"""Total variation losses: the price of roughness."""

from keras import ops


def summed_gradient_variation(images):
    """Absolute value of the sum of the two forward differences, summed over channels.

    Formula: `‖∇x F_W(I_s) + ∇y F_W(I_s)‖` (thesis slide "Loss functions"; ICCV equation 7), as a
    1-norm: sum over channels, mean over positions and batch, so that the size of the image does
    not matter. The sum inside the norm is the source's: it does not see ramps along x - y, where
    the two cancel, and sees single-pixel noise and checkerboards in full.

    Args:
        images: `(N, H, W, C)` float in [0, 1].

    Returns:
        Scalar ≥ 0.
    """
    corner = images[:, :-1, :-1]
    horizontal = images[:, :-1, 1:] - corner
    vertical = images[:, 1:, :-1] - corner
    return ops.mean(ops.sum(ops.abs(horizontal + vertical), axis=-1))


def squared_variation(images):
    """Mean squared horizontal difference plus mean squared vertical difference.

    The form of the authors' released code.

    Args:
        images: `(N, H, W, C)` float in [0, 1].

    Returns:
        Scalar ≥ 0.
    """
    horizontal = images[:, :, 1:] - images[:, :, :-1]
    vertical = images[:, 1:] - images[:, :-1]
    return ops.mean(ops.square(horizontal)) + ops.mean(ops.square(vertical))
