"""Pixels of a photo's own type to the network's floats and back."""

import numpy as np


def top_of(dtype: np.dtype) -> int | None:
    """The integer that means white, or None for a float type, whose white is 1."""
    return int(np.iinfo(dtype).max) if np.issubdtype(dtype, np.integer) else None


def to_floats(pixels: np.ndarray) -> np.ndarray:
    """uint8, uint16 or float pixels of any shape as float32 in [0, 1]; a copy."""
    floats = pixels.astype(np.float32)
    if top := top_of(pixels.dtype):
        floats /= np.float32(top)
    return floats


def from_floats(values: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Float32 values clipped to [0, 1] and, for an integer type, rounded to its levels."""
    values = np.clip(values, 0, 1)
    if top := top_of(dtype):
        values *= np.float32(top)
        np.rint(values, out=values)
    return values.astype(dtype, copy=False)
