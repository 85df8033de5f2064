"""Never-worse loss: the error of each photo, with a penalty for a result worse than the input."""

from typing import Any

from common.backend import keras

ops: Any = keras.ops  # Keras annotates operations as if they could return None

FLOOR = 0.05  # added to mean absolute errors, so that tiny errors do not count
WORSE = 0.3  # weight of the penalty


def photo_errors(enhanced, clean):
    """Return the mean absolute error of each image: `(N, H, W, 3)` twice to `(N,)`."""
    return ops.mean(ops.abs(enhanced - clean), axis=(1, 2, 3))


def never_worse_loss(enhanced, faulty, clean):
    """Return the mean logarithm of the errors, plus a penalty where the input was better.

    The logarithm weighs photos as a mean of PSNR does. A good photo that stays as it is counts as
    much as a bad photo that gets good.

    Formula: `mean(log(e + f)) + WORSE · mean(max(log(e + f) − log(b + f), 0))`, where `e` is the
    error of the result, `b` the error of the input, and `f` is `FLOOR`.

    Args:
        enhanced: The result, `(N, H, W, 3)` float RGB in [0, 1].
        faulty: The input, as `enhanced`.
        clean: The target, as `enhanced`.

    Returns:
        The loss, and the means of `e`, of `b` and of the penalty without its weight: scalars.
    """
    errors, before = photo_errors(enhanced, clean), photo_errors(faulty, clean)
    logarithm = ops.log(errors + FLOOR)
    worse = ops.mean(ops.relu(logarithm - ops.log(before + FLOOR)))
    loss = ops.mean(logarithm) + WORSE * worse
    return loss, ops.mean(errors), ops.mean(before), worse
