"""Everything in a photo file beside 8-bit RGB: depth, alpha, gray, profiles, metadata, quality."""

import dataclasses
import io

import numpy as np
import pytest
from fake_photos import DISPLAY_P3, exif_of, noise, profile_of
from PIL import Image, ImageCms

from photos import Photo, load_photo, read_header, save_photo
from photos.colors.color_signals import IccProfile, space_of
from photos.formats import BY_SUFFIX, quantization
from photos.photo import Encoding

MAKER, ORIENTATION, EXIF, GPS, EXPOSURE, THUMBNAIL = 0x010F, 0x0112, 0x8769, 0x8825, 0x829A, 0x0201


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("compressed", [False, True])
def test_lossless_files_give_back_every_bit(tmp_path, suffix, channels, dtype, compressed):
    path, pixels = tmp_path / f"x{suffix}", noise(channels, dtype)
    save_photo(path, Photo(pixels, encoding=Encoding("TIFF", compressed=compressed)))
    result = load_photo(path)
    assert result.pixels.dtype == dtype
    np.testing.assert_array_equal(result.pixels, pixels)
    assert read_header(path).pixel_bytes == pixels.nbytes
    if suffix == ".tif":
        with Image.open(path) as image:
            assert (image.info["compression"] != "raw") == compressed


def test_16_bits_as_other_programs_read_them(tmp_path):
    import cv2

    pixels = noise(3)
    for name in ("x.png", "x.tif"):
        save_photo(tmp_path / name, Photo(pixels))
        read = cv2.imread(str(tmp_path / name), cv2.IMREAD_UNCHANGED)[..., ::-1]
        np.testing.assert_array_equal(read, pixels)


