"""Which of a file's signals says what its colors mean.

| format | order | source |
|---|---|---|
| PNG | cICP, iCCP, sRGB, gAMA and cHRM | W3C, PNG (Third Edition), section 4.3 |
| HEIF, AVIF | ICC, nclx | ISO/IEC 23000-22, section 7.3.6.4 |
| TIFF | ICC, colorimetry | ICC.1:2022, annex B; TIFF 6.0, section 20 |
| BMP | version 5: ICC; version 4: endpoints and gammas | Microsoft, BITMAPV5HEADER |
| JPEG 2000 | ICC | ISO/IEC 15444-1, annex I.5.3.3 |
| JPEG, WebP | ICC | ICC.1:2022, annex B; WebP container |

EXIF comes last in all of them: Adobe RGB by the file rule of cameras (DCF 2.0), or colorimetry.
"""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

from PIL.ImageFile import ImageFile

from photos.colors.code_points import UNSPECIFIED
from photos.colors.color_signals import (
    DECLARED_SRGB,
    Calibration,
    CodePoints,
    ColorSignal,
    IccProfile,
    is_sound,
    refused_transfer,
)
from photos.colors.exif_signal import exif_signal
from photos.colors.find_boxes import color_boxes
from photos.colors.read_bmp_header import bmp_signal
from photos.colors.tone_curves import SRGB, Power
from photos.files import PhotoError
from photos.png_chunks import chunks_of

_Finder = Callable[[ImageFile], ColorSignal | None]


def find_signal(image: ImageFile, gray: bool) -> ColorSignal | None:
    """Return what a file says about its colors, or None if it says nothing.

    Args:
        image: The open file.
        gray: Whether its pixels are gray. A profile of anything else, or a damaged signal, is
            passed over.

    Raises:
        PhotoError: The values are those of PQ, HLG or another curve that is not a photo's.
    """
    for find in (*_FINDERS.get(image.format or "", (_embedded_profile,)), exif_signal):
        signal = None
        with contextlib.suppress(Exception):  # damage: the next signal says it
            signal = find(image)
        if signal is None or not is_sound(signal, gray):
            continue
        if name := refused_transfer(signal):
            raise PhotoError(
                f"its colors are {name}, which is not supported: save the photo as sRGB or "
                "Display P3"
            )
        return signal
    return None


def _path_of(image: ImageFile) -> Path:
    return Path(os.fsdecode(image.filename))


def _embedded_profile(image: ImageFile) -> ColorSignal | None:
    profile = image.info.get("icc_profile")
    return IccProfile(profile) if profile else None


def _png_code_points(image: ImageFile) -> ColorSignal | None:
    for kind, data in chunks_of(_path_of(image)):
        if kind == b"cICP":
            primaries, transfer, _matrix, full_range = data
            return CodePoints(primaries, transfer, full_range != 0)
    return None


def _png_srgb(image: ImageFile) -> ColorSignal | None:
    return DECLARED_SRGB if "srgb" in image.info else None


def _png_calibration(image: ImageFile) -> ColorSignal | None:
    gamma, chromaticities = image.info.get("gamma"), image.info.get("chromaticity")
    if not gamma and not chromaticities:
        return None
    return Calibration(chromaticities, (Power(1 / gamma) if gamma else SRGB,))


def _boxed_profile(image: ImageFile) -> ColorSignal | None:
    for box in color_boxes(_path_of(image)):
        # JPEG 2000 has a method in the place of a type: 2 and 3 are profiles.
        if box[:4] in (b"prof", b"rICC"):
            return IccProfile(box[4:])
        if box[0] in (2, 3):
            return IccProfile(box[3:])
    return None


def _boxed_code_points(image: ImageFile) -> ColorSignal | None:
    for box in color_boxes(_path_of(image)):
        if box[:4] == b"nclx":
            primaries, transfer = (int.from_bytes(box[n : n + 2]) for n in (4, 6))
            if (primaries, transfer) != (UNSPECIFIED, UNSPECIFIED):
                return CodePoints(primaries, transfer)
    return None


_IN_BOXES = (_boxed_profile, _boxed_code_points)
_FINDERS: dict[str, tuple[_Finder, ...]] = {
    "PNG": (_png_code_points, _embedded_profile, _png_srgb, _png_calibration),
    "HEIF": _IN_BOXES,
    "AVIF": _IN_BOXES,
    "JPEG2000": _IN_BOXES,
    "BMP": (bmp_signal,),
}
