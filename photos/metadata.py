"""EXIF and XMP: what of them stays true of an enhanced photo."""

import re

import numpy as np
from PIL import Image

_ORIENTATION = 0x0112
EXIF_IFD, GPS_IFD, INTEROP_IFD = 0x8769, 0x8825, 0xA005
_PIXEL_WIDTH, _PIXEL_HEIGHT = 0xA002, 0xA003
_MAKER_NOTE, _USER_COMMENT = 0x927C, 0x9286
# Description, maker, model, software, date, artist, copyright. A TIFF's layout tags and the old
# thumbnail do not stay true.
_KEPT_TAGS = (0x010E, 0x010F, 0x0110, 0x0131, 0x0132, 0x013B, 0x8298)
_LARGEST_EXIF = 65_000  # bytes; a JPEG segment holds little more
_LARGEST_XMP = 1 << 20
_XMP_ORIENTATION = re.compile(
    rb"""\s*tiff:Orientation\s*=\s*["'][0-9]["']|<tiff:Orientation>[0-9]</tiff:Orientation>"""
)

# By EXIF orientation: an upright array, seen as its file stores it.
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


def orientation_of(image: Image.Image) -> int:
    """EXIF orientation, 1 to 8; 1 where there is none that makes sense."""
    try:
        value = _exif_of(image).get(_ORIENTATION, 1)
    except Exception:  # damaged metadata raises almost anything, and the pixels are still a photo
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _exif_of(image: Image.Image) -> Image.Exif:
    # That of PNG files reads all their pixels, in case that EXIF follows them.
    return Image.Image.getexif(image)


def kept_exif(image: Image.Image, width: int, height: int, gps: bool) -> Image.Exif | None:
    """The EXIF that a photo made from `image` carries on.

    Orientation is reset, the thumbnail dropped, the size updated. What is too large for a JPEG
    loses the maker's note first.

    Args:
        image: the open file.
        width: of the upright photo, pixels.
        height: likewise.
        gps: whether the place is kept.

    Returns:
        A copy, independent of the file; None for nothing, or damage.
    """
    try:
        exif = _exif_of(image)
        kept = Image.Exif()
        kept.endian = exif.endian  # the byte order of the maker's note too
        kept.update({tag: exif[tag] for tag in _KEPT_TAGS if tag in exif})
        details = dict(exif.get_ifd(EXIF_IFD)) if EXIF_IFD in exif else {}
        if INTEROP_IFD in details:
            details[INTEROP_IFD] = dict(exif.get_ifd(INTEROP_IFD))
        for tag, size in ((_PIXEL_WIDTH, width), (_PIXEL_HEIGHT, height)):
            if tag in details:
                details[tag] = size
        if details:
            kept[EXIF_IFD] = details
        if gps and GPS_IFD in exif:
            kept[GPS_IFD] = dict(exif.get_ifd(GPS_IFD))
        if len(kept) == 0:
            return None
        kept[_ORIENTATION] = 1
        for tag in (_MAKER_NOTE, _USER_COMMENT):
            if len(kept.tobytes()) > _LARGEST_EXIF:
                details.pop(tag, None)
        return kept if len(kept.tobytes()) <= _LARGEST_EXIF else None
    except Exception:  # as above: it must not cost the photo
        return None


def kept_xmp(image: Image.Image, gps: bool) -> bytes | None:
    """The XMP packet that a photo made from `image` carries on, without an orientation.

    It may tell the place in many ways, names of places among them: without `gps` it goes.
    """
    packet = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp")
    if isinstance(packet, str):
        packet = packet.encode("utf-8", "replace")
    if not gps or not isinstance(packet, bytes) or len(packet) > _LARGEST_XMP:
        return None
    return _XMP_ORIENTATION.sub(b"", packet).rstrip(b"\0") or None
