"""Photos under free licenses: their parts, and the resource files that hold some of them."""

import struct

import pytest

from data.free_photos import PARTS, part_of
from data.qt_resources import read_resources


def test_photos_of_one_subject_are_in_one_part():
    assert part_of("a-tajMahal.png") == part_of("b-TajMahal_background.webp")
    counts = [sum(part_of(f"photo-{n}") == part for n in range(1200)) for part in set(PARTS)]
    assert min(counts) > 60 and max(counts) > 900


def test_qt_resources_are_read(tmp_path):
    names = b"".join(
        struct.pack(">HI", len(name), 0) + name.encode("utf-16-be") for name in ("a", "b.txt")
    )
    second = 6 + 2 * len("a")
    data = struct.pack(">I", 5) + b"hello"
    tree = struct.pack(">IHII", 0, 2, 1, 1)  # the root: one child
    tree += struct.pack(">IHII", 0, 2, 1, 2)  # folder a
    tree += struct.pack(">IHHHI", second, 0, 0, 0, 0)  # file b.txt
    start = 20
    header = b"qres" + struct.pack(
        ">IIII", 1, start, start + len(tree), start + len(tree) + len(data)
    )
    path = tmp_path / "x.rcc"
    path.write_bytes(header + tree + data + names)
    assert list(read_resources(path)) == [("a/b.txt", b"hello")]
    path.write_bytes(b"no")
    with pytest.raises(ValueError, match="not a Qt resource file"):
        list(read_resources(path))
