"""Weights that turn RGB into one gray channel."""

import numpy as np

LUMA_601 = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601, of encoded values; JPEG's
LUMINANCE_709 = np.array([0.2126, 0.7152, 0.0722], np.float32)  # ITU-R BT.709, of linear light


def light_of_code(code: np.ndarray) -> np.ndarray:
    """Decode sRGB code values to linear light, both in [0, 1] (IEC 61966-2-1)."""
    return np.where(code <= 0.04045, code / 12.92, ((np.maximum(code, 0) + 0.055) / 1.055) ** 2.4)
