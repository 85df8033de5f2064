import io
import struct

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from align.alignment_error import AlignmentError
from align.matching.convert_colors import color_transform
from align.matching.read_photos import bits_per_channel, read_camera_photo

ORIENTATION = 0x0112
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
# Adobe RGB (1998), Annex C: the primaries' XYZ under D50; the exponent is stored in 256ths.
ADOBE_PRIMARIES = {
    b"rXYZ": (0.60974, 0.31111, 0.01947),
    b"gXYZ": (0.20528, 0.62567, 0.06087),
    b"bXYZ": (0.14919, 0.06322, 0.74457),
}
ADOBE_GAMMA = 563


def rgb_profile(primaries, gamma):
    """Return the bytes of a display profile of three primaries and one exponent (ICC.1:2001-04)."""
    tags = {
        tag: b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(65536 * value) for value in xyz))
        for tag, xyz in {**primaries, b"wtpt": (0.9505, 1.0, 1.0891)}.items()
    }
    curve = b"curv\0\0\0\0" + struct.pack(">IH2x", 1, gamma)
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    position = 128 + 4 + 12 * len(tags)
    table, data = struct.pack(">I", len(tags)), b""
    for tag, content in tags.items():
        table += tag + struct.pack(">2I", position + len(data), len(content))
        data += content
    size = struct.pack(">I", position + len(data))
    header = size + b"\0\0\0\0" + b"\2\x20\0\0" + b"mntrRGB XYZ " + bytes(12) + b"acsp"
    illuminant = struct.pack(">3i", 63190, 65536, 54061)
    return header.ljust(68, b"\0") + illuminant + bytes(48) + table + data


ADOBE = rgb_profile(ADOBE_PRIMARIES, ADOBE_GAMMA)


@pytest.fixture
def scene():
    """Return blobs of color, large enough for a photo: 240×320."""
    blobs = np.random.default_rng(0).integers(0, 256, (6, 8, 3), np.uint8)
    return cv2.resize(blobs, (320, 240), interpolation=cv2.INTER_CUBIC)


def save(path, pixels, **options):
    Image.fromarray(pixels).save(path, **options)
    return path


def refusal(path):
    """Return the reason of an error, whose message is one line that starts with the path."""
    with pytest.raises(AlignmentError) as raised:
        read_camera_photo(path)
    message = str(raised.value)
    assert message.startswith(f"{path}: ")
    assert message.count(str(path)) == 1 and "\n" not in message
    return message.removeprefix(f"{path}: ")


def test_a_photo_comes_upright_with_its_profile(tmp_path, scene):
    exif = Image.Exif()
    exif[ORIENTATION] = 6  # the top of the scene is at the right of the file
    path = save(tmp_path / "x.png", np.rot90(scene), exif=exif, icc_profile=ADOBE)
    photo = read_camera_photo(path)
    assert photo.pixels.dtype == np.uint8
    np.testing.assert_array_equal(photo.pixels, scene)  # with the file's own values
    assert photo.profile == ADOBE
    assert read_camera_photo(save(tmp_path / "y.jpg", scene)).profile is None


def test_orientation_of_a_jpeg(tmp_path, scene):
    exif = Image.Exif()
    exif[ORIENTATION] = 3
    path = save(tmp_path / "x.jpg", scene[::-1, ::-1], exif=exif, quality=100, subsampling=0)
    error = read_camera_photo(path).pixels.astype(int) - scene
    assert np.sqrt(np.mean(error**2)) < 2


