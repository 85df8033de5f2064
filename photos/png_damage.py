"""Damaged chunks of a PNG beside its pixels cost only themselves."""

import functools
import struct
import zlib
from collections.abc import Callable

from PIL import ImageFile, PngImagePlugin
from PIL.PngImagePlugin import PngStream

from photos.png_chunks import LARGEST

_CHUNKS = ("gAMA", "cHRM", "sRGB", "pHYs", "iCCP", "zTXt", "tEXt", "iTXt", "eXIf")
_DAMAGE = (ValueError, SyntaxError, IndexError, KeyError, TypeError, struct.error, zlib.error)


@functools.cache
def tolerate_damaged_chunks() -> None:
    """Let Pillow pass over chunks that it cannot understand, and unpack long texts and profiles."""
    PngImagePlugin.MAX_TEXT_CHUNK = LARGEST
    PngImagePlugin.MAX_TEXT_MEMORY = 4 * LARGEST
    for name in _CHUNKS:
        read = getattr(PngStream, f"chunk_{name}", None)
        if read is not None:
            setattr(PngStream, f"chunk_{name}", _tolerant(read))


def _tolerant(read: Callable) -> Callable:
    @functools.wraps(read)
    def tolerant(stream: PngStream, pos: int, length: int) -> bytes:
        assert stream.fp is not None
        place = stream.fp.tell()
        try:
            return read(stream, pos, length)
        except _DAMAGE:
            stream.fp.seek(place)
            return ImageFile._safe_read(stream.fp, length)  # whose checksum Pillow compares

    return tolerant
