"""What the samples of a file mean, at 8 and at 16 bits: white as zero, extra samples, alpha."""

import struct

import numpy as np
import pytest
from fake_photos import noise
from made_files import SHORT, bmp, png, tiff

from photos import Photo, load_photo, read_header, save_photo

BOTH = pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
PHOTOMETRIC, EXTRA, ORIENTATION, BITS = 262, 338, 274, 258


def written(path, data):
    """Write a file; return its pixels, which its header promises."""
    path.write_bytes(data)
    photo, header = load_photo(path), read_header(path)
    assert header.pixel_bytes == photo.pixels.nbytes
    assert header.channels == photo.pixels.shape[2]
    return photo.pixels


def top(dtype):
    return np.iinfo(dtype).max


@BOTH
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("deflate", [False, True])
@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("planar", [False, True])
def test_white_as_zero_is_no_negative(tmp_path, dtype, order, deflate, orientation, planar):
    gray = noise(1, dtype)
    tags = [(PHOTOMETRIC, SHORT, [0]), (ORIENTATION, SHORT, [orientation])]
    stored = top(dtype) - gray
    pixels = written(
        tmp_path / "a.tif", tiff(stored, tags, order=order, deflate=deflate, planar=planar)
    )
    expected = np.rot90(gray, -1) if orientation == 6 else gray
    np.testing.assert_array_equal(pixels, expected)
    save_photo(tmp_path / "b.tif", load_photo(tmp_path / "a.tif"))
    np.testing.assert_array_equal(load_photo(tmp_path / "b.tif").pixels, expected)


