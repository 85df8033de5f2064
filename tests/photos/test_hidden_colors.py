"""Colors under transparent pixels change nothing that is seen."""

import numpy as np
import pytest
from fake_engines import FakeEngine
from fake_photos import DISPLAY_P3, profile_of

from photos import Photo, load_photo, save_photo
from photos.batches.before_after import reduced
from photos.batches.enhance_photo import enhance_photo
from photos.colors.color_signals import IccProfile
from photos.hidden_colors import HiddenColors
from photos.photo import over_white, to_8_bit

HEIGHT, WIDTH = 61, 83  # no multiples of a cell
# A network that mixes all pixels: it darkens a photo by its mean and by each pixel's surroundings.
mixing = FakeEngine(lambda x: x - 0.3 * x.mean((1, 2), keepdims=True) - 0.2 * np.roll(x, 1, 2))


def disk(dtype, channels):
    """Return a smooth picture whose alpha is a disk with a soft rim."""
    top = np.iinfo(dtype).max
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    planes = [x / WIDTH, y / HEIGHT, (x + y) / (WIDTH + HEIGHT)][: channels - 1]
    alpha = np.clip((25 - np.hypot(y - 30, x - 40)) / 3, 0, 1)
    return np.rint(np.stack([*planes, alpha], -1) * top).astype(dtype)


def hide(pixels, kind):
    """Return the same visible picture with other hidden colors."""
    pixels, top = pixels.copy(), np.iinfo(pixels.dtype).max
    hidden = pixels[..., -1] == 0
    shape = (*pixels.shape[:2], pixels.shape[2] - 1)
    values = {
        "black": np.zeros(shape),
        "white": np.full(shape, top),
        "noise": np.random.default_rng(1).integers(0, top + 1, shape),
    }
    pixels[hidden, :-1] = values[kind][hidden]
    return pixels


def visible(pixels):
    return over_white(to_8_bit(pixels)).astype(int)


@pytest.mark.parametrize("channels", [2, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("profile", [None, profile_of(2.2, DISPLAY_P3)])
@pytest.mark.parametrize("strength", [0.5, 1.0])
def test_hidden_colors_change_nothing_that_is_seen(dtype, channels, profile, strength):
    signal = IccProfile(profile if channels == 4 else profile_of(1.8)) if profile else None
    results = []
    for kind in ("black", "white", "noise"):
        pixels = hide(disk(dtype, channels), kind)
        photo = Photo(pixels.copy(), signal)
        enhance_photo(mixing, photo, strength)
        np.testing.assert_array_equal(photo.pixels[..., -1], pixels[..., -1])
        hidden = pixels[..., -1] == 0
        np.testing.assert_array_equal(photo.pixels[hidden], pixels[hidden])  # nothing is lost
        assert np.abs(visible(photo.pixels) - visible(pixels)).max() > 20
        results.append(photo.pixels[~hidden])
    np.testing.assert_array_equal(results[0], results[1])
    np.testing.assert_array_equal(results[0], results[2])


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_colors_that_are_hardly_seen_hardly_count(dtype):
    """A color under an alpha of 1/255 changes what is seen by as little as it is seen."""
    results = []
    for kind in ("black", "white"):
        pixels = hide(disk(dtype, 4), kind)
        hidden = pixels[..., -1] == 0
        pixels[hidden, -1] = np.iinfo(dtype).max // 255
        photo = Photo(pixels)
        enhance_photo(mixing, photo)
        results.append(visible(photo.pixels)[~hidden])
    assert np.abs(results[0] - results[1]).max() <= 4


def test_the_network_sees_the_visible_neighbors():
    seen = []
    photo = Photo(hide(disk(np.uint8, 4), "noise"))
    enhance_photo(FakeEngine(lambda x: seen.append(x[0]) or x), photo)
    whole = disk(np.uint8, 4)[..., :3] / 255
    rim = (photo.pixels[..., 3] == 0) & (np.hypot(*np.mgrid[-30:31, -40:43]) < 29)
    assert rim.sum() > 300
    error = np.abs(seen[-1] - whole)[rim]  # the picture goes on beyond the rim
    assert error.max() < 0.2 and error.mean() < 0.08
    opaque = photo.pixels[..., 3] == 255
    assert np.abs(seen[-1] - whole)[opaque].max() < 0.003


def test_fill_of_a_constant_picture_is_constant():
    pixels = np.full((HEIGHT, WIDTH, 4), 77, np.uint8)
    pixels[..., 3] = 0
    pixels[20:40, 30:50, 3] = 255
    photo = Photo(pixels)
    hidden = HiddenColors.of(photo, lambda rows: photo.colors[rows].astype(np.float32))
    assert hidden is not None
    for rows in (slice(0, 7), slice(7, HEIGHT)):
        fill = hidden.of_rows(rows)
        assert fill.shape == (rows.stop - rows.start, WIDTH, 3)
        np.testing.assert_allclose(fill, 77, atol=1.5)  # a little of the white of nothing at all


def test_a_photo_without_a_visible_pixel_and_an_opaque_one():
    empty, whole = np.zeros((9, 9, 4), np.uint8), np.full((9, 9, 4), 255, np.uint8)
    photo = Photo(empty.copy())
    enhance_photo(mixing, photo)
    np.testing.assert_array_equal(photo.pixels, empty)
    assert HiddenColors.of(Photo(whole), lambda rows: whole[rows, :, :3]) is None


@pytest.mark.parametrize("suffix", ["webp", "heic", "avif"])
def test_hidden_colors_do_not_bleed_through_a_lossy_codec(tmp_path, suffix):
    pytest.importorskip("pillow_heif")
    results = []
    for kind in ("black", "white", "noise"):
        save_photo(tmp_path / f"a.{suffix}", Photo(hide(disk(np.uint8, 4), kind)))
        results.append(visible(load_photo(tmp_path / f"a.{suffix}").pixels))
    assert np.abs(results[0] - results[1]).max() <= 1
    assert np.abs(results[0] - results[2]).max() <= 1
    assert np.abs(results[0] - visible(disk(np.uint8, 4))).mean() < 2


def test_lossless_files_keep_hidden_colors(tmp_path):
    from photos.photo import Encoding

    pixels = hide(disk(np.uint8, 4), "noise")
    for name in ("a.png", "a.tif", "a.bmp", "a.webp"):
        save_photo(tmp_path / name, Photo(pixels, encoding=Encoding("WEBP", lossless=True)))
        np.testing.assert_array_equal(load_photo(tmp_path / name).pixels, pixels)


def test_comparisons_show_what_is_seen():
    one, other = (reduced(Photo(hide(disk(np.uint8, 4), kind))) for kind in ("black", "noise"))
    np.testing.assert_array_equal(one, other)
