"""Reading of Qt's binary resource files (`.rcc`), in which GCompris keeps its photos."""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

FOLDER, COMPRESSED = 2, 1  # flags of an entry


def read_resources(path: str | Path) -> Iterator[tuple[str, bytes]]:
    """Yield the files in an `.rcc` file.

    Qt's `rcc` tool writes a header of four numbers (version and offsets), a tree of entries of
    14 bytes (22 from version 2 on), names in UTF-16, and contents that begin with their length.

    Args:
        path: The `.rcc` file.

    Yields:
        The path inside the `.rcc` file, and the content.

    Raises:
        ValueError: The file is not a Qt resource file.
    """
    content = Path(path).read_bytes()
    if content[:4] != b"qres":
        raise ValueError(f"{path}: not a Qt resource file")
    version, tree, data, names = struct.unpack(">IIII", content[4:20])
    entry_size = 14 if version < 2 else 22

    def name(offset: int) -> str:
        (length,) = struct.unpack_from(">H", content, names + offset)
        start = names + offset + 6
        return content[start : start + 2 * length].decode("utf-16-be")

    def walk(index: int, parent: str) -> Iterator[tuple[str, bytes]]:
        entry = tree + index * entry_size
        name_offset, flags = struct.unpack_from(">IH", content, entry)
        full = f"{parent}/{name(name_offset)}" if index else ""
        if flags & FOLDER:
            count, first = struct.unpack_from(">II", content, entry + 6)
            for child in range(first, first + count):
                yield from walk(child, full)
            return
        (offset,) = struct.unpack_from(">I", content, entry + 10)
        (length,) = struct.unpack_from(">I", content, data + offset)
        start = data + offset + 4
        stored = content[start : start + length]
        yield full.lstrip("/"), zlib.decompress(stored[4:]) if flags & COMPRESSED else stored

    yield from walk(0, "")
