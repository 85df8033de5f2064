"""What of a photo's metadata a format can hold."""

import dataclasses

from photos.exif import DETAILS, MAKER_NOTE, Exif, tag_name
from photos.formats import PhotoFormat
from photos.image_resources import only_iptc
from photos.photo import Notes, Photo

_USER_COMMENT = 0x9286
_NAMES = {"comments": "the comment", "resources": "IPTC", "chunks": "the text"}


def fit_metadata(photo: Photo, file_format: PhotoFormat) -> tuple[Photo, list[str]]:
    """Leave out what a format cannot hold.

    Of EXIF that is too large the maker's note goes first, then the user's comment, then the largest
    tags, until the rest fits.

    Args:
        photo: The photo, which is not changed.
        file_format: The format of the file to write.

    Returns:
        A photo of the same pixels, and what is left out, in words.
    """
    holds, limit = file_format.holds, file_format.largest_block
    exif, left_out = photo.exif, []
    if exif is not None and "exif" not in holds:
        exif, left_out = None, ["EXIF"]
    elif exif is not None and limit is not None:
        exif, left_out = _fitted(exif, limit)
    xmp = photo.xmp
    if xmp and ("xmp" not in holds or (limit is not None and len(xmp) > limit)):
        xmp = None
        left_out.append(f"XMP above {limit // 1000} kB" if "xmp" in holds and limit else "XMP")
    kept = {}
    for field in dataclasses.fields(Notes):
        value = getattr(photo.notes, field.name)
        held = field.name in holds
        if held and limit is not None and value and field.name == "resources":
            if len(value) > limit:
                value = only_iptc(value)
                left_out.append("resources of Photoshop")
            held = len(value) <= limit
        if held:
            kept[field.name] = value
        elif value and field.name in _NAMES:
            left_out.append(_NAMES[field.name])
    fitted = dataclasses.replace(photo, exif=exif, xmp=xmp, notes=Notes(**kept))
    return fitted, left_out


def _fitted(exif: Exif, limit: int) -> tuple[Exif | None, list[str]]:
    fitted, dropped = exif.copy(), []

    def drop(directory: int, tag: int) -> None:
        del fitted.directories[directory][tag]
        dropped.append(tag_name(tag, directory))

    for tag in (MAKER_NOTE, _USER_COMMENT):
        if len(fitted.block()) > limit and tag in fitted.directories.get(DETAILS, {}):
            drop(DETAILS, tag)
    while len(fitted.block()) > limit:
        sizes = {(n, t): len(v.data) for n, d in fitted.directories.items() for t, v in d.items()}
        drop(*max(sizes, key=lambda place: sizes[place]))
    return fitted, dropped
