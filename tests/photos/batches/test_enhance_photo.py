"""One photo through a network, by hand-worked pixels: gray, alpha, strength and color space."""

import numpy as np
import pytest
from fake_engines import FakeEngine
from fake_photos import DISPLAY_P3, noise, profile_of

from photos import Photo
from photos.batches.enhance_photo import enhance_photo
from photos.colors.color_signals import IccProfile

same, inverted = FakeEngine(lambda x: x), FakeEngine(lambda x: 1 - x)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_all_kinds_of_pixels(channels, dtype):
    photo, before = Photo(noise(channels, dtype)), noise(channels, dtype)
    enhance_photo(inverted, photo)
    expected = np.iinfo(dtype).max - Photo(before).colors
    if photo.has_alpha:
        np.testing.assert_array_equal(photo.pixels[..., -1], before[..., -1])
        seen = before[..., -1] >= 0.25 * np.iinfo(dtype).max
        assert 0.6 < seen.mean() < 0.9
        np.testing.assert_array_equal(photo.colors[seen], expected[seen])
    else:
        np.testing.assert_array_equal(photo.colors, expected)


def test_gray_is_the_luma_of_a_color_result():
    photo = Photo(np.full((2, 2, 1), 51, np.uint8))
    enhance_photo(FakeEngine(lambda x: x + np.array([0.2, 0.0, 0.4])), photo)
    assert np.all(photo.pixels == round(51 + 255 * (0.299 * 0.2 + 0.114 * 0.4)))


def test_strength_goes_from_the_photo_to_the_result():
    for strength, expected in ((0, 100), (0.25, 114), (1, 155)):
        photo = Photo(np.full((2, 2, 3), 100, np.uint8))
        enhance_photo(inverted, photo, strength)
        assert np.all(photo.pixels == expected)
    photo = Photo(noise(3), IccProfile(profile_of(2.2, DISPLAY_P3)))
    enhance_photo(inverted, photo, 0)
    np.testing.assert_array_equal(photo.pixels, noise(3))


def test_colors_beyond_srgb_survive():
    pixels = np.array([[[0, 255, 0], [255, 0, 0], [200, 100, 50]]], np.uint8)
    photo = Photo(pixels.copy(), IccProfile(profile_of(2.2, DISPLAY_P3)))
    enhance_photo(same, photo)
    np.testing.assert_array_equal(photo.pixels, pixels)


def test_the_network_sees_srgb():
    seen = []
    photo = Photo(np.full((1, 1, 1), 128, np.uint8), IccProfile(profile_of(1.0)))
    enhance_photo(FakeEngine(lambda x: seen.append(x.copy()) or x), photo)
    expected = 1.055 * (128 / 255) ** (1 / 2.4) - 0.055
    np.testing.assert_allclose(seen[-1].ravel(), expected, atol=0.003)
