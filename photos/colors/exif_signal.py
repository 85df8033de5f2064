"""What EXIF, and the directory of a TIFF, say about colors."""

import os

from PIL.ExifTags import Base, Interop
from PIL.ImageFile import ImageFile

from photos.colors.color_signals import ADOBE_RGB, DECLARED_SRGB, Calibration, ColorSignal
from photos.colors.tone_curves import STEPS, Curve, Power, Table
from photos.exif import DETAILS, INTEROP, Exif
from photos.read_exif import read_exif_of

_SRGB, _ADOBE_RGB = 1, 2  # 2 is of some cameras, not of the standard
_DEFAULT_GAMMA = 2.2  # TIFF 6.0, section 20, of a file without a transfer function
_LONGEST = 4096  # entries of a table that are kept


def exif_signal(image: ImageFile) -> ColorSignal | None:
    """Return the color space that EXIF names, or None.

    Adobe RGB is a color space other than sRGB with the index R03 (DCF 2.0). Otherwise the tags of
    TIFF's colorimetry and EXIF's gamma count, unless EXIF says sRGB.

    Raises:
        Exception: EXIF is damaged.
    """
    exif, _damaged = read_exif_of(os.fsdecode(image.filename), image)
    if exif is None:
        return None
    named = exif.number(Base.ColorSpace, DETAILS)
    if named == _SRGB:
        return DECLARED_SRGB
    if named == _ADOBE_RGB or _index(exif) == "R03":
        return ADOBE_RGB
    white, primaries = exif.numbers(Base.WhitePoint), exif.numbers(Base.PrimaryChromaticities)
    whole = len(white) == 2 and len(primaries) == 6
    chromaticities = (*white, *primaries) if whole else None
    curves = _curves(exif.numbers(Base.TransferFunction), exif.numbers(Base.Gamma, DETAILS))
    if curves is None and chromaticities is None:
        return None
    return Calibration(chromaticities, curves or (Power(_DEFAULT_GAMMA),))


def _index(exif: Exif) -> str:
    found = exif.directories.get(INTEROP, {}).get(Interop.InteropIndex)
    return found.data.decode("latin-1").strip("\0 ") if found else ""


def _curves(transfer: list[float], gamma: list[float]) -> tuple[Curve, ...] | None:
    """Return the curves of a transfer function, of 2^n or 3·2^n entries, or of a gamma."""
    count = len(transfer)
    channels = 3 if count % 3 == 0 else 1
    if count >= 2 and (count // channels).bit_count() == 1:
        light = [value / STEPS for value in transfer]
        length = count // channels
        tables = (light[n * length : (n + 1) * length] for n in range(channels))
        return tuple(_table(table) for table in tables)
    return (Power(gamma[0]),) if gamma and gamma[0] > 0 else None


def _table(values: list[float]) -> Table:
    step = max(1, len(values) // _LONGEST)
    kept = values[::step]
    return Table(tuple(kept if kept[-1] == values[-1] else [*kept, values[-1]]))
