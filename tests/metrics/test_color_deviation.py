import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from skimage.color import deltaE_ciede2000, rgb2lab

from metrics import color_deviation

# Sharma, Wu and Dalal 2005, table 1: two CIELAB colors and their difference. The pairs are those
# that implementations get wrong: hues across 0° and 180°, colors without a hue.
PUBLISHED = np.array(
    [
        [50, 2.6772, -79.7751, 50, 0, -82.7485, 2.0425],
        [50, 3.1571, -77.2803, 50, 0, -82.7485, 2.8615],
        [50, 2.8361, -74.0200, 50, 0, -82.7485, 3.4412],
        [50, -1.3802, -84.2814, 50, 0, -82.7485, 1.0000],
        [50, -1.1848, -84.8006, 50, 0, -82.7485, 1.0000],
        [50, -0.9009, -85.5211, 50, 0, -82.7485, 1.0000],
        [50, 0, 0, 50, -1, 2, 2.3669],
        [50, -1, 2, 50, 0, 0, 2.3669],
        [50, 2.49, -0.001, 50, -2.49, 0.0009, 7.1792],
        [50, 2.49, -0.001, 50, -2.49, 0.0010, 7.1792],
        [50, 2.49, -0.001, 50, -2.49, 0.0011, 7.2195],
        [50, 2.49, -0.001, 50, -2.49, 0.0012, 7.2195],
        [50, -0.001, 2.49, 50, 0.0009, -2.49, 4.8045],
        [50, -0.001, 2.49, 50, 0.0010, -2.49, 4.8045],
        [50, -0.001, 2.49, 50, 0.0011, -2.49, 4.7461],
        [50, 2.5, 0, 50, 0, -2.5, 4.3065],
        [50, 2.5, 0, 73, 25, -18, 27.1492],
        [50, 2.5, 0, 61, -5, 29, 22.8977],
        [50, 2.5, 0, 56, -27, -3, 31.9030],
        [50, 2.5, 0, 58, 24, 15, 19.4535],
        [50, 2.5, 0, 50, 3.1736, 0.5854, 1.0000],
        [50, 2.5, 0, 50, 3.2972, 0, 1.0000],
        [50, 2.5, 0, 50, 1.8634, 0.5757, 1.0000],
        [50, 2.5, 0, 50, 3.2592, 0.3350, 1.0000],
        [60.2574, -34.0099, 36.2677, 60.4626, -34.1751, 39.4387, 1.2644],
        [63.0109, -31.0961, -5.8663, 62.8187, -29.7946, -4.0864, 1.2630],
        [61.2901, 3.7196, -5.3901, 61.4292, 2.2480, -4.9620, 1.8731],
        [35.0831, -44.1164, 3.7933, 35.0232, -40.0716, 1.5901, 1.8645],
        [22.7233, 20.0904, -46.6940, 23.0331, 14.9730, -42.5619, 2.0373],
        [36.4612, 47.8580, 18.3852, 36.2715, 50.5065, 21.2231, 1.4146],
        [90.8027, -2.0831, 1.4410, 91.1528, -1.6435, 0.0447, 1.4441],
        [90.9257, -0.5406, -0.9208, 88.6381, -0.8985, -0.7239, 1.5381],
        [6.7747, -0.2908, -2.4247, 5.8714, -0.0985, -2.2286, 0.6377],
        [2.0776, 0.0795, -1.1350, 0.9033, -0.0636, -0.5514, 0.9082],
    ]
)


def flat(*color):
    return np.ones((1, 20, 20, 3)) * np.array(color)


def scenes(count, height, width, seed):
    noise = np.random.default_rng(seed).random((count, height, width, 3))
    return np.clip(0.5 + 4 * (gaussian_filter(noise, (0, 3, 3, 0)) - 0.5), 0, 1)


def test_the_formula_gives_the_published_differences():
    found = deltaE_ciede2000(PUBLISHED[:, :3], PUBLISHED[:, 3:6])
    np.testing.assert_allclose(found, PUBLISHED[:, 6], atol=5.1e-5)


def test_grays_by_hand():
    """For grays, only the lightness term of CIEDE2000 is left."""

    def lightness(gray):  # of sRGB
        linear = ((gray + 0.055) / 1.055) ** 2.4
        return 116 * linear ** (1 / 3) - 16

    first, second = lightness(0.5), lightness(0.6)
    assert first == pytest.approx(53.389, abs=1e-3)
    square = ((first + second) / 2 - 50) ** 2
    expected = (second - first) / (1 + 0.015 * square / np.sqrt(20 + square))
    found = color_deviation(flat(0.5, 0.5, 0.5), flat(0.6, 0.6, 0.6))
    assert found[0] == pytest.approx(expected, abs=1e-3)


def test_the_grid_stands_for_every_pixel_and_every_picture_for_itself():
    images, targets = scenes(3, 50, 61, 0), scenes(3, 50, 61, 1)
    blurred = (gaussian_filter(x, (0, 3, 3, 0), truncate=3) for x in (images, targets))
    everywhere = deltaE_ciede2000(*map(rgb2lab, blurred))
    found = color_deviation(images, targets)
    np.testing.assert_allclose(found, everywhere[:, 1::3, 1::3].mean((1, 2)), rtol=1e-5)
    np.testing.assert_allclose(found, everywhere.mean((1, 2)), rtol=0.02)
    assert (np.abs(np.diff(found)) > 0.02 * found[1:]).all()


def test_what_the_blur_takes_is_no_color():
    plain = np.ones((1, 120, 120, 3)) * np.array([0.5, 0.4, 0.3])
    stripes = plain + np.where(np.arange(120) % 2, -0.2, 0.2)[:, None]
    # The blur works on encoded values; in linear light the stripes would be lighter. The mirrored
    # border doubles a stripe.
    assert color_deviation(stripes, plain)[0] < 0.3
    assert color_deviation(plain + 0.02, plain)[0] > 1.5


def test_values_that_a_screen_cannot_show_do_not_count():
    assert color_deviation(flat(1.3, 1, -0.2), flat(1, 1, 0)) == [0]
    assert color_deviation(flat(0.9, 1, 0), flat(1, 1, 0))[0] > 1
