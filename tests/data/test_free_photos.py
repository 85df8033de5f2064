"""Photos under free licenses: their parts, and the resource files that hold some of them."""

import struct

import pytest
from PIL import Image

from data.free_photos import PARTS, FreePhotosConfig, FreePhotosError, main, part_of
from data.qt_resources import read_resources


def test_a_missing_folder_of_packages_is_named(tmp_path):
    with pytest.raises(FreePhotosError, match="typo: no such folder"):
        main(FreePhotosConfig(packages=str(tmp_path / "typo"), output=str(tmp_path / "out")))


def test_photos_that_are_left_out_are_named(tmp_path, capsys):
    city = tmp_path / "city"
    city.mkdir()
    (city / "1.jpg").write_bytes(b"\xff\xd8\xff no photo")
    Image.new("RGB", (400, 100)).save(city / "2.jpg")
    main(FreePhotosConfig(city100=str(city), output=str(tmp_path / "out")))
    lines = capsys.readouterr().err.splitlines()
    left_out = [line for line in lines if line.startswith("left out city100")]
    assert [line.split(":")[0] for line in left_out] == ["left out city100-1", "left out city100-2"]


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
