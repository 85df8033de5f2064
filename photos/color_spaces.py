"""Conversion of colors between a photo's space and sRGB, by its ICC profile.

Two kinds of profiles are understood (ICC.1:2022): three curves and a matrix, which cameras, phones
and editors write for RGB, and one gray curve. sRGB is IEC 61966-2-1, continued below 0 and above 1
so that colors outside its gamut survive the way to sRGB and back.
"""

import functools
import struct

import numpy as np

# Columns are sRGB's red, green and blue in XYZ relative to D50, where profiles meet.
_SRGB = np.array(
    [
        [0.4360747, 0.3850649, 0.1430804],
        [0.2225045, 0.7168786, 0.0606169],
        [0.0139322, 0.0971045, 0.7141733],
    ]
)
_STEPS = 65535  # of curves
_SAME = 2 / 255  # a profile this close to sRGB is sRGB: its matrix is rounded, its blacks are steep
_PARAMETERS = (1, 3, 4, 5, 7)  # of parametric curves, by kind


class ColorSpace:
    """An RGB or gray space other than sRGB."""

    def __init__(self, curves: list[np.ndarray], matrix: np.ndarray | None):
        """Make a space; `space_of` makes one from a profile.

        Args:
            curves: For each channel the linear light, at `_STEPS` + 1 equal steps of its value.
            matrix: 3×3, from linear light to XYZ relative to D50; None for gray.
        """
        self._curves = [curve.astype(np.float32) for curve in curves]
        self._inverses = [np.maximum.accumulate(curve) for curve in self._curves]
        self._to_srgb = None if matrix is None else np.linalg.inv(_SRGB) @ matrix
        self._from_srgb = None if matrix is None else np.linalg.inv(matrix) @ _SRGB

    def to_srgb(self, values: np.ndarray) -> np.ndarray:
        """Convert to sRGB.

        Args:
            values: uint8 or uint16 `(..., C)`.

        Returns:
            float32 `(..., C)`; outside [0, 1] where sRGB lacks the color.
        """
        step = _STEPS // np.iinfo(values.dtype).max
        curves = [curve[::step] for curve in self._curves]
        linear = np.stack([c[values[..., i]] for i, c in enumerate(curves)], -1)
        if self._to_srgb is not None:
            linear = linear @ self._to_srgb.T.astype(np.float32)
        return encode_srgb(linear)

    def from_srgb(self, values: np.ndarray) -> np.ndarray:
        """Convert float32 `(..., C)` in sRGB to values of this space, clipped to [0, 1]."""
        linear = decode_srgb(values)
        if self._from_srgb is not None:
            linear = linear @ self._from_srgb.T.astype(np.float32)
        steps = np.linspace(0, 1, _STEPS + 1, dtype=np.float32)
        channels = [np.interp(linear[..., i], c, steps) for i, c in enumerate(self._inverses)]
        return np.stack(channels, -1).astype(np.float32)


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


@functools.lru_cache(maxsize=8)
def space_of(profile: bytes | None) -> ColorSpace | None:
    """Return the color space that a profile describes.

    Returns:
        None for sRGB. A profile of tables, or a damaged one, gives None too: its pixels are taken
        for sRGB, the nearest guess that loses nothing.
    """
    if profile is None:
        return None
    try:
        tags = _tags(profile)
        if profile[16:20] not in (b"GRAY", b"RGB ") or profile[20:24] != b"XYZ ":
            return None
        if profile[16:20] == b"GRAY":
            space = ColorSpace([_curve(tags[b"kTRC"])], None)
        else:
            columns = [_xyz(tags[name]) for name in (b"rXYZ", b"gXYZ", b"bXYZ")]
            curves = [_curve(tags[name]) for name in (b"rTRC", b"gTRC", b"bTRC")]
            space = ColorSpace(curves, np.stack(columns, -1))
    except (KeyError, IndexError, ValueError, struct.error, np.linalg.LinAlgError):
        return None
    return None if _is_srgb(space) else space


def _is_srgb(space: ColorSpace) -> bool:
    levels = np.arange(0, 256, 51, dtype=np.uint8)
    grid = np.stack(np.meshgrid(*[levels] * len(space._curves), indexing="ij"), -1)
    return bool(np.max(np.abs(space.to_srgb(grid) - grid / 255)) < _SAME)


def _tags(profile: bytes) -> dict[bytes, bytes]:
    (count,) = struct.unpack_from(">I", profile, 128)
    if count > 1000:
        raise ValueError("too many tags")
    entries = [struct.unpack_from(">4sII", profile, 132 + 12 * n) for n in range(count)]
    return {name: profile[start : start + size] for name, start, size in entries}


def _xyz(tag: bytes) -> np.ndarray:
    return np.array(struct.unpack_from(">3i", tag, 8)) / 65536


def _curve(tag: bytes) -> np.ndarray:
    """Return a curve (sections 10.6 and 10.18) at `_STEPS` + 1 equal steps."""
    x = np.linspace(0, 1, _STEPS + 1)
    kind, count = tag[:4], struct.unpack_from(">I", tag, 8)[0]
    if kind == b"curv" and count == 0:
        return x
    if kind == b"curv" and count == 1:
        return _rising(x ** (struct.unpack_from(">H", tag, 12)[0] / 256))
    if kind == b"curv":
        table = np.frombuffer(tag, ">u2", count, 12) / 65535
        return _rising(np.interp(x, np.linspace(0, 1, count), table))
    number = struct.unpack_from(">H", tag, 8)[0]
    if kind != b"para" or number >= len(_PARAMETERS):
        raise ValueError("not a curve")
    values = np.array(struct.unpack_from(f">{_PARAMETERS[number]}i", tag, 12)) / 65536
    g, a, b, c, d, e, f = np.pad(values, (0, 7 - len(values)))
    if number == 0:
        return _rising(x**g)
    if number in (1, 2):  # a power above -b/a, a constant below
        c, d, e, f = 0.0, -b / a, c, c
    power = np.power(np.maximum(a * x + b, 0), g) + e
    return _rising(np.where(x >= d, power, c * x + f))


def _rising(curve: np.ndarray) -> np.ndarray:
    if not np.isfinite(curve).all() or curve[-1] <= curve[0]:
        raise ValueError("not an invertible curve")
    return curve
