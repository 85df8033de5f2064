"""Curves from the values that a file stores to linear light."""

import dataclasses

import numpy as np

STEPS = 65535  # of a curve that is computed in advance


@dataclasses.dataclass(frozen=True)
class Power:
    """The light `(a·x + b)^g + e` of values x from `d` on, and `c·x + f` below.

    This is the parametric curve of ICC.1:2022, section 10.18, with all of its seven numbers.
    """

    g: float
    a: float = 1.0
    b: float = 0.0
    c: float = 0.0
    d: float = 0.0
    e: float = 0.0
    f: float = 0.0

    def light(self, x: np.ndarray) -> np.ndarray:
        """Return the linear light of values."""
        power = np.power(np.maximum(self.a * x + self.b, 0), self.g) + self.e
        return np.where(x >= self.d, power, self.c * x + self.f)

    def of_narrow_range(self) -> "Power":
        """Return the curve of values in narrow range, where 16/255 is black and 235/255 is white.

        ITU-T H.273 (2021), section 8.3, at 8 bits; at 16 bits black is 0.06 of a level of 255 off.
        """
        scale, start = 255 / 219, 16 / 219
        return Power(
            self.g,
            self.a * scale,
            self.b - self.a * start,
            self.c * scale,
            (self.d + start) / scale,
            self.e,
            self.f - self.c * start,
        )


@dataclasses.dataclass(frozen=True)
class Table:
    """The light of values at equal steps, with straight lines between them.

    Attributes:
        values: At least two numbers, the light of 0 first, the light of 1 last.
    """

    values: tuple[float, ...]

    def light(self, x: np.ndarray) -> np.ndarray:
        """Return the linear light of values."""
        return np.interp(x, np.linspace(0, 1, len(self.values)), self.values)


Curve = Power | Table
LINEAR = Power(1.0)
SRGB = Power(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)


def sampled(curve: Curve) -> np.ndarray:
    """Return the light at `STEPS` + 1 equal steps, float64.

    Raises:
        ValueError: The curve cannot be inverted, or makes nearly all values black or white.
    """
    light = curve.light(np.linspace(0, 1, STEPS + 1))
    if not np.isfinite(light).all() or light[-1] <= light[0]:
        raise ValueError("not an invertible curve")
    if not 0.001 < light[STEPS // 2] < 0.999:
        raise ValueError("not the curve of a photo")
    return light


def encode_srgb(linear: np.ndarray) -> np.ndarray:
    """Convert linear light to sRGB values, float32; negative light is mirrored at 0."""
    size = np.abs(linear)
    power = 1.055 * np.power(size, np.float32(1 / 2.4)) - 0.055
    return np.copysign(np.where(size <= 0.0031308, 12.92 * size, power), linear)


def decode_srgb(values: np.ndarray) -> np.ndarray:
    """Convert sRGB values to linear light; the inverse of `encode_srgb`."""
    size = np.abs(values)
    power = np.power((size + 0.055) / 1.055, np.float32(2.4))
    return np.copysign(np.where(size <= 0.04045, size / 12.92, power), values)
