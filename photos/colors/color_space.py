"""Conversion of pixels between a color space and sRGB.

sRGB is IEC 61966-2-1, continued below 0 and above 1 so that colors outside its gamut survive the
way to sRGB and back.
"""

from collections.abc import Sequence

import numpy as np

from photos.colors.tone_curves import STEPS, Curve, decode_srgb, encode_srgb, sampled

# Columns are sRGB's red, green and blue in XYZ relative to D50, where profiles meet.
SRGB_COLUMNS = np.array(
    [
        [0.4360747, 0.3850649, 0.1430804],
        [0.2225045, 0.7168786, 0.0606169],
        [0.0139322, 0.0971045, 0.7141733],
    ]
)
_SAME = 2 / 255  # a space this close to sRGB is sRGB: matrices are rounded, blacks are steep
_D50 = np.array([0.9642, 1.0, 0.8249])  # ICC.1:2022, section 7.2.16
_BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)


class ColorSpace:
    """A gray or RGB space.

    Attributes:
        curves: For each channel the curve from its values to linear light.
        matrix: 3×3, from linear light to XYZ relative to D50; None for gray.
    """

    def __init__(self, curves: Sequence[Curve], matrix: np.ndarray | None):
        """Make a space.

        Raises:
            ValueError: A curve cannot be inverted.
            np.linalg.LinAlgError: The matrix cannot be inverted.
        """
        self.curves, self.matrix = tuple(curves), matrix
        self._light = [sampled(curve).astype(np.float32) for curve in curves]
        self._inverses = [np.maximum.accumulate(light) for light in self._light]
        self._to_srgb = None if matrix is None else np.linalg.inv(SRGB_COLUMNS) @ matrix
        self._from_srgb = None if matrix is None else np.linalg.inv(matrix) @ SRGB_COLUMNS

    def to_srgb(self, values: np.ndarray) -> np.ndarray:
        """Convert to sRGB.

        Args:
            values: uint8 or uint16 `(..., C)`.

        Returns:
            float32 `(..., C)`; outside [0, 1] where sRGB lacks the color.
        """
        step = STEPS // np.iinfo(values.dtype).max
        curves = [light[::step] for light in self._light]
        linear = np.stack([c[values[..., i]] for i, c in enumerate(curves)], -1)
        if self._to_srgb is not None:
            linear = linear @ self._to_srgb.T.astype(np.float32)
        return encode_srgb(linear)

    def from_srgb(self, values: np.ndarray) -> np.ndarray:
        """Convert float32 `(..., C)` in sRGB to values of this space, clipped to [0, 1]."""
        linear = decode_srgb(values)
        if self._from_srgb is not None:
            linear = linear @ self._from_srgb.T.astype(np.float32)
        steps = np.linspace(0, 1, STEPS + 1, dtype=np.float32)
        channels = [np.interp(linear[..., i], c, steps) for i, c in enumerate(self._inverses)]
        return np.stack(channels, -1).astype(np.float32)

    def is_srgb(self) -> bool:
        """Return whether the space is sRGB, to what rounded matrices and curves allow."""
        levels = np.arange(0, 256, 51, dtype=np.uint8)
        grid = np.stack(np.meshgrid(*[levels] * len(self.curves), indexing="ij"), -1)
        return bool(np.max(np.abs(self.to_srgb(grid) - grid / 255)) < _SAME)


def matrix_of(chromaticities: Sequence[float]) -> np.ndarray:
    """Return the matrix from linear light to XYZ relative to D50, adapted by Bradford's transform.

    Formula: SMPTE RP 177 (1993) for the matrix; ICC.1:2022, annex E, for the adaptation.

    Args:
        chromaticities: x and y of white, red, green and blue.

    Raises:
        ValueError: No colors have such chromaticities.
    """
    pairs = np.reshape(np.asarray(chromaticities, float), (4, 2))
    if not (np.abs(pairs) <= 2).all() or pairs[0, 1] <= 0:
        raise ValueError("not chromaticities")
    xyz = np.column_stack([pairs, 1 - pairs.sum(1)]).T
    white, primaries = xyz[:, 0] / xyz[1, 0], xyz[:, 1:]
    if abs(np.linalg.det(primaries)) < 1e-4:
        raise ValueError("not chromaticities")
    columns = primaries * np.linalg.solve(primaries, white)
    cones = _BRADFORD @ np.column_stack([_D50, white])
    return np.linalg.inv(_BRADFORD) @ np.diag(cones[:, 0] / cones[:, 1]) @ _BRADFORD @ columns
