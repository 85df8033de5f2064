"""What a photo's file says beside its pixels, and what of it stays true of an enhanced photo.

All is kept, except what describes how the file stores its pixels.
"""

import contextlib
import dataclasses
import struct
from collections.abc import Collection
from pathlib import Path

import numpy as np
from PIL import Image
from PIL.ImageFile import ImageFile

from photos import tiff_tags
from photos.exif import (
    DETAILS,
    GPS,
    INTEROP,
    LONG,
    MAIN,
    ORIENTATION,
    SHORT,
    UNDEFINED,
    Exif,
    Tag,
)
from photos.files import opened
from photos.image_resources import kept_resources
from photos.notes import notes_of
from photos.photo import Notes
from photos.png_chunks import XMP_KEYWORD, raw_profile
from photos.read_exif import ExifError, exif_block, read_exif, read_exif_of
from photos.xmp import XmpError, kept_xmp, orientation_of_xmp

_MAKE, _MODEL = 0x010F, 0x0110
_PIXEL_WIDTH, _PIXEL_HEIGHT = 0xA002, 0xA003
_COLORIMETRY = frozenset({301, 318, 319})  # TransferFunction, WhitePoint, PrimaryChromaticities
_COLOR_SPACE, _GAMMA, _SUBJECT = 0xA001, 0xA500, 0x9214
_XMP_SEGMENT = b"http://ns.adobe.com/xap/1.0/\0"  # before the XMP in a segment APP1
_TURNED_BY_XMP = ("JPEG", "PNG", "WEBP")  # files of other formats have orientations of their own
_OF_VIDEOS = frozenset({0x8897})  # by which Xiaomi's phones say that a video follows the photo
# Pixels an inch across and down; the same of the focal plane.
_RESOLUTIONS = ((MAIN, 0x011A, 0x011B), (DETAILS, 0xA20E, 0xA20F))

# For each EXIF orientation, the view of an upright array as its file stores it.
AS_STORED = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, 1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: np.rot90(a, -1),
}


@dataclasses.dataclass(frozen=True)
class Metadata:
    """What stays true of an enhanced photo; see the attributes of `Photo`."""

    exif: Exif | None = None
    xmp: bytes | None = None
    notes: Notes = dataclasses.field(default_factory=Notes)
    left_out: tuple[str, ...] = ()


def orientation_of(image: Image.Image) -> int:
    """Return the EXIF orientation, 1 to 8; 1 where the file has none that makes sense."""
    value = None
    if image.format != "TIFF" and (block := exif_block(image)):
        with contextlib.suppress(ExifError):
            value = read_exif(block, tiff_tags.LAYOUT)[0].number(ORIENTATION)
    if value is None:
        # Pillow knows what it did to a TIFF, and it finds orientations in XMP. The method of PNG
        # files would read all pixels, because EXIF may follow them; `opened` has looked there.
        with contextlib.suppress(Exception):  # damaged metadata raises almost anything
            value = Image.Image.getexif(image).get(ORIENTATION)
    if value is None and image.format in _TURNED_BY_XMP and (packet := _packet_of(image)):
        value = orientation_of_xmp(packet)  # Pillow knows some ways to write it
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def camera_of(exif: Exif | None) -> tuple[str, str]:
    """Return make and model of the camera; empty strings where EXIF lacks them."""
    return ("", "") if exif is None else (exif.text(_MAKE), exif.text(_MODEL))


def camera_of_file(path: str | Path) -> tuple[str, str]:
    """Return make and model of a photo file's camera; empty strings where they are not known."""
    return camera_of(exif_of_file(path))


def exif_of_file(path: str | Path) -> Exif | None:
    """Return the EXIF of a photo file, or None where there is none that can be read."""
    try:
        with opened(path) as image:
            return _read_exif(path, image)[0]
    except Exception:  # damaged metadata, or no photo, which `load_photo` reports
        return None


def kept_metadata(
    path: str | Path, image: ImageFile, size: tuple[int, int], turned: int, gps: bool
) -> Metadata:
    """Return the metadata that stays true of a photo made from a file.

    The orientation is reset, thumbnails are dropped, sizes are updated. What is damaged is left
    out, tag by tag.

    Args:
        path: The file.
        image: The same file, open.
        size: Width and height of the upright photo, pixels.
        turned: The orientation of the file.
        gps: Whether the place is kept. XMP, IPTC and text name places in many ways, so without the
            place they go.
    """
    exif, left_out = _kept_exif(path, image, size, turned, gps)
    packet, xmp = _packet_of(image), None
    if gps and packet:
        try:
            xmp = kept_xmp(packet, size, turned)
        except XmpError as error:
            left_out.append(str(error))
    return Metadata(exif, xmp, notes_of(path, image, turned, gps), tuple(left_out))


