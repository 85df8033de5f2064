"""Photo error loss: the logarithm of each photo's error, so that each photo counts alike."""

from typing import Any

from common.backend import keras

ops: Any = keras.ops  # Keras annotates operations as if they could return None

FLOOR = 0.02  # added to mean absolute errors, so that tiny errors do not count


def photo_errors(enhanced, clean):
    """Return the mean absolute error of each image: `(N, H, W, 3)` twice to `(N,)`."""
    return ops.mean(ops.abs(enhanced - clean), axis=(1, 2, 3))


def photo_error_loss(enhanced, clean):
    """Return the mean logarithm of the photos' errors.

    The logarithm weighs photos as a mean of PSNR does. A good photo that stays as it is counts as
    much as a bad photo that gets good.

    Formula: `mean(log(e + f))`, where `e` is the mean absolute error of a photo and `f` is `FLOOR`.

    Args:
        enhanced: The result, `(N, H, W, 3)` float RGB in [0, 1].
        clean: The target, as `enhanced`.

    Returns:
        A scalar.
    """
    return ops.mean(ops.log(photo_errors(enhanced, clean) + FLOOR))