@BOTH
@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("deflate", [False, True])
def test_all_kinds_of_tiff_are_turned_upright(tmp_path, channels, deflate, orientation, dtype):
    upright = noise(channels, dtype)
    turns = {1: (0, 0), 2: (0, 1), 3: (2, 0), 4: (2, 1), 5: (1, 1), 6: (1, 0), 7: (3, 1), 8: (3, 0)}
    quarters, mirrored = turns[orientation]
    stored = np.rot90(upright[:, ::-1] if mirrored else upright, quarters)
    tags = [(ORIENTATION, SHORT, [orientation])]
    tags += (
        [(EXTRA, SHORT, [2]), (PHOTOMETRIC, SHORT, [channels // 2])] if channels % 2 == 0 else []
    )
    pixels = written(tmp_path / "a.tif", tiff(stored, tags, deflate=deflate))
    np.testing.assert_array_equal(pixels, upright)


@BOTH
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("interlaced", [False, True])
def test_the_transparent_color_of_a_png_is_transparent(tmp_path, dtype, channels, interlaced):
    colors = noise(channels, dtype)
    colors[5, 7] = colors[2, 3]
    colors[6, 6] = colors[2, 3]
    colors[6, 6, -1] ^= 1  # nearly the same color
    chunk = (b"tRNS", colors[2, 3].astype(">u2").tobytes())
    pixels = written(tmp_path / "a.png", png(colors, [chunk], interlaced))
    assert pixels.dtype == dtype
    np.testing.assert_array_equal(pixels[..., :-1], colors)
    alpha = np.where(np.all(colors == colors[2, 3], -1), 0, top(dtype))
    assert alpha[2, 3] == alpha[5, 7] == 0 != alpha[6, 6]
    np.testing.assert_array_equal(pixels[..., -1], alpha)
    save_photo(tmp_path / "b.png", load_photo(tmp_path / "a.png"))
    np.testing.assert_array_equal(load_photo(tmp_path / "b.png").pixels, pixels)


# Stored samples, ExtraSamples, and the channels that remain.
EXTRAS = {
    "unspecified": (4, [0], [0, 1, 2]),
    "alpha": (4, [2], [0, 1, 2, 3]),
    "alpha without a word": (4, None, [0, 1, 2, 3]),
    "two unspecified": (5, [0, 0], [0, 1, 2]),
    "alpha and unspecified": (5, [2, 0], [0, 1, 2, 3]),
    "gray, unspecified": (2, [0], [0]),
    "gray, alpha": (2, [2], [0, 1]),
}


@BOTH
@pytest.mark.parametrize("deflate", [False, True])
@pytest.mark.parametrize("orientation", [1, 3])
@pytest.mark.parametrize("name", EXTRAS)
def test_extra_samples(tmp_path, name, dtype, deflate, orientation):
    count, extra, kept = EXTRAS[name]
    stored = noise(count, dtype)
    tags = [(PHOTOMETRIC, SHORT, [1 if count == 2 else 2]), (ORIENTATION, SHORT, [orientation])]
    tags += [(EXTRA, SHORT, extra)] if extra else []
    pixels = written(tmp_path / "a.tif", tiff(stored, tags, deflate=deflate))
    assert pixels.dtype == dtype
    expected = stored[..., kept]
    np.testing.assert_array_equal(pixels, expected[::-1, ::-1] if orientation == 3 else expected)


@BOTH
@pytest.mark.parametrize("colors", [1, 3])
def test_premultiplied_alpha_is_divided_out(tmp_path, dtype, colors):
    alpha = np.array([0, top(dtype) // 5, top(dtype)])[None, :, None]
    color = np.array([0, top(dtype) // 5 // 2, top(dtype) // 3])[None, :, None]
    stored = np.concatenate([np.repeat(color, colors, 2), alpha], 2).astype(dtype)
    tags = [(PHOTOMETRIC, SHORT, [1 if colors == 1 else 2]), (EXTRA, SHORT, [1])]
    pixels = written(tmp_path / "a.tif", tiff(stored, tags))
    assert pixels.dtype == dtype
    np.testing.assert_array_equal(pixels[..., -1:], alpha)
    share = pixels[0, :, 0] / top(dtype)
    np.testing.assert_allclose(share[1:], [0.5, 1 / 3], atol=0.01 if dtype == np.uint8 else 1e-4)


def test_12_bits_of_gray_fill_16(tmp_path):
    values = np.array([[0, 1, 2048, 4095]], np.uint16)
    packed = b""
    for a, b in values.reshape(-1, 2).tolist():
        packed += bytes([a >> 4, (a & 15) << 4 | b >> 8, b & 255])
    data = tiff(np.frombuffer(packed, np.uint8).reshape(1, 6, 1), [(BITS, SHORT, [12])])
    width = data.index(struct.pack("<HHI", 256, 4, 1)) + 8
    (tmp_path / "a.tif").write_bytes(data[:width] + struct.pack("<I", 4) + data[width + 4 :])
    pixels = load_photo(tmp_path / "a.tif").pixels
    np.testing.assert_array_equal(pixels[0, :, 0], [0, 16, 32776, 65535])


@BOTH
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("suffix", ["png", "tif", "bmp"])
def test_every_kind_of_pixels_survives_every_lossless_format(tmp_path, suffix, channels, dtype):
    pixels = noise(channels, dtype)
    save_photo(tmp_path / f"a.{suffix}", Photo(pixels))
    result = load_photo(tmp_path / f"a.{suffix}").pixels
    if suffix == "bmp" and dtype == np.uint16:
        pixels = np.rint(pixels / 257).astype(np.uint8)
    if channels == 2 and (suffix == "bmp" or (suffix == "tif" and dtype == np.uint16)):
        pixels = pixels[..., [0, 0, 0, 1]]  # where few programs know gray with alpha
    np.testing.assert_array_equal(result, pixels)


def test_a_bmp_of_empty_alpha_is_opaque(tmp_path):
    pixels = noise(4, np.uint8)
    pixels[..., 3] = 0
    result = written(tmp_path / "a.bmp", bmp(pixels))
    np.testing.assert_array_equal(result[..., :3], pixels[..., :3])
    assert np.all(result[..., 3] == 255)
    pixels[0, 0, 3] = 1  # one pixel shows that alpha is meant
    np.testing.assert_array_equal(written(tmp_path / "b.bmp", bmp(pixels)), pixels)
