"""The chunks of a PNG file beside its pixels: W3C, PNG (Third Edition), 2025.

Pillow reads chunks after the pixels only with the pixels, and hands out text decoded.
"""

import struct
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from photos.photo import Photo

SIGNATURE = b"\x89PNG\r\n\x1a\n"
XMP_KEYWORD = b"XML:com.adobe.xmp"
RAW_PROFILE = b"Raw profile type "  # the keyword of ImageMagick's texts, before the kind
INCH = 0.0254  # meters; pHYs counts pixels a meter
TEXT = (b"tEXt", b"zTXt", b"iTXt")
LARGEST = 16_000_000  # bytes of all chunks together, and of one text

_PIXELS = (b"IDAT", b"fdAT")


def chunks_of(path: str | Path) -> Iterator[tuple[bytes, bytes]]:
    """Yield kind and content of each chunk, except of pixels, until damage or `LARGEST`.

    Args:
        path: A PNG file.
    """
    left = LARGEST
    with Path(path).open("rb") as file:
        if file.read(len(SIGNATURE)) != SIGNATURE:
            return
        while len(head := file.read(8)) == 8:
            size, kind = struct.unpack(">I4s", head)
            if kind in _PIXELS or size > left:
                file.seek(size + 4, 1)
                continue
            data, checksum = file.read(size), file.read(4)
            if checksum != struct.pack(">I", zlib.crc32(data, zlib.crc32(kind))):
                return
            left -= size
            yield kind, data
            if kind == b"IEND":
                return


def write_chunk(file: IO[bytes], kind: bytes, data: bytes) -> None:
    """Write a chunk.

    Args:
        file: A file open for writing.
        kind: The four letters.
        data: The content.
    """
    file.write(struct.pack(">I", len(data)) + kind)
    file.write(data)
    file.write(struct.pack(">I", zlib.crc32(data, zlib.crc32(kind))))


def text_chunks(photo: Photo) -> list[tuple[bytes, bytes]]:
    """Return kinds and contents of the chunks that hold a photo's XMP and text."""
    packet = [(b"iTXt", XMP_KEYWORD + b"\0\0\0\0\0" + photo.xmp)] if photo.xmp else []
    return packet + list(photo.notes.chunks)


def text_of(kind: bytes, data: bytes) -> tuple[bytes, bytes]:
    """Return keyword and text of one of the chunks `TEXT`; the text is empty where damaged."""
    keyword, _, rest = data.partition(b"\0")
    compressed = kind == b"zTXt"
    if kind == b"zTXt":
        rest = rest[1:]
    elif kind == b"iTXt":
        compressed = rest[:1] == b"\1"
        rest = rest[2:].partition(b"\0")[2].partition(b"\0")[2]  # language, translated keyword
    if not compressed:
        return keyword, rest
    try:
        return keyword, zlib.decompressobj().decompress(rest, LARGEST)
    except zlib.error:
        return keyword, b""


def raw_profile(info: Mapping[Any, Any], kind: str) -> bytes:
    """Return the bytes in a text "Raw profile type KIND" of ImageMagick.

    Args:
        info: What Pillow read of a file.
        kind: The kind, such as "exif" or "xmp".

    Returns:
        Nothing where there is no such text, or a damaged one.
    """
    text = info.get(f"{RAW_PROFILE.decode()}{kind}")
    try:
        return bytes.fromhex("".join(text.split("\n")[3:])) if isinstance(text, str) else b""
    except ValueError:
        return b""
