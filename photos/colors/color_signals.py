"""The ways in which a file says what its colors mean, and the space that each of them names."""

import dataclasses
import functools

import numpy as np

from photos.colors import icc_profiles
from photos.colors.code_points import (
    REFUSED_TRANSFERS,
    chromaticities_of,
    curve_of,
)
from photos.colors.color_space import SRGB_COLUMNS, ColorSpace, matrix_of
from photos.colors.fit_table_profile import fit_table_profile
from photos.colors.tone_curves import SRGB, Curve, Power


@dataclasses.dataclass(frozen=True)
class IccProfile:
    """An embedded ICC profile, of gray or of RGB."""

    data: bytes


@dataclasses.dataclass(frozen=True)
class CodePoints:
    """Numbers of ITU-T H.273: cICP of PNG, nclx of HEIF and AVIF.

    Attributes:
        primaries: The color primaries.
        transfer: The transfer characteristics.
        full_range: Whether 0 is black and the largest value white. PNG alone stores RGB otherwise.
    """

    primaries: int = 1
    transfer: int = 13
    full_range: bool = True


@dataclasses.dataclass(frozen=True)
class Calibration:
    """Measured colors: gAMA and cHRM of PNG, the colorimetry of TIFF, EXIF and BMP.

    Attributes:
        chromaticities: x and y of white, red, green and blue; None for sRGB's.
        curves: One curve for all channels, or three.
    """

    chromaticities: tuple[float, ...] | None = None
    curves: tuple[Curve, ...] = (SRGB,)


ColorSignal = IccProfile | CodePoints | Calibration
DECLARED_SRGB = CodePoints()
# Adobe RGB (1998), sections 4.3.1 and 4.3.4.
ADOBE_RGB = Calibration((0.3127, 0.3290, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06), (Power(563 / 256),))


def space_of(signal: ColorSignal | None, gray: bool) -> ColorSpace | None:
    """Return the color space of a photo's pixels.

    Args:
        signal: What the file says; None if it says nothing.
        gray: Whether the pixels are gray.

    Returns:
        None for sRGB. A damaged signal, or a profile of tables that is near no space of curves and
        a matrix, gives None too: its pixels are taken for sRGB, a guess that loses nothing.
    """
    space = _named_space(signal, gray)
    return None if space is None or space.is_srgb() else space


def profile_of(signal: ColorSignal | None, gray: bool) -> bytes | None:
    """Return the ICC profile that tells a signal to every program, or None for sRGB.

    A file's own profile stays as it is, one of tables or of sRGB too.
    """
    if isinstance(signal, IccProfile) and icc_profiles.describes(signal.data, gray):
        return signal.data
    space = space_of(signal, gray)
    return None if space is None else icc_profiles.write_profile(space)


def is_sound(signal: ColorSignal, gray: bool) -> bool:
    """Return whether a signal can be one of pixels, gray or RGB, or else is damaged.

    A profile of tables is sound, even if `space_of` finds no space near it.
    """
    if isinstance(signal, IccProfile):
        return icc_profiles.describes(signal.data, gray)
    return _named_space(signal, gray) is not None


def refused_transfer(signal: ColorSignal) -> str | None:
    """Return the name of a signal's curve if its values are no shares of white, as HDR's are not.

    A profile is asked for its `cicp` tag first, then for curves in the shape of PQ and HLG.
    """
    if isinstance(signal, CodePoints):
        return REFUSED_TRANSFERS.get(signal.transfer)
    if isinstance(signal, Calibration):
        return None
    if transfer := icc_profiles.transfer_in(signal.data):
        return REFUSED_TRANSFERS.get(transfer)
    space = icc_profiles.read_profile(signal.data)
    if space is None:
        return None
    light = space.curves[0].light(np.linspace(0, 1, len(_PQ)))
    for name, shape in (("PQ", _PQ), ("HLG", _HLG)):
        if np.max(np.abs(light / light[-1] - shape)) < 0.01:
            return name
    return None


@functools.lru_cache(maxsize=16)
def _named_space(signal: ColorSignal | None, gray: bool) -> ColorSpace | None:
    if signal is None:
        return None
    if isinstance(signal, IccProfile):
        space = icc_profiles.read_profile(signal.data)
        if space is None and icc_profiles.describes(signal.data, gray=False):
            space = fit_table_profile(signal.data)
        if space is None or gray == icc_profiles.is_gray(signal.data):
            return space
        # Gray that became color keeps its curve.
        return None if gray else ColorSpace(space.curves * 3, SRGB_COLUMNS)
    if isinstance(signal, CodePoints):
        curve = curve_of(signal.transfer)
        curves = (curve if signal.full_range else curve.of_narrow_range(),)
        chromaticities = chromaticities_of(signal.primaries)
    else:
        curves, chromaticities = signal.curves, signal.chromaticities
    try:
        matrix = matrix_of(chromaticities) if chromaticities else SRGB_COLUMNS
        if gray:
            return ColorSpace(curves[:1], None)
        return ColorSpace(curves if len(curves) == 3 else curves[:1] * 3, matrix)
    except (ValueError, np.linalg.LinAlgError):
        return None


def _pq(x: np.ndarray) -> np.ndarray:
    """Return the light of PQ values as a share of the brightest (ITU-R BT.2100, table 4)."""
    m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 32, 107 / 128, 2413 / 128, 2392 / 128
    power = x ** (1 / m2)
    return (np.maximum(power - c1, 0) / (c2 - c3 * power)) ** (1 / m1)


def _hlg(x: np.ndarray) -> np.ndarray:
    """Return the light of HLG values as a share of the brightest (ITU-R BT.2100, table 5)."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return np.where(x <= 0.5, x**2 / 3, (np.exp((x - c) / a) + b) / 12)


_PQ, _HLG = (shape(np.linspace(0, 1, 256)) for shape in (_pq, _hlg))
