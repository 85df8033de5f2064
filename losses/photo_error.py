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


def harm_loss(enhanced, before, clean):
    """Return how much worse photos got, in the mean: 0 if each photo is better than before.

    The loss makes a network careful: where the network is not sure that a change helps, the network
    changes less. Beside the photo error loss with the weight w, a loss of quality counts 1 + w
    times as much as a gain.

    Formula: `mean(max(log(e + f) - log(b + f), 0))`, where `e` and `b` are the mean absolute errors
    of a photo after and before, and `f` is `FLOOR`.

    Args:
        enhanced: The result, `(N, H, W, 3)` float RGB in [0, 1].
        before: The photo as it was, as `enhanced`.
        clean: The target, as `enhanced`.

    Returns:
        A scalar.
    """
    after, before = (ops.log(photo_errors(x, clean) + FLOOR) for x in (enhanced, before))
    return ops.mean(ops.relu(after - before))
