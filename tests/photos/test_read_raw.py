"""Raw files: the JPEG of the camera, or development by LibRaw; orientation and metadata."""

import io
import struct

import exif_blocks
import numpy as np
import pytest
from PIL import Image

from photos import PhotoError, load_photo, read_header

MAKER, MODEL, ORIENTATION, EXPOSURE, COLOR_SPACE = 0x010F, 0x0110, 0x0112, 0x829A, 0xA001
HEIGHT, WIDTH = 64, 96


def dng(orientation=1, preview=None):
    """Return a DNG of a Bayer mosaic: the left half is red, the right half is gray."""
    mosaic = np.full((HEIGHT, WIDTH), 2000, "<u2")
    mosaic[:, : WIDTH // 2] = 300
    mosaic[::2, : WIDTH // 2 : 2] = 3000
    identity = b"".join(struct.pack("<2i", round(v * 10000), 10000) for v in XYZ_TO_SRGB)
    shorts = lambda *values: (3, len(values), struct.pack(f"<{len(values)}H", *values))  # noqa: E731
    longs = lambda *values: (4, len(values), struct.pack(f"<{len(values)}I", *values))  # noqa: E731
    main = {
        254: longs(0),
        256: longs(WIDTH),
        257: longs(HEIGHT),
        258: shorts(16),
        259: shorts(1),
        262: shorts(32803),
        MAKER: (2, 6, b"Maker\0"),
        MODEL: (2, 6, b"Model\0"),
        273: longs(0),
        ORIENTATION: shorts(orientation),
        277: shorts(1),
        278: longs(HEIGHT),
        279: longs(mosaic.nbytes),
        33421: shorts(2, 2),
        33422: (1, 4, bytes([0, 1, 1, 2])),
        50706: (1, 4, bytes([1, 4, 0, 0])),
        50708: (2, 6, b"Model\0"),
        50717: longs(4095),
        50721: (10, 9, identity),
        50728: (5, 3, struct.pack("<6I", 1, 1, 1, 1, 1, 1)),
        50778: shorts(21),
    }
    if preview is not None:  # the first directory holds the preview, the second one the mosaic
        encoded = io.BytesIO()
        preview.save(encoded, "JPEG", quality=95)
        return _with_preview(main, mosaic, encoded.getvalue(), preview.size, orientation)
    details = {EXPOSURE: (5, 1, struct.pack("<2I", 1, 100)), COLOR_SPACE: shorts(2)}
    main[273] = longs(len(exif_blocks.build(main, details)))
    return exif_blocks.build(main, details) + mosaic.tobytes()


def _with_preview(mosaic_tags, mosaic, jpeg, size, orientation):
    kept = (MAKER, MODEL, 50706, 50708, 50721, 50728, 50778)
    first = {tag: mosaic_tags[tag] for tag in kept}
    shared = (254, 256, 257, 258, 259, 262, 273, 277, 278, 279, 33421, 33422, 50717)
    second = {tag: mosaic_tags[tag] for tag in shared}
    first |= {
        254: (4, 1, struct.pack("<I", 1)),
        256: (4, 1, struct.pack("<I", size[0])),
        257: (4, 1, struct.pack("<I", size[1])),
        258: (3, 3, struct.pack("<3H", 8, 8, 8)),
        259: (3, 1, struct.pack("<H", 7)),
        262: (3, 1, struct.pack("<H", 6)),
        273: (4, 1, bytes(4)),
        ORIENTATION: (3, 1, struct.pack("<H", orientation)),
        277: (3, 1, struct.pack("<H", 3)),
        278: (4, 1, struct.pack("<I", size[1])),
        279: (4, 1, struct.pack("<I", len(jpeg))),
        330: (4, 1, bytes(4)),
    }
    start = len(exif_blocks.build(first))
    body = exif_blocks.build(second)[8:]
    first[330] = (4, 1, struct.pack("<I", start))
    first[273] = (4, 1, struct.pack("<I", start + len(body) + mosaic.nbytes))
    second[273] = (4, 1, struct.pack("<I", start + len(body)))
    body = exif_blocks.build(second, shift=start - 8)[8:]
    return exif_blocks.build(first) + body + mosaic.tobytes() + jpeg


# From XYZ to the camera's colors, here linear sRGB (IEC 61966-2-1).
XYZ_TO_SRGB = (3.2406, -1.5372, -0.4986, -0.9689, 1.8758, 0.0415, 0.0557, -0.2040, 1.0570)

rawpy = pytest.importorskip("rawpy")


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_a_dng_without_a_jpeg_is_developed(tmp_path, orientation):
    (tmp_path / "x.dng").write_bytes(dng(orientation))
    photo = load_photo(tmp_path / "x.dng")
    upright = {1: 0, 3: 2, 6: -1, 8: 1}[orientation]
    stored = np.rot90(photo.pixels, -upright)
    assert stored.shape == (HEIGHT, WIDTH, 3) and stored.dtype == np.uint8
    red, gray = stored[8:-8, 8 : WIDTH // 2 - 8], stored[8:-8, WIDTH // 2 + 8 : -8]
    assert red[..., 0].mean() > red[..., 1].mean() + 60
    assert np.ptp(gray.reshape(-1, 3).mean(0)) < 12
    assert photo.exif.text(MAKER) == "Maker" and photo.exif.number(ORIENTATION) == 1
    assert 50708 in photo.exif.directories[0] and 50721 not in photo.exif.directories[0]
    assert EXPOSURE in photo.exif.directories[0x8769]
    assert photo.exif.number(COLOR_SPACE, 0x8769) == 1 and photo.space is None  # sRGB


def test_a_whole_jpeg_in_the_file_is_the_photo(tmp_path):
    green = Image.new("RGB", (WIDTH, HEIGHT), (10, 200, 30))
    (tmp_path / "x.dng").write_bytes(dng(6, green))
    photo = load_photo(tmp_path / "x.dng")
    assert photo.pixels.shape == (WIDTH, HEIGHT, 3)
    assert np.abs(photo.pixels.astype(int) - (10, 200, 30)).max() < 6
    assert photo.exif.text(MAKER) == "Maker"
    (tmp_path / "small.dng").write_bytes(dng(1, green.resize((WIDTH // 4, HEIGHT // 4))))
    developed = load_photo(tmp_path / "small.dng").pixels
    assert developed.shape == (HEIGHT, WIDTH, 3) and developed[8:-8, 8:24, 0].mean() > 100
    assert read_header(tmp_path / "small.dng").pixels == HEIGHT * WIDTH


def test_damaged_raw_files_and_other_content(tmp_path):
    whole = dng()
    for name, data in (("cut.dng", whole[:300]), ("text.nef", b"hello " * 99), ("no.cr2", b"")):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(PhotoError, match=name):
            load_photo(tmp_path / name)
    Image.new("RGB", (8, 8), "red").save(tmp_path / "jpeg.dng", "JPEG")
    assert load_photo(tmp_path / "jpeg.dng").encoding.format == "JPEG"


def test_without_rawpy(tmp_path, monkeypatch):
    (tmp_path / "x.dng").write_bytes(dng())
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(PhotoError, match=r"x\.dng: raw files need rawpy: pip install rawpy"):
        load_photo(tmp_path / "x.dng")
