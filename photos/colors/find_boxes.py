"""The boxes that say what colors mean in HEIF, AVIF and JPEG 2000 files.

Boxes are those of ISO/IEC 14496-12; items and their properties those of ISO/IEC 23008-12; the
header of JPEG 2000 that of ISO/IEC 15444-1, annex I.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import IO

_LARGEST = 1 << 24  # bytes of a header that is read


def color_boxes(path: Path) -> list[bytes]:
    """Return the contents of the `colr` boxes of a file's primary image, in order.

    Args:
        path: A file of boxes.

    Raises:
        OSError: The file cannot be read.
        struct.error, IndexError: The boxes are damaged.
    """
    with path.open("rb") as file:
        name, header = _header(file)
    if name == b"jp2h":
        return [content for kind, content in _boxes(header) if kind == b"colr"]
    parts = dict(_boxes(header[4:]))
    properties = dict(_boxes(parts[b"iprp"]))
    stored = list(_boxes(properties[b"ipco"]))
    numbers = _associated(properties[b"ipma"], _primary_item(parts[b"pitm"]))
    chosen = [stored[number - 1] for number in numbers if 0 < number <= len(stored)]
    return [content for kind, content in chosen if kind == b"colr"]


def _header(file: IO[bytes]) -> tuple[bytes, bytes]:
    """Return name and content of the first box that describes the image."""
    while True:
        size, name = struct.unpack(">I4s", file.read(8))
        head = 8
        if size == 1:
            (size,) = struct.unpack(">Q", file.read(8))
            head = 16
        if name in (b"meta", b"jp2h"):
            return name, file.read(min(size - head, _LARGEST) if size else _LARGEST)
        if size < head:  # 0: the last box
            raise IndexError("no header")
        file.seek(size - head, 1)


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield name and content of each box."""
    place = 0
    while place + 8 <= len(data):
        size, name = struct.unpack_from(">I4s", data, place)
        head = 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, place + 8)
            head = 16
        size = size or len(data) - place
        if size < head:
            return
        yield name, data[place + head : place + size]
        place += size


def _primary_item(box: bytes) -> int:
    return int.from_bytes(box[4:6] if box[0] == 0 else box[4:8])


def _associated(box: bytes, item: int) -> list[int]:
    """Return the numbers, from 1, of an item's properties."""
    long_items, long_numbers = box[0] > 0, box[3] & 1
    (count,) = struct.unpack_from(">I", box, 4)
    place, size = 8, 2 if long_numbers else 1
    for _ in range(count):
        width = 4 if long_items else 2
        number = int.from_bytes(box[place : place + width])
        entries = box[place + width]
        place += width + 1
        if number == item:
            marks = [box[place + size * n : place + size * (n + 1)] for n in range(entries)]
            # The first bit says whether the property is essential.
            return [int.from_bytes(mark) & (0x7FFF if long_numbers else 0x7F) for mark in marks]
        place += size * entries
    return []
