"""What the header of a BMP file says about colors: Microsoft, BITMAPV4HEADER and BITMAPV5HEADER."""

import os
import struct
from pathlib import Path

from PIL.ImageFile import ImageFile

from photos.colors.color_signals import DECLARED_SRGB, Calibration, ColorSignal, IccProfile
from photos.colors.tone_curves import Power

_START = 14  # of the header, after the file's own
_VERSION_4, _VERSION_5 = 108, 124  # sizes
_CALIBRATED, _SRGB, _WINDOWS, _EMBEDDED = 0, b"BGRs", b" niW", b"DEBM"
_LARGEST_PROFILE = 1 << 24


def bmp_signal(image: ImageFile) -> ColorSignal | None:
    """Return the color space that the header of a BMP names, or None.

    A profile in another file is not read.

    Raises:
        OSError, struct.error, ZeroDivisionError: The file is damaged.
    """
    with Path(os.fsdecode(image.filename)).open("rb") as file:
        header = file.read(_START + _VERSION_5)[_START:]
        size = int.from_bytes(header[:4], "little")
        if size < _VERSION_4:
            return None
        kind = header[56:60]
        if kind in (_SRGB, _WINDOWS):
            return DECLARED_SRGB
        if kind == _EMBEDDED and size >= _VERSION_5:
            start, length = struct.unpack_from("<II", header, 112)
            file.seek(_START + start)
            return IccProfile(file.read(min(length, _LARGEST_PROFILE)))
    if int.from_bytes(kind, "little") != _CALIBRATED:
        return None
    numbers = struct.unpack_from("<9i3I", header, 60)
    columns = [numbers[n : n + 3] for n in (0, 3, 6)]  # XYZ of red, green and blue
    white = [sum(values) for values in zip(*columns, strict=True)]
    gammas = [number / 65536 for number in numbers[9:]]
    if not all(gammas):
        return None
    chromaticities = [value / sum(xyz) for xyz in (white, *columns) for value in xyz[:2]]
    # Some programs write the exponent to store light, others the exponent to show values.
    curves = tuple(Power(gamma if gamma >= 1 else 1 / gamma) for gamma in gammas)
    return Calibration(tuple(chromaticities), curves)