def test_files_that_are_not_photos(tmp_path, scene):
    (tmp_path / "text.jpg").write_text("no photo")
    assert "not an image" in refusal(tmp_path / "text.jpg")
    (tmp_path / "empty.png").touch()
    assert "not an image" in refusal(tmp_path / "empty.png")
    for name in ("half.jpg", "half.png", "half.tif"):
        whole = save(tmp_path / name, scene).read_bytes()
        (tmp_path / name).write_bytes(whole[: len(whole) // 2])
        refusal(tmp_path / name)
    assert "truncated" in refusal(tmp_path / "half.jpg")
    (tmp_path / "stub.tif").write_bytes(b"II*\0\xff\xff\xff\x7f")
    (tmp_path / "stub.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    for name in ("stub.tif", "stub.png"):
        assert bits_per_channel(tmp_path / name) == 8
        assert "not an image" in refusal(tmp_path / name)


def test_a_file_that_cannot_be_read_says_nothing_of_the_photo(tmp_path):
    for path, kind in ((tmp_path / "none.jpg", FileNotFoundError), (tmp_path, IsADirectoryError)):
        with pytest.raises(kind) as raised:
            read_camera_photo(path)
        assert raised.value.filename == str(path)


@pytest.mark.parametrize("mode", ["L", "LA", "1", "P", "RGB"])
def test_grayscale_is_refused_however_it_is_stored(tmp_path, scene, mode):
    path = tmp_path / "x.png"
    Image.fromarray(scene).convert("L").convert(mode).save(path)
    assert refusal(path) == "grayscale: the photo has no color to learn from"


def test_one_colored_pixel_makes_no_photo_gray(tmp_path, scene):
    gray = np.repeat(scene[..., :1], 3, axis=2)
    assert "grayscale" in refusal(save(tmp_path / "gray.jpg", gray))
    gray[7, 9] = (1, 2, 3)  # between the pixels that are looked at first
    read_camera_photo(save(tmp_path / "x.png", gray))


@pytest.mark.parametrize("name", ["x.png", "x.tif"])
@pytest.mark.parametrize("channels", [1, 3])
def test_more_than_8_bits(tmp_path, scene, name, channels):
    wide = scene.astype(np.uint16) * 257
    cv2.imwrite(str(tmp_path / name), wide[..., 0] if channels == 1 else wide)
    assert refusal(tmp_path / name) == "16 bits a channel: save the photo with 8 bits"


def test_floating_point_is_more_than_8_bits(tmp_path, scene):
    path = save(tmp_path / "x.tif", scene[..., 0] / np.float32(255))
    assert "32 bits a channel" in refusal(path)


def test_bits_of_other_files(tmp_path, scene):
    for name in ("x.png", "x.tif", "x.jpg", "x.bmp", "x.webp"):
        assert bits_per_channel(save(tmp_path / name, scene)) == 8
        read_camera_photo(tmp_path / name)
    Image.fromarray(scene).convert("1").save(tmp_path / "x.png")
    assert bits_per_channel(tmp_path / "x.png") == 1


def test_shapes_at_the_limits(tmp_path, scene):
    wide = cv2.resize(scene, (500, 200))  # 2.5 times as long
    read_camera_photo(save(tmp_path / "wide.png", wide))
    read_camera_photo(save(tmp_path / "tall.png", np.rot90(wide)))
    assert refusal(save(tmp_path / "a.png", cv2.resize(scene, (501, 200)))) == (
        "501×200 pixels: a panorama cannot be aligned"
    )
    assert "200×501" in refusal(save(tmp_path / "b.png", cv2.resize(scene, (200, 501))))
    assert refusal(save(tmp_path / "c.png", wide[:199])) == (
        "500×199 pixels: the short side needs 200"
    )
    assert "needs 200" in refusal(save(tmp_path / "d.png", scene[:1, :1]))


@pytest.mark.parametrize("level", [0, 12, 128, 255])
@pytest.mark.parametrize("noise", [0, 8])
def test_blank_frames(tmp_path, level, noise):
    # Noise of 8 levels is 0.03 of full scale: more than MIN_DEVIATION pixel by pixel, but an eighth
    # of that in squares of 8×8.
    grain = np.random.default_rng(1).normal(0, noise, (240, 320, 3))
    pixels = np.clip(level + grain, 0, 255).astype(np.uint8)
    assert "blank" in refusal(save(tmp_path / "x.png", pixels))


def test_the_faintest_scene_that_is_not_blank(tmp_path):
    # Halves that differ by 2d have the standard deviation d: 2 is below 2.55, 3 above it.
    for d, blank in ((2, True), (3, False)):
        pixels = np.full((240, 320, 3), (100, 101, 102), np.uint8)
        pixels[:, 160:] += 2 * np.uint8(d)
        path = save(tmp_path / f"{d}.png", pixels)
        if blank:
            assert "blank" in refusal(path)
        else:
            read_camera_photo(path)


def test_colors_are_converted_to_the_phones_space():
    to_adobe = color_transform(phone_profile=ADOBE, dslr_profile=None)
    tall = np.zeros((600, 2, 3), np.uint8)  # more rows than are converted at a time
    tall[0], tall[299], tall[599] = (255, 0, 0), (0, 255, 0), (255, 255, 255)
    before = tall.copy()
    result = to_adobe(tall)
    assert result.dtype == np.uint8 and result.shape == tall.shape
    np.testing.assert_array_equal(tall, before)
    # sRGB's primaries in Adobe RGB, as color tables have them; white and black stay.
    expected = {0: (219, 0, 0), 1: (0, 0, 0), 299: (144, 255, 60), 599: (255, 255, 255)}
    for row, color in expected.items():
        np.testing.assert_allclose(result[row].astype(int), [color] * 2, atol=1)


def test_colors_come_from_the_dslrs_space():
    to_srgb = color_transform(phone_profile=None, dslr_profile=ADOBE)
    colors = np.uint8([[(219, 0, 0), (144, 255, 60), (0, 255, 0), (127, 127, 127)]])
    # The last but one is outside sRGB and clipped; 127 by an exponent of 2.2 is 0.2157, which
    # sRGB encodes as 128.
    expected = [[(255, 0, 0), (0, 255, 0), (0, 255, 0), (128, 128, 128)]]
    np.testing.assert_allclose(to_srgb(colors).astype(int), expected, atol=2)


def test_equal_spaces_need_no_transform():
    assert color_transform(None, None) is None
    assert color_transform(SRGB, None) is None
    assert color_transform(None, SRGB) is None
    assert color_transform(ADOBE, ADOBE) is None
    # An exponent 1 % greater makes v^1.01 of v: at v = 1/e 0.4 % of full scale less, one level.
    assert color_transform(ADOBE, rgb_profile(ADOBE_PRIMARIES, ADOBE_GAMMA + 6)) is None
    assert color_transform(ADOBE, rgb_profile(ADOBE_PRIMARIES, ADOBE_GAMMA + 30)) is not None


def test_a_broken_profile_counts_as_missing():
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    for broken in (b"", b"junk" * 100, ADOBE[:200], ADOBE[:-60], lab):
        assert color_transform(None, broken) is None
        assert color_transform(broken, SRGB) is None
        to_adobe = color_transform(ADOBE, broken)
        red = to_adobe(np.uint8([[[255, 0, 0]]])).astype(int)
        np.testing.assert_allclose(red, [[[219, 0, 0]]], atol=1)


def test_the_profile_made_here_is_one():
    profile = ImageCms.ImageCmsProfile(io.BytesIO(ADOBE)).profile
    assert profile.xcolor_space == "RGB "
    np.testing.assert_allclose(profile.red_colorant[0], ADOBE_PRIMARIES[b"rXYZ"], atol=1e-4)
