"""EXIF as directories of tags: CIPA DC-008 (Exif 3.0), Adobe TIFF Revision 6.0.

Values are copied byte by byte, whatever their type is. Pillow would convert each value to a Python
number and back, and lose the whole block where one value does not fit the type that Pillow expects.
`read_exif.py` reads a file.
"""

import dataclasses
import struct
from typing import Literal, NamedTuple

from PIL import ExifTags

MAIN, DETAILS, GPS, INTEROP = 0, 0x8769, 0x8825, 0xA005
ORIENTATION, MAKER_NOTE = 0x0112, 0x927C
BYTE, ASCII, SHORT, LONG, UNDEFINED = 1, 2, 3, 4, 7
PREFIX = b"Exif\0\0"

POINTERS = {DETAILS: MAIN, GPS: MAIN, INTEROP: DETAILS}  # directory: directory that points to it
_LARGEST_PLACE = 65_000  # of a maker's note that keeps its place: the end of a JPEG's block


# By type, one letter of `struct` for each part of a number.
_CODES = {1: "B", 3: "H", 4: "I", 5: "II", 6: "b", 8: "h", 9: "i", 10: "ii", 11: "f", 12: "d"}
_WHOLE = ("B", "H", "I", "b", "h", "i")


class Tag(NamedTuple):
    """The value of a tag.

    Attributes:
        kind: The type, as the file numbers types.
        count: The number of values of that type.
        data: The values, in the byte order of the file.
    """

    kind: int
    count: int
    data: bytes


Directory = dict[int, Tag]
Order = Literal["<", ">"]


@dataclasses.dataclass
class Exif:
    """The directories of a photo's EXIF.

    Attributes:
        order: The byte order, "<" or ">".
        directories: The directories that are not empty, by `MAIN`, `DETAILS`, `GPS`, `INTEROP`.
        note_place: Where the maker's note was, in bytes from the start, or None. Some makers count
            their offsets from the start of the block, so the note keeps its place if it can.
    """

    order: Order = "<"
    directories: dict[int, Directory] = dataclasses.field(default_factory=dict)
    note_place: int | None = None

    def text(self, tag: int, directory: int = MAIN) -> str:
        """Return the text of a tag; an empty string where there is none."""
        found = self.directories.get(directory, {}).get(tag)
        if found is None or found.kind not in (ASCII, 129):
            return ""
        return found.data.split(b"\0")[0].decode("utf-8", "replace").strip()

    def number(self, tag: int, directory: int = MAIN) -> int | None:
        """Return the first number of a tag that holds whole numbers, or None."""
        found = self.directories.get(directory, {}).get(tag)
        code = _CODES.get(found.kind) if found else None
        if found is None or code not in _WHOLE or not found.count:
            return None
        return struct.unpack_from(self.order + code, found.data)[0]

    def numbers(self, tag: int, directory: int = MAIN) -> list[float]:
        """Return the numbers of a tag, fractions too; none for another type or a division by 0."""
        found = self.directories.get(directory, {}).get(tag)
        if found is None or found.kind not in _CODES:
            return []
        code = _CODES[found.kind]
        numbers = struct.unpack(f"{self.order}{found.count * len(code)}{code[0]}", found.data)
        if len(code) == 1:
            return [float(number) for number in numbers]
        pairs = list(zip(numbers[::2], numbers[1::2], strict=True))
        return [] if any(below == 0 for _, below in pairs) else [a / b for a, b in pairs]

    def set_text(self, tag: int, text: str, directory: int = MAIN) -> None:
        """Set a tag to a text, which is written as UTF-8."""
        data = text.encode() + b"\0"
        self.directories.setdefault(directory, {})[tag] = Tag(ASCII, len(data), data)

    def set_numbers(self, tag: int, *numbers: int, kind: int = LONG, directory: int = MAIN) -> None:
        """Set a tag to whole numbers of the type `SHORT` or `LONG`."""
        code = "H" if kind == SHORT else "I"
        data = struct.pack(f"{self.order}{len(numbers)}{code}", *numbers)
        self.directories.setdefault(directory, {})[tag] = Tag(kind, len(numbers), data)

    def copy(self) -> "Exif":
        """Return a copy with directories of its own."""
        directories = {number: dict(tags) for number, tags in self.directories.items()}
        return dataclasses.replace(self, directories=directories)

    def tobytes(self) -> bytes:
        """Return the block of a JPEG's segment: `Exif`, two zeros, and a TIFF of no pixels."""
        return PREFIX + self.block()

    def block(self) -> bytes:
        """Return the directories as a TIFF of no pixels."""
        directories = {n: dict(tags) for n, tags in self.directories.items() if tags}
        for number, parent in reversed(POINTERS.items()):
            if number in directories:
                directories.setdefault(parent, {})[number] = Tag(LONG, 1, bytes(4))
        return _Writer(self.order, directories, self.note_place).block()


def tag_name(tag: int, directory: int = MAIN) -> str:
    """Return the name of a tag, or its number where it has none."""
    names = ExifTags.GPSTAGS if directory == GPS else ExifTags.TAGS
    return names.get(tag, f"tag 0x{tag:04X}")


class _Writer:
    """Puts directories and values one after another, around a maker's note that keeps its place."""

    def __init__(self, order: str, directories: dict[int, Directory], note_place: int | None):
        self._order, self._directories = order, directories
        note = directories.get(DETAILS, {}).get(MAKER_NOTE)
        self._note = note.data if note is not None and len(note.data) > 4 else b""
        fits = note_place is not None and 8 <= note_place <= _LARGEST_PLACE - len(self._note)
        self._note_place = note_place if fits and self._note else None
        self._at = 8

    def block(self) -> bytes:
        places = {number: self._take(6 + 12 * len(t)) for number, t in self._directories.items()}
        parts = {}
        for number, tags in self._directories.items():
            entries = struct.pack(f"{self._order}H", len(tags))
            for tag, (kind, count, data) in sorted(tags.items()):
                if tag in places and POINTERS.get(tag) == number:
                    held = struct.pack(f"{self._order}I", places[tag])
                elif len(data) <= 4:
                    held = data.ljust(4, b"\0")
                else:
                    place = self._place_of(number, tag, data)
                    parts[place], held = data, struct.pack(f"{self._order}I", place)
                entries += struct.pack(f"{self._order}HHI", tag, kind, count) + held
            parts[places[number]] = entries + bytes(4)
        magic = b"II*\0" if self._order == "<" else b"MM\0*"
        result = bytearray(max(self._at, *(p + len(d) for p, d in parts.items()), 8))
        result[:8] = magic + struct.pack(f"{self._order}I", places.get(MAIN, 0))
        for place, part in parts.items():
            result[place : place + len(part)] = part
        return bytes(result)

    def _place_of(self, number: int, tag: int, data: bytes) -> int:
        if self._note_place is not None and (number, tag) == (DETAILS, MAKER_NOTE):
            return self._note_place
        return self._take(len(data))

    def _take(self, size: int) -> int:
        """Return an even place for `size` bytes that does not overlap the maker's note."""
        place = self._at
        if self._note_place is not None:
            end = self._note_place + len(self._note)
            if place < end and place + size > self._note_place:
                place = end + end % 2
        self._at = place + size + size % 2
        return place
