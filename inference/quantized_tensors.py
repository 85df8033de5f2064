"""Floats to a quantized tensor's integers and back."""

import numpy as np


def quantized(values: np.ndarray, details: dict) -> np.ndarray:
    """Values as a tensor with the interpreter's `details` takes them."""
    if np.issubdtype(details["dtype"], np.floating):
        return values.astype(details["dtype"])
    scale, zero_point = _quantization(details)
    limits = np.iinfo(details["dtype"])
    steps = np.rint(values / scale) + zero_point
    return np.clip(steps, limits.min, limits.max).astype(details["dtype"])


def dequantized(values: np.ndarray, details: dict) -> np.ndarray:
    """The float32 values that a tensor with the interpreter's `details` means."""
    if np.issubdtype(details["dtype"], np.floating):
        return values.astype(np.float32)
    scale, zero_point = _quantization(details)
    return (values.astype(np.float32) - zero_point) * np.float32(scale)


def _quantization(details: dict) -> tuple[float, int]:
    scale, zero_point = details["quantization"]
    return (scale, zero_point) if scale else (1 / 255, 0)  # integers that mean plain 8-bit levels
