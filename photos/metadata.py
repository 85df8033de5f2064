"""EXIF and XMP: what stays true of an enhanced photo, and which camera took the photo."""

import re
from pathlib import Path

import numpy as np
from PIL import Image

from photos.files import opened

_ORIENTATION = 0x0112
EXIF_IFD, GPS_IFD, INTEROP_IFD = 0x8769, 0x8825, 0xA005
_PIXEL_WIDTH, _PIXEL_HEIGHT = 0xA002, 0xA003
_MAKE, _MODEL = 0x010F, 0x0110
_MAKER_NOTE, _USER_COMMENT = 0x927C, 0x9286
# Description, maker, model, software, date, artist, copyright. The tags of a TIFF's layout and the
# old thumbnail do not stay true.
_KEPT_TAGS = (0x010E, 0x010F, 0x0110, 0x0131, 0x0132, 0x013B, 0x8298)
_LARGEST_EXIF = 65_000  # bytes; a JPEG segment holds little more
_LARGEST_XMP = 1 << 20
_XMP_ORIENTATION = re.compile(
    rb"""\s*tiff:Orientation\s*=\s*["'][0-9]["']|<tiff:Orientation>[0-9]</tiff:Orientation>"""
)

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


def orientation_of(image: Image.Image) -> int:
    """Return the EXIF orientation, 1 to 8; 1 where the file has none that makes sense."""
    try:
        value = _exif_of(image).get(_ORIENTATION, 1)
    except Exception:  # damaged metadata raises almost anything, and the pixels are still a photo
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _exif_of(image: Image.Image) -> Image.Exif:
    # The method of PNG files reads all their pixels, because EXIF may follow them.
    return Image.Image.getexif(image)


def camera_of(exif: Image.Exif | None) -> tuple[str, str]:
    """Return make and model of the camera; empty strings where EXIF lacks them."""
    values = ((exif or {}).get(tag) for tag in (_MAKE, _MODEL))
    make, model = (v.strip("\0 ") if isinstance(v, str) else "" for v in values)
    return make, model


def camera_of_file(path: str | Path) -> tuple[str, str]:
    """Return make and model of a photo file's camera; empty strings where they are not known."""
    try:
        with opened(path) as image:
            return camera_of(_exif_of(image))
    except Exception:  # damaged metadata, or no photo, which `load_photo` reports
        return "", ""


def kept_exif(image: Image.Image, width: int, height: int, gps: bool) -> Image.Exif | None:
    """Return the EXIF that stays true of a photo made from `image`.

    The orientation is reset, the thumbnail dropped, the size updated. EXIF that is too large for a
    JPEG loses the maker's note first.

    Args:
        image: The open file.
        width: Width of the upright photo, pixels.
        height: Height of the upright photo, pixels.
        gps: Whether the place is kept.

    Returns:
        A copy that is independent of the file, or None if the file has no EXIF or damaged EXIF.
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
    except Exception:  # damaged metadata must not cost the photo
        return None


def kept_xmp(image: Image.Image, gps: bool) -> bytes | None:
    """Return the XMP packet of an image without its orientation, or None.

    Args:
        image: The open file.
        gps: Whether the place is kept. XMP names places in many ways, so without the place the
            whole packet goes.
    """
    packet = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp")
    if isinstance(packet, str):
        packet = packet.encode("utf-8", "replace")
    if not gps or not isinstance(packet, bytes) or len(packet) > _LARGEST_XMP:
        return None
    return _XMP_ORIENTATION.sub(b"", packet).rstrip(b"\0") or None
