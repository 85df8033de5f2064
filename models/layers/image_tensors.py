"""Operations on batches of images `(N, H, W, C)` that several layers need."""

from typing import Any

from common.backend import keras

ops = keras.ops


def as_float32(x) -> Any:
    """Return `x` as float32."""
    return ops.cast(x, "float32")


def image_size(x) -> tuple[Any, Any, Any]:
    """Return height, width and channels of a batch, also where they are known only at run time."""
    _, height, width, channels = ops.shape(x)  # pyright: ignore[reportGeneralTypeIssues] untyped
    return height, width, channels


def image_mean(x) -> Any:
    """Average each channel of each image: `(N, H, W, C)` to `(N, 1, 1, C)`.

    The rows are averaged first, then the columns. A mobile runtime that averages both axes at once
    adds up all pixels in one float32. On a photo of 3 million pixels this loses two digits, and the
    loss is visible.
    """
    return ops.mean(ops.mean(x, axis=1, keepdims=True), axis=2, keepdims=True)
