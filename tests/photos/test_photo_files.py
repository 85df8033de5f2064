"""Photos as 8-bit RGB: every format, orientation, metadata, and broken files."""

import io
import os
import warnings
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from photos import PhotoError, color_profile, read_photo, write_photo

REFERENCE = Path(os.environ.get("DPED_REFERENCE_DATA", "../shared/data"))
IPHONE_PHOTO = REFERENCE / "dped/iphone/test_data/full_size_test_images/0.jpg"

ORIENTATION, MAKER, DATE = 0x0112, 0x010F, 0x0132
EXIF, GPS, WIDTH, HEIGHT, EXPOSURE = 0x8769, 0x8825, 0xA002, 0xA003, 0x829A


@pytest.fixture
def image():
    return np.random.default_rng(0).integers(0, 256, (7, 11, 3), np.uint8)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def smooth(height=48, width=64):
    y, x = np.mgrid[:height, :width]
    return np.stack([4 * x, 5 * y, 255 - 2 * (x + y)], -1).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".TIFF", ".bmp"])
def test_lossless_round_trip(tmp_path, image, suffix):
    write_photo(tmp_path / f"x{suffix}", image)
    result = read_photo(tmp_path / f"x{suffix}")
    assert result.dtype == np.uint8
    np.testing.assert_array_equal(result, image)
    assert names(tmp_path) == [f"x{suffix}"]


@pytest.mark.parametrize("suffix", [".jpg", ".JPEG", ".webp"])
def test_lossy_round_trip_is_close(tmp_path, suffix):
    write_photo(tmp_path / f"x{suffix}", smooth())
    error = read_photo(tmp_path / f"x{suffix}").astype(int) - smooth()
    assert np.sqrt(np.mean(error**2)) < 2


def test_jpeg_keeps_full_color_resolution(tmp_path):
    write_photo(tmp_path / "x.jpg", smooth())
    with Image.open(tmp_path / "x.jpg") as photo:
        assert [layer[1:3] for layer in photo.layer] == [(1, 1)] * 3
        assert max(photo.quantization[0]) <= 12  # quality 95


UPRIGHT = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: np.rot90(a),
}


@pytest.mark.parametrize("orientation", UPRIGHT)
def test_orientation_is_applied(tmp_path, image, orientation):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    Image.fromarray(image).save(tmp_path / "x.png", exif=exif)
    np.testing.assert_array_equal(read_photo(tmp_path / "x.png"), UPRIGHT[orientation](image))


def test_metadata_survives_with_orientation_reset(tmp_path):
    exif = Image.Exif()
    exif.update({ORIENTATION: 6, MAKER: "Maker", DATE: "2016:12:17 13:50:25"})
    exif[EXIF] = {WIDTH: 64, HEIGHT: 48, EXPOSURE: 0.01}
    exif[GPS] = {1: "N"}
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    source = tmp_path / "source.jpg"
    Image.fromarray(smooth()).save(source, exif=exif, icc_profile=profile)
    upright = read_photo(source)
    assert upright.shape == (64, 48, 3)
    assert color_profile(source) == profile
    for name in ("x.jpg", "x.png", "x.webp", "x.tif"):
        write_photo(tmp_path / name, upright, source)
        assert read_photo(tmp_path / name).shape == upright.shape, name
        with Image.open(tmp_path / name) as photo:
            kept = photo.getexif()
            assert (kept[ORIENTATION], kept[MAKER]) == (1, "Maker"), name
            assert dict(kept.get_ifd(EXIF)) == {WIDTH: 48, HEIGHT: 64, EXPOSURE: 0.01}, name
            assert dict(kept.get_ifd(GPS)) == {1: "N"}, name
            assert photo.info["icc_profile"] == profile, name


def test_metadata_of_a_tiff_does_not_describe_the_copy(tmp_path, image):
    exif = Image.Exif()
    exif[MAKER] = "Maker"
    Image.fromarray(image).convert("L").save(tmp_path / "gray.tif", exif=exif)
    write_photo(tmp_path / "x.tif", image, tmp_path / "gray.tif")
    np.testing.assert_array_equal(read_photo(tmp_path / "x.tif"), image)
    with Image.open(tmp_path / "x.tif") as photo:
        assert photo.getexif()[MAKER] == "Maker"


def test_gray_profile_is_not_given_to_rgb(tmp_path, image):
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[16:20] = b"GRAY"
    Image.fromarray(image).convert("L").save(tmp_path / "g.png", icc_profile=bytes(profile))
    assert color_profile(tmp_path / "g.png") is None
    write_photo(tmp_path / "x.png", image, tmp_path / "g.png")
    with Image.open(tmp_path / "x.png") as photo:
        assert "icc_profile" not in photo.info


def test_damaged_metadata_costs_no_photo(tmp_path, image):
    source = tmp_path / "source.jpg"
    Image.fromarray(image).save(source, exif=b"Exif\0\0II*\0\xff\xff\xff\xff garbage")
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("always")
        write_photo(tmp_path / "x.png", read_photo(source), source)
        assert color_profile(source) is None
    assert not shown
    assert read_photo(tmp_path / "x.png").shape == image.shape


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_16_bit_gray_is_scaled(tmp_path, suffix):
    wide = np.array([[0, 128, 129, 257 * 100, 65406, 65535]], np.uint16)
    cv2.imwrite(str(tmp_path / f"x{suffix}"), wide)
    expected = np.array([0, 0, 1, 100, 254, 255])  # nearest of value / 257
    result = read_photo(tmp_path / f"x{suffix}")
    np.testing.assert_array_equal(result, np.broadcast_to(expected[None, :, None], (1, 6, 3)))


