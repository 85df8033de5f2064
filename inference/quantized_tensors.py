"""Conversion between floats and the integers of a quantized tensor."""

import numpy as np


def quantized(values: np.ndarray, details: dict) -> np.ndarray:
    """Convert float32 values to the type of a tensor, by the interpreter's `details` of it."""
    if np.issubdtype(details["dtype"], np.floating):
        return values.astype(details["dtype"])
    scale, zero_point = _quantization(details)
    limits = np.iinfo(details["dtype"])
    steps = np.rint(values / scale) + zero_point
    return np.clip(steps, limits.min, limits.max).astype(details["dtype"])


def dequantized(values: np.ndarray, details: dict) -> np.ndarray:
    """Convert a tensor's values to float32, by the interpreter's `details` of it."""
    if np.issubdtype(details["dtype"], np.floating):
        return values.astype(np.float32)
    scale, zero_point = _quantization(details)
    return (values.astype(np.float32) - zero_point) * np.float32(scale)


def _quantization(details: dict) -> tuple[float, int]:
    scale, zero_point = details["quantization"]
    return (scale, zero_point) if scale else (1 / 255, 0)  # no scale: plain 8-bit levels
