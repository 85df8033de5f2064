"""What a photo's file holds beside one picture, and what its result therefore lacks."""

import contextlib
import struct
from collections.abc import Iterator
from pathlib import Path

from PIL import Image
from PIL.ImageFile import ImageFile

from common.plural import plural
from photos import tiff_tags
from photos.jpeg_parts import DEPTH_MAP, GAIN_MAP, VIDEO, parts_of_jpeg

_REDUCED = 1  # bit of NewSubfileType (TIFF 6.0): a smaller copy of another page
_ALPHA = ("urn:mpeg:hevc:2015:auxid:1", "urn:mpeg:mpegB:cicp:systems:auxiliary:alpha")
_META_BYTES = 1 << 20  # of the box that announces a gain map (ISO 21496-1)
_PAGES = 1000  # at most counted


def extras_of(path: str | Path, image: ImageFile) -> tuple[str, ...]:
    """Return what the result of a photo will lack, in words.

    Frames of an animation, pages of a TIFF, layers of Photoshop, the video of a motion photo, gain
    maps, depth maps, further pictures and packets count. Thumbnails and previews do not.

    Args:
        path: The file.
        image: The same file, open, not loaded.
    """
    with contextlib.suppress(Exception):  # damage, which reading the pixels reports if it matters
        if image.format in ("JPEG", "MPO"):
            return tuple(parts_of_jpeg(path, image))
        if image.format == "TIFF":
            return tuple(_in_tiff(path, image))
        if image.format in ("HEIF", "AVIF"):
            return tuple(dict.fromkeys(_in_boxes(path, image)))
        if image.format in ("WEBP", "PNG", "GIF"):
            return _further(image, "frame")
    return ()


def _further(image: ImageFile, what: str) -> tuple[str, ...]:
    count = getattr(image, "n_frames", 1) - 1
    return (plural(count, f"further {what}"),) if count > 0 else ()


def _in_tiff(path: str | Path, image: ImageFile) -> Iterator[str]:
    if tiff_tags.LAYERS in getattr(image, "tag_v2", ()):
        yield "the layers of Photoshop"
    pages = 0
    # A second image, because seeking moves an image to another page.
    with contextlib.suppress(EOFError), Image.open(path, formats=["TIFF"]) as second:
        for number in range(1, _PAGES):
            second.seek(number)
            pages += not getattr(second, "tag_v2", {}).get(254, 0) & _REDUCED
    if pages:
        yield plural(pages, "further page")


def _in_boxes(path: str | Path, image: ImageFile) -> Iterator[str]:
    """Yield what boxes of ISO base media files (ISO 14496-12) hold beside the primary picture."""
    yield from _further(image, "frame" if image.format == "AVIF" else "picture")
    boxes = list(_boxes(path))
    kinds = [kind for kind, _ in boxes]
    second = kinds.count(b"ftyp") > 1  # another file follows
    # The frames of an AVIF are in `moov` too.
    if b"mpvd" in kinds or second or (image.format == "HEIF" and b"moov" in kinds):
        yield VIDEO
    # libheif names the auxiliary pictures, except alpha.
    names = [str(name).lower() for name in image.info.get("aux", {}) if name not in _ALPHA]
    announced = any(kind == b"meta" and b"tmap" in data for kind, data in boxes)
    if announced or any("hdrgainmap" in name for name in names):
        yield GAIN_MAP
    if image.info.get("depth_images"):
        yield DEPTH_MAP
    if any("hdrgainmap" not in name for name in names):
        yield "masks and other auxiliary pictures"


def _boxes(path: str | Path) -> Iterator[tuple[bytes, bytes]]:
    """Yield the kinds of the outermost boxes, and their first contents."""
    with Path(path).open("rb") as file:
        end = file.seek(0, 2)
        at = 0
        while at + 8 <= end:
            file.seek(at)
            size, kind = struct.unpack(">I4s", file.read(8))
            if size == 1:
                (size,) = struct.unpack(">Q", file.read(8))
            yield kind, file.read(min(max(size, 8), _META_BYTES)) if kind == b"meta" else b""
            if size < 8:  # the last box
                return
            at += size
