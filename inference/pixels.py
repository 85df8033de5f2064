"""Conversion of pixels between a photo's own type and the network's floats."""

import numpy as np


def top_of(dtype: np.dtype | type[np.generic]) -> int | None:
    """Return the integer that means white, or None for a float type, whose white is 1."""
    return int(np.iinfo(dtype).max) if np.issubdtype(dtype, np.integer) else None


def to_floats(pixels: np.ndarray) -> np.ndarray:
    """Copy uint8, uint16 or float pixels of any shape to float32 in [0, 1]."""
    floats = pixels.astype(np.float32)
    if top := top_of(pixels.dtype):
        floats /= np.float32(top)
    return floats


class NotFiniteError(ValueError):
    """Values that are no colors, because some are NaN or infinite."""


def from_floats(values: np.ndarray, dtype: np.dtype | type[np.generic]) -> np.ndarray:
    """Clip float32 values to [0, 1] and, for an integer type, round them to its levels.

    Raises:
        NotFiniteError: A value is NaN or infinite.
    """
    if not np.isfinite(values).all():
        raise NotFiniteError
    values = np.clip(values, 0, 1)
    if top := top_of(dtype):
        values *= np.float32(top)
        np.rint(values, out=values)
    return values.astype(dtype, copy=False)
