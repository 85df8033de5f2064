"""Reader of EXIF, tag by tag: CIPA DC-008 (Exif 3.0), Adobe TIFF Revision 6.0, BigTIFF."""

import io
import struct
from collections.abc import Collection
from pathlib import Path
from typing import IO

from PIL import Image

from photos.exif import (
    DETAILS,
    MAIN,
    MAKER_NOTE,
    POINTERS,
    PREFIX,
    Directory,
    Exif,
    Order,
    Tag,
    tag_name,
)
from photos.png_chunks import raw_profile

LARGEST = 16_000_000  # bytes of all values together; tags beyond them are left out

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 129: 1}
_BIG = 43  # the version of BigTIFF


class ExifError(ValueError):
    """Bytes that are no EXIF."""


def read_exif(
    source: bytes | IO[bytes], skipped: Collection[int] = frozenset()
) -> tuple[Exif, list[str]]:
    """Read EXIF tag by tag.

    Args:
        source: A TIFF file, open, or the block of another file with or without its `PREFIX`.
        skipped: The tags of the main directory whose values are not read.

    Returns:
        An `Exif`, and the names of the tags that are damaged.

    Raises:
        ExifError: There is no TIFF header.
    """
    if isinstance(source, bytes):
        # HEIC and WebP files may have bytes before the prefix, and some programs write it twice.
        while (start := source.find(PREFIX, 0, 64)) >= 0:
            source = source[start + len(PREFIX) :]
        source = io.BytesIO(source)
    return _Reader(source, skipped).read()


def exif_block(image: Image.Image) -> bytes | None:
    """Return the EXIF block of an open file that is no TIFF, or None."""
    if block := image.info.get("exif") or raw_profile(image.info, "exif"):
        return block
    segment = raw_profile(image.info, "APP1")
    return segment if segment.startswith(PREFIX) else None  # or the segment is XMP


def read_exif_of(
    path: str | Path, image: Image.Image, skipped: Collection[int] = frozenset()
) -> tuple[Exif | None, list[str]]:
    """Read the EXIF of a file, as `read_exif` does; a TIFF's main directory belongs to it.

    Args:
        path: The file.
        image: The same file, open.
        skipped: The tags of the main directory whose values are not read.

    Returns:
        An `Exif`, or None if the file has none; and the names of the tags that are damaged.

    Raises:
        ExifError: There is no TIFF header.
    """
    if image.format == "TIFF":
        with Path(path).open("rb") as file:
            return read_exif(file, skipped)
    block = exif_block(image)
    return read_exif(block, skipped) if block else (None, [])


class _Reader:
    def __init__(self, file: IO[bytes], skipped: Collection[int]):
        self._file, self._skipped, self._left = file, skipped, LARGEST
        self._damaged: list[str] = []
        self._visited: set[int] = set()

    def read(self) -> tuple[Exif, list[str]]:
        header = self._bytes(0, 16)
        orders: dict[bytes, Order] = {b"II": "<", b"MM": ">"}
        order = orders.get(header[:2])
        if order is None or len(header) < 8:
            raise ExifError("no TIFF header")
        self._order, self._big = order, struct.unpack_from(f"{order}H", header, 2)[0] == _BIG
        exif = Exif(order)
        wide = self._big and len(header) == 16
        first = struct.unpack_from(f"{order}{'Q' if wide else 'I'}", header, 8 if wide else 4)
        places = {MAIN: first[0]}
        for number in (MAIN, *POINTERS):
            if number in places:
                exif.directories[number] = self._directory(number, places, exif)
        exif.directories = {number: tags for number, tags in exif.directories.items() if tags}
        return exif, self._damaged

    def _directory(self, number: int, places: dict[int, int], exif: Exif) -> Directory:
        """Read a directory, and put the places of those that it points to into `places`."""
        tags: Directory = {}
        place = places[number]
        if place in self._visited:
            return tags
        self._visited.add(place)
        count_code, code, inline = ("Q", "HHQ", 8) if self._big else ("H", "HHI", 4)
        start = struct.calcsize(f"<{count_code}")
        size = struct.calcsize(f"<{code}") + inline
        head = self._bytes(place, start)
        count = struct.unpack(self._order + count_code, head)[0] if len(head) == start else 0
        entries = self._bytes(place + start, min(count, 65535) * size)
        if len(head) < start or len(entries) < count * size:
            self._damaged.append("the end of its EXIF")
        for at in range(0, len(entries) - size + 1, size):
            tag, kind, values = struct.unpack_from(self._order + code, entries, at)
            held = entries[at + size - inline : at + size]
            pointer = struct.unpack(f"{self._order}{'Q' if self._big else 'I'}", held)[0]
            if POINTERS.get(tag) == number:
                places.setdefault(tag, pointer)
            elif tag not in tags and not (number == MAIN and tag in self._skipped):
                data = self._value(kind, values, held, pointer)
                if data is None:
                    self._damaged.append(tag_name(tag, number))
                    continue
                tags[tag] = Tag(kind, values, data)
                if (number, tag) == (DETAILS, MAKER_NOTE) and len(data) > 4:
                    exif.note_place = pointer
        return tags

    def _value(self, kind: int, count: int, held: bytes, pointer: int) -> bytes | None:
        """Return the bytes of a value, or None if the value is damaged or too large."""
        size = _SIZES.get(kind, 0) * count
        if kind not in _SIZES or size > self._left:
            return None
        data = held[:size] if size <= len(held) else self._bytes(pointer, size)
        self._left -= len(data)
        return data if len(data) == size else None

    def _bytes(self, place: int, size: int) -> bytes:
        try:
            self._file.seek(place)
            return self._file.read(size)
        except (OSError, OverflowError, ValueError):
            return b""
