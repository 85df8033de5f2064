"""Deflate strips decode to the pixels that were written, in little memory."""

import itertools
import tracemalloc
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image

from photos.files import PhotoError
from photos.read_deflate_tiff import can_read, read_deflate


def written(path, pixels, **options):
    """Write a TIFF; return its tags."""
    tifffile.imwrite(path, pixels, photometric="rgb", compression="zlib", **options)
    with Image.open(path) as image:
        return dict(image.tag_v2)  # type: ignore[attr-defined]


def noise(height, width, channels=3):
    return np.random.default_rng(0).integers(0, 65536, (height, width, channels), np.uint16)


@pytest.mark.parametrize(
    ("order", "predictor", "rows", "planar"),
    [*itertools.product("<>", (False, True), (1, 7, 50), (False, True))],
)
def test_every_layout_gives_the_pixels(tmp_path, order, predictor, rows, planar):
    pixels = noise(50, 33)
    options = {"planarconfig": "separate"} if planar else {}
    stored = np.moveaxis(pixels, -1, 0) if planar else pixels
    path = tmp_path / "a.tif"
    tags = written(path, stored, byteorder=order, predictor=predictor, rowsperstrip=rows, **options)
    assert can_read(tags)
    assert np.array_equal(read_deflate(path, tags, pixels.shape, planar), pixels)


def test_a_strip_of_many_megabytes_is_decoded_in_parts(tmp_path):
    pixels = noise(1500, 1000)
    tags = written(tmp_path / "a.tif", pixels, rowsperstrip=1500, predictor=True)
    tracemalloc.start()
    read = read_deflate(tmp_path / "a.tif", tags, pixels.shape, False)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert np.array_equal(read, pixels)
    assert peak < pixels.nbytes + 8e6


def test_tiles_and_other_compressions_are_left_to_others(tmp_path):
    assert not can_read(written(tmp_path / "a.tif", noise(64, 64), tile=(32, 32)))
    tifffile.imwrite(tmp_path / "b.tif", noise(8, 8), photometric="rgb")
    with Image.open(tmp_path / "b.tif") as image:
        assert not can_read(dict(image.tag_v2))  # type: ignore[attr-defined]


@pytest.mark.parametrize("damage", ["short", "changed", "few", "bomb"])
def test_damage_is_an_error(tmp_path, damage):
    pixels = noise(40, 30)
    path = tmp_path / "a.tif"
    tags = written(path, pixels, rowsperstrip=40)
    content, offset, count = bytearray(path.read_bytes()), tags[273][0], tags[279][0]
    if damage == "short":
        tags[279] = (count // 2,)
    elif damage == "changed":
        content[offset : offset + 20] = bytes(20)
    elif damage == "few":
        tags[278] = 10
    else:  # the strip decodes to far more than the pixels, which is ignored
        content = content[:offset] + zlib.compress(pixels.tobytes() + bytes(10_000_000))
        tags[279] = (len(content) - offset,)
    path.write_bytes(content)
    if damage == "bomb":
        assert np.array_equal(read_deflate(path, tags, pixels.shape, False), pixels)
        return
    with pytest.raises(PhotoError, match="damaged image"):
        read_deflate(path, tags, pixels.shape, False)