def _packet_of(image: Image.Image) -> bytes | None:
    packet = image.info.get("xmp") or image.info.get(XMP_KEYWORD.decode())
    if isinstance(packet, str):
        try:  # Pillow decodes the bytes of a TIFF's tag as Latin-1
            return packet.encode("latin-1")
        except UnicodeEncodeError:
            return packet.encode("utf-8", "replace")
    packet = packet or raw_profile(image.info, "xmp")
    if not packet and (segment := raw_profile(image.info, "APP1")).startswith(_XMP_SEGMENT):
        packet = segment.removeprefix(_XMP_SEGMENT)
    return packet if isinstance(packet, bytes) else None


def _read_exif(path: str | Path, image: ImageFile) -> tuple[Exif | None, list[str]]:
    """Read the EXIF of a file; return it and the names of what is damaged."""
    own = tiff_tags.YCBCR if image.format == "TIFF" else frozenset()
    try:
        return read_exif_of(path, image, tiff_tags.LAYOUT | own)
    except ExifError:
        return None, ["EXIF, which is damaged"]


def _kept_exif(
    path: str | Path, image: ImageFile, size: tuple[int, int], turned: int, gps: bool
) -> tuple[Exif | None, list[str]]:
    exif, left_out = _read_exif(path, image)
    if exif is None:
        return None, left_out
    main, details = (exif.directories.get(number, {}) for number in (MAIN, DETAILS))
    if tiff_tags.DNG_VERSION in main:
        _drop(main, tiff_tags.DNG - tiff_tags.DNG_CAMERA)
    if not gps:
        exif.directories.pop(GPS, None)
        _drop(main, tiff_tags.GEO | {tiff_tags.IPTC, tiff_tags.RESOURCES})
    resources = main.pop(tiff_tags.RESOURCES, None)
    if resources is not None and (data := kept_resources(resources.data)):
        main[tiff_tags.RESOURCES] = Tag(UNDEFINED, len(data), data)
    if turned >= 5:
        for number, across, down in _RESOLUTIONS:
            tags = exif.directories.get(number, {})
            if across in tags and down in tags:
                tags[across], tags[down] = tags[down], tags[across]
    for tag, side in zip((_PIXEL_WIDTH, _PIXEL_HEIGHT), size, strict=True):
        if tag in details:
            exif.set_numbers(tag, side, kind=LONG, directory=DETAILS)
    _drop(main, {ORIENTATION})
    _drop(details, _OF_VIDEOS)
    if image.mode in ("CMYK", "LAB"):  # whose pixels are sRGB now
        _drop(main, _COLORIMETRY)
        _drop(details, {_COLOR_SPACE, _GAMMA})
        exif.directories.pop(INTEROP, None)
    if turned > 1 and _SUBJECT in details:
        details[_SUBJECT] = _turned_subject(exif, size, turned)
    if not any(exif.directories.values()):
        return None, left_out
    exif.set_numbers(ORIENTATION, 1, kind=SHORT)
    return exif, left_out


def _turned_subject(exif: Exif, size: tuple[int, int], turned: int) -> Tag:
    """Return the place of the subject in the upright photo: Exif 3.0, section 4.6.6.4.

    Args:
        exif: EXIF with the place in the stored picture: x and y, and a circle's diameter or a
            rectangle's width and height.
        size: Width and height of the upright photo, pixels.
        turned: The orientation of the file.
    """
    tag = exif.directories[DETAILS][_SUBJECT]
    numbers = [int(number) for number in exif.numbers(_SUBJECT, DETAILS)]
    if tag.kind not in (SHORT, LONG) or not 2 <= len(numbers) <= 4:
        return tag
    (x, y), extent = numbers[:2], numbers[2:]
    width, height = size if turned < 5 else size[::-1]
    across, down = width - 1 - x, height - 1 - y  # from the other sides
    places = {2: (across, y), 3: (across, down), 4: (x, down), 5: (y, x)}
    places |= {6: (down, x), 7: (down, across), 8: (y, across)}
    upright = [max(0, number) for number in places[turned]]
    upright += extent[::-1] if turned >= 5 else extent
    code = "H" if tag.kind == SHORT else "I"
    return tag._replace(data=struct.pack(f"{exif.order}{len(upright)}{code}", *upright))


def _drop(tags: dict, dropped: Collection[int]) -> None:
    for tag in dropped & tags.keys():
        del tags[tag]