def test_16_bit_color(tmp_path):
    rgb = np.array([[[65535, 32896, 0]]], np.uint16)
    cv2.imwrite(str(tmp_path / "x.png"), rgb[..., ::-1])
    np.testing.assert_array_equal(read_photo(tmp_path / "x.png"), [[[255, 128, 0]]])


@pytest.mark.parametrize(
    ("mode", "color", "expected"),
    [
        ("1", 1, (255, 255, 255)),
        ("L", 77, (77, 77, 77)),
        ("LA", (0, 51), (204, 204, 204)),
        ("RGBA", (255, 0, 0, 51), (255, 204, 204)),
        ("RGBA", (9, 8, 7, 255), (9, 8, 7)),
        ("CMYK", (0, 255, 255, 0), (255, 0, 0)),
    ],
)
def test_modes_become_rgb(tmp_path, mode, color, expected):
    path = tmp_path / ("x.tif" if mode == "CMYK" else "x.png")
    Image.new(mode, (3, 2), color).save(path)
    np.testing.assert_array_equal(read_photo(path), np.broadcast_to(expected, (2, 3, 3)))


def test_palette_with_and_without_transparency(tmp_path):
    indexed = Image.new("P", (2, 1))
    indexed.putpalette([10, 20, 30, 40, 50, 60])
    indexed.putpixel((1, 0), 1)
    indexed.save(tmp_path / "opaque.png")
    indexed.save(tmp_path / "clear.png", transparency=0)
    np.testing.assert_array_equal(
        read_photo(tmp_path / "opaque.png"), [[[10, 20, 30], [40, 50, 60]]]
    )
    np.testing.assert_array_equal(
        read_photo(tmp_path / "clear.png"), [[[255, 255, 255], [40, 50, 60]]]
    )


def broken_files():
    encoded = io.BytesIO()
    noise = np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8)
    Image.fromarray(noise).save(encoded, "JPEG")
    jpeg = encoded.getvalue()
    encoded = io.BytesIO()
    Image.fromarray(noise).save(encoded, "PNG")
    png = encoded.getvalue()
    return {
        "empty.jpg": (b"", "not an image"),
        "text.jpg": (b"hello, world\n" * 50, "not an image"),
        "half.jpg": (jpeg[: len(jpeg) // 2], "truncated"),
        "header.jpg": (jpeg[:300], "damaged|truncated"),
        "half.png": (png[: len(png) // 2], "truncated"),
        "flipped.png": (png[:60] + b"\0" * 40 + png[100:], "damaged"),
    }


@pytest.mark.parametrize("name", broken_files())
def test_broken_files_are_named_in_one_line(tmp_path, name):
    content, reason = broken_files()[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(PhotoError, match=reason) as raised:
        read_photo(tmp_path / name)
    assert str(raised.value).startswith(f"{tmp_path / name}: ")
    assert "\n" not in str(raised.value)


def test_missing_folder_and_float_files(tmp_path):
    with pytest.raises(PhotoError, match="No such file"):
        read_photo(tmp_path / "none.jpg")
    with pytest.raises(PhotoError, match="directory"):
        read_photo(tmp_path)
    Image.fromarray(np.ones((2, 2), np.float32)).save(tmp_path / "f.tif")
    with pytest.raises(PhotoError, match="floating-point"):
        read_photo(tmp_path / "f.tif")


def test_failed_writes_leave_nothing(tmp_path, image, monkeypatch):
    with pytest.raises(PhotoError, match="cannot write"):
        write_photo(tmp_path / "x.gif", image)
    with pytest.raises(PhotoError, match="cannot be written"):
        write_photo(tmp_path / "none" / "x.png", image)
    with pytest.raises(PhotoError, match="cannot be written"):
        write_photo(tmp_path / "big.jpg", np.zeros((1, 70000, 3), np.uint8))
    with pytest.raises(TypeError, match="uint8"):
        write_photo(tmp_path / "x.png", image / 255)
    assert names(tmp_path) == []


def test_an_interrupted_write_keeps_the_file_that_was_there(tmp_path, image, monkeypatch):
    write_photo(tmp_path / "x.jpg", image)
    before = read_photo(tmp_path / "x.jpg")

    def interrupted(self, path, *words, **options):
        path.write(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(Image.Image, "save", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_photo(tmp_path / "x.jpg", 255 - image)
    assert names(tmp_path) == ["x.jpg"]
    np.testing.assert_array_equal(read_photo(tmp_path / "x.jpg"), before)


@pytest.mark.skipif(not IPHONE_PHOTO.is_file(), reason="needs DPED_REFERENCE_DATA")
def test_a_real_phone_photo(tmp_path):
    photo = read_photo(IPHONE_PHOTO)
    assert photo.shape == (1536, 2048, 3)
    write_photo(tmp_path / "x.jpg", photo, IPHONE_PHOTO)
    with Image.open(tmp_path / "x.jpg") as copy, Image.open(IPHONE_PHOTO) as original:
        old, new = original.getexif(), copy.getexif()
        assert new[MAKER] == old[MAKER] == "Apple"
        assert new.get_ifd(EXIF)[EXPOSURE] == old.get_ifd(EXIF)[EXPOSURE]
    error = read_photo(tmp_path / "x.jpg").astype(np.float32) - photo
    assert np.sqrt(np.mean(error**2)) < 3
