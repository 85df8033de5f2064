"""What a photo's file holds beside its pixels, EXIF and XMP: resolution, comments, IPTC, text."""

from pathlib import Path

from PIL.ImageFile import ImageFile

from photos.image_resources import kept_resources
from photos.photo import Notes
from photos.png_chunks import RAW_PROFILE, TEXT, XMP_KEYWORD, chunks_of, text_of

_HELD_ELSEWHERE = tuple(RAW_PROFILE + name for name in (b"exif", b"APP1", b"xmp", b"icc", b"icm"))
_PHOTOSHOP = b"Photoshop 3.0\0"


def notes_of(path: str | Path, image: ImageFile, turned: int, gps: bool) -> Notes:
    """Return what of a file's notes stays true of an enhanced photo.

    Args:
        path: The file.
        image: The same file, open.
        turned: The orientation of the file.
        gps: Whether the place is kept; all notes but the density may tell it.
    """
    density = image.info.get("dpi")
    if image.format in ("JPEG", "MPO"):
        segments = getattr(image, "applist", [])
        comments = tuple(data for name, data in segments if name == "COM" and gps)
        parts = [data for name, data in segments if name == "APP13" and data.startswith(_PHOTOSHOP)]
        resources = b"".join(part.removeprefix(_PHOTOSHOP) for part in parts if gps)
        if image.info.get("jfif_unit") not in (1, 2):  # Pillow took it from EXIF, or made it up
            density = None
        return Notes(_turned(density, turned), comments, kept_resources(resources) or None)
    if image.format == "PNG":
        chunks = tuple(each for each in chunks_of(path) if _is_kept(*each, gps))
        return Notes(_turned(density, turned), chunks=chunks)
    return Notes(_turned(density, turned) if image.format == "BMP" else None)


def _turned(density: object, turned: int) -> tuple[float, float] | None:
    """Return pixels an inch of the upright photo, or None if they make no sense."""
    match density:
        case (int() | float() as across, int() | float() as down) if across > 0 and down > 0:
            return (down, across) if turned >= 5 else (across, down)
    return None


def _is_kept(kind: bytes, data: bytes, gps: bool) -> bool:
    """Return whether a chunk of a PNG is text, a date, or a program's own that may be copied.

    Programs mark chunks that stay true of changed pixels by a lowercase last letter (section 5.4).
    """
    if kind in TEXT:
        keyword = text_of(kind, data)[0]
        return gps and keyword != XMP_KEYWORD and not keyword.startswith(_HELD_ELSEWHERE)
    own = kind[:2].islower() and kind[3:].islower()
    return gps and (own or kind == b"tIME")