def test_16_bits_of_other_programs(tmp_path):
    import cv2
    import tifffile

    pixels = noise(3)
    lzw = [cv2.IMWRITE_TIFF_COMPRESSION, 5]
    cv2.imwrite(str(tmp_path / "lzw.tif"), pixels[..., ::-1], lzw)
    cv2.imwrite(str(tmp_path / "x.png"), pixels[..., ::-1])
    planes = np.moveaxis(pixels, -1, 0)
    tifffile.imwrite(tmp_path / "planar.tif", planes, photometric="rgb", planarconfig="separate")
    for name in ("lzw.tif", "x.png", "planar.tif"):
        np.testing.assert_array_equal(load_photo(tmp_path / name).pixels, pixels, name)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_16_bits_are_turned_upright_as_8_bits_are(tmp_path, suffix, orientation):
    pixels = noise(3, np.uint8)
    exif = exif_of({ORIENTATION: orientation})
    results = []
    for depth, scale in ((np.uint8, 1), (np.uint16, 257)):
        path = tmp_path / f"{scale}{suffix}"
        save_photo(path, Photo(pixels.astype(depth) * depth(scale), exif=exif))
        results.append(load_photo(path).pixels // scale)
    np.testing.assert_array_equal(*results)
    assert (results[0].shape[:2] == pixels.shape[:2]) == (orientation < 5)


def test_alpha_over_white_where_a_format_has_none(tmp_path):
    pixels = np.zeros((16, 16, 4), np.uint8)
    pixels[..., 3] = 51
    save_photo(tmp_path / "x.jpg", Photo(pixels))
    np.testing.assert_array_equal(load_photo(tmp_path / "x.jpg").pixels, np.full((16, 16, 3), 204))


def test_alpha_and_losslessness_of_webp(tmp_path):
    pixels = noise(4, np.uint8)
    save_photo(tmp_path / "x.webp", Photo(pixels, encoding=Encoding("WEBP", lossless=True)))
    result = load_photo(tmp_path / "x.webp")
    assert result.encoding == Encoding("WEBP", lossless=True)
    np.testing.assert_array_equal(result.pixels, pixels)


def test_no_frequency_of_a_jpeg_is_coarser_than_its_source(tmp_path):
    image = Image.fromarray(noise(3, np.uint8))
    for quality in (50, 95, 100):
        image.save(tmp_path / "source.jpg", quality=quality)
        save_photo(tmp_path / "x.jpg", load_photo(tmp_path / "source.jpg"))
        with Image.open(tmp_path / "source.jpg") as old, Image.open(tmp_path / "x.jpg") as new:
            for table in (0, 1):
                assert np.all(np.array(new.quantization[table]) <= old.quantization[table])
                assert np.max(new.quantization[table]) <= 12 or quality < 95
            assert [layer[1:3] for layer in new.layer] == [(1, 1)] * 3
    assert quantization([[1] * 64, [40] * 64, [3] * 64])[0] == [1] * 64
    assert max(quantization([[1] * 64, [40] * 64, [3] * 64])[1]) == 3
    assert quantization([[0] * 64]) == quantization()


def test_the_thumbnail_is_dropped_and_the_place_on_request(tmp_path):
    exif = Image.Exif()
    exif.update({MAKER: "Maker", EXIF: {EXPOSURE: 0.01}, GPS: {1: "N", 2: (47.0, 22.0, 0.0)}})
    xmp = b'<x:xmpmeta><a tiff:Orientation="6" exif:GPSLatitude="47,22N"/></x:xmpmeta>'
    Image.fromarray(noise(3, np.uint8)).save(tmp_path / "x.jpg", exif=exif, xmp=xmp)
    for suffix in (".jpg", ".png", ".webp", ".tif"):
        for gps in (True, False):
            path = tmp_path / f"out{suffix}"
            save_photo(path, load_photo(tmp_path / "x.jpg", gps))
            with Image.open(path) as image:
                kept = image.getexif()
                assert kept[MAKER] == "Maker" and kept.get_ifd(EXIF)[EXPOSURE] == 0.01
                assert (GPS in kept, b"GPS" in image.info.get("xmp", b"")) == (gps, gps), suffix
                assert b"Orientation" not in image.info.get("xmp", b"")
            assert (b"47,22N" in path.read_bytes()) == gps


def test_profiles_and_metadata_in_16_bit_files(tmp_path):
    exif = exif_of({MAKER: "Maker", EXIF: {EXPOSURE: 0.01}})
    profile = profile_of(2.2, DISPLAY_P3)
    for suffix in (".png", ".tif"):
        path = tmp_path / f"x{suffix}"
        save_photo(path, Photo(noise(3), IccProfile(profile), exif, b"<x:xmpmeta/>"))
        result = load_photo(path)
        assert (result.signal, result.xmp) == (IccProfile(profile), b"<x:xmpmeta/>")
        assert result.exif.directories[EXIF] == exif.directories[EXIF]
        assert result.exif.text(MAKER) == "Maker"


def test_spaces_agree_with_littlecms():
    profile = profile_of(2.2, DISPLAY_P3)
    space = space_of(IccProfile(profile), gray=False)
    values = noise(3, np.uint8)
    source, srgb = ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB")
    transform = ImageCms.buildTransform(source, srgb, "RGB", "RGB", 1)
    expected = np.asarray(transform.apply(Image.fromarray(values))).astype(float)
    assert np.abs(np.clip(space.to_srgb(values), 0, 1) * 255 - expected).max() < 1
    assert space.to_srgb(values).min() < -0.1  # beyond sRGB

    wide = noise(3)
    back = space.from_srgb(space.to_srgb(wide)) * 65535
    assert np.abs(back - wide).max() < 32 and np.abs(back - wide).mean() < 0.1


def test_gray_space_by_hand():
    space = space_of(IccProfile(profile_of(1.0)), gray=True)
    linear = np.array([[[0], [128], [255]]], np.uint8)
    expected = [0, 1.055 * (128 / 255) ** (1 / 2.4) - 0.055, 1]
    np.testing.assert_allclose(space.to_srgb(linear)[0, :, 0], expected, atol=1e-5)


def test_srgb_and_damaged_profiles_give_no_conversion():
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    good = profile_of(2.2, DISPLAY_P3)
    for profile in (srgb, b"", b"garbage" * 40, good[:200], good.replace(b"rTRC", b"xxxx")):
        assert space_of(IccProfile(profile), gray=False) is None
    assert space_of(None, gray=False) is None


def test_cmyk_by_its_profile_and_without(tmp_path):
    Image.new("CMYK", (3, 2), (0, 255, 255, 0)).save(tmp_path / "x.jpg", quality=100)
    result = load_photo(tmp_path / "x.jpg")
    assert result.signal is None
    assert np.abs(result.pixels.astype(int) - [255, 0, 0]).max() < 3


def test_the_content_decides_the_format_and_not_the_suffix(tmp_path):
    Image.fromarray(noise(3, np.uint8)).save(tmp_path / "x.jpg", "PNG")
    np.testing.assert_array_equal(load_photo(tmp_path / "x.jpg").pixels, noise(3, np.uint8))


def test_heic(tmp_path):
    pytest.importorskip("pillow_heif")
    y, x = np.mgrid[:64, :96]
    pixels = np.stack([2 * x, 3 * y, 255 - x - y], -1).astype(np.uint8)
    exif = exif_of({MAKER: "Maker", EXIF: {EXPOSURE: 0.01}})
    profile = profile_of(2.2, DISPLAY_P3)
    save_photo(tmp_path / "x.heic", Photo(pixels, IccProfile(profile), exif, b"<x:xmpmeta/>"))
    result = load_photo(tmp_path / "x.heic")
    assert np.sqrt(np.mean((result.pixels.astype(float) - pixels) ** 2)) < 2
    assert (result.signal, result.xmp) == (IccProfile(profile), b"<x:xmpmeta/>")
    assert result.exif.text(MAKER) == "Maker"
    assert result.exif.directories[EXIF] == exif.directories[EXIF]


def test_heic_without_pillow_heif(tmp_path, monkeypatch):
    from photos import PhotoError

    monkeypatch.setitem(__import__("sys").modules, "pillow_heif", None)
    (tmp_path / "x.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(40))
    with pytest.raises(PhotoError, match=r"x\.heic: HEIC needs pillow-heif: pip install"):
        load_photo(tmp_path / "x.heic")


def test_heic_stays_within_what_decoders_take(tmp_path, monkeypatch):
    pytest.importorskip("pillow_heif")
    photo = Photo(noise(3, np.uint8, 256, 256))
    save_photo(tmp_path / "a.heic", photo)
    size = (tmp_path / "a.heic").stat().st_size
    small = dataclasses.replace(BY_SUFFIX[".heic"], largest_file=size * 3 // 4)
    monkeypatch.setitem(BY_SUFFIX, ".heic", small)
    save_photo(tmp_path / "b.heic", photo)
    assert size / 3 < (tmp_path / "b.heic").stat().st_size <= size * 3 // 4
    assert load_photo(tmp_path / "b.heic").pixels.shape == photo.pixels.shape
