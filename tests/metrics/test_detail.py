"""Noise gain in flat areas and sharpness at edges, against closed forms."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from scipy.stats import norm

from metrics import noise_gain, sharpness
from metrics.filters import gaussian

ROUNDING = 1 / 255 / np.sqrt(12)


def noise(*shape, sigma, seed=0):
    return sigma * np.random.default_rng(seed).standard_normal(shape)


def step(sigma, place=50, low=0.3, high=0.7, size=100):
    """Draw a vertical edge between two grays, blurred by `sigma` pixels."""
    row = low + (high - low) * norm.cdf(np.arange(size) - place + 0.5, scale=sigma)
    return np.ones((1, size, size, 3)) * row[:, None]


# --- noise --------------------------------------------------------------------------------------


def test_amplified_noise_is_its_gain():
    grain = noise(2, 40, 50, 3, sigma=0.004)
    images = 0.4 + np.array([3, 0.5])[:, None, None, None] * grain
    np.testing.assert_allclose(noise_gain(images, 0.6 + grain), [3, 0.5], rtol=1e-3)


def test_noise_over_a_clean_target_counts_in_units_of_rounding():
    target = np.full((1, 200, 200, 3), 0.5)
    assert noise_gain(target, target) == [1]
    # x - G*x keeps 1 - 2·G(0) + ΣG² of the variance of white noise.
    kernel = gaussian(9, 1.5)
    kept = np.sqrt(1 - 2 * kernel.max() ** 2 + np.square(kernel).sum() ** 2)
    found = noise_gain(target + noise(1, 200, 200, 3, sigma=0.02), target)
    assert found[0] == pytest.approx(0.02 * kept / ROUNDING, rel=0.01)
    # One noisy channel of three.
    blue = target.copy()
    blue[..., 2:] += noise(1, 200, 200, 1, sigma=0.02)
    assert noise_gain(blue, target)[0] == pytest.approx(0.02 * kept / ROUNDING / 3**0.5, rel=0.02)


def test_only_the_flat_part_of_the_target_counts():
    target = np.full((1, 60, 80, 3), 0.5)
    target[:, :, 40:] += noise(1, 60, 40, 3, sigma=0.1)
    images = target.copy()
    images[:, :, 40:] += noise(1, 60, 40, 3, sigma=0.1, seed=1)
    assert noise_gain(images, target) == [1]
    images[:, :, :30] += noise(1, 60, 30, 3, sigma=0.01)
    assert noise_gain(images, target)[0] > 5


def test_edges_a_few_pixels_off_are_no_noise():
    assert noise_gain(step(1, place=53), step(1))[0] == pytest.approx(1, abs=0.01)


def test_a_slow_slope_is_flat_and_a_color_edge_is_not():
    slope = np.ones((1, 60, 60, 3)) * np.arange(60)[:, None] * 0.5 / 255 + 0.3
    assert noise_gain(slope + noise(1, 60, 60, 3, sigma=0.02), slope)[0] > 5
    stripes = np.full((1, 60, 60, 3), 0.5)  # of one gray
    stripes[:, :, ::2] += (0.1, -0.1, 0)
    assert np.isnan(noise_gain(stripes, stripes))


def test_grain_up_to_three_levels_is_flat():
    for levels, flat in ((2.5, True), (3.5, False)):
        target = 0.5 + noise(1, 60, 60, 3, sigma=levels / 255)
        assert np.isfinite(noise_gain(target, target)[0]) == flat


def test_where_the_target_is_burnt_out_nothing_is_measured():
    white = np.ones((1, 50, 50, 3))
    images = white - np.abs(noise(1, 50, 50, 3, sigma=0.02))
    for burnt in (white, white * (1, 0.5, 0.5), white * (0.5, 0.5, 1), 0 * white):
        assert np.isnan(noise_gain(images, burnt))


def test_without_a_flat_area_there_is_no_noise_gain():
    textured = 0.5 + noise(3, 50, 50, 3, sigma=0.1)
    textured[1, :20, :20] = textured[2, :16, :15] = 0.5
    found = noise_gain(
        textured, textured
    )  # 225 flat pixels of 2,500 less a border of five; some 60
    assert np.isnan(found[0])
    np.testing.assert_array_equal(found[1:], 1)
    textured[2] = 0.5 + noise(50, 50, 3, sigma=0.1)
    textured[2, :9, :9] = 0.5  # 16, less than a hundredth
    assert np.isnan(noise_gain(textured, textured)[2])


# --- sharpness ----------------------------------------------------------------------------------


def share(sigma, edge):
    """Divide fine by coarse detail at the columns `edge` of a step blurred by `sigma` pixels."""
    x = np.arange(100)[edge] - 50 + 0.5
    sharp, smooth, coarse = (norm.cdf(x, scale=np.hypot(sigma, more)) for more in (0, 1.5, 5))
    return np.sqrt(np.mean((sharp - smooth) ** 2) / np.mean((smooth - coarse) ** 2))


@pytest.mark.parametrize(("image", "target"), [(2, 1), (3, 1), (1, 2), (1.5, 1.5)])
def test_sharpness_of_a_step_is_the_closed_form(image, target):
    slope = 0.4 * norm.pdf(np.arange(100) - 50 + 0.5, scale=np.hypot(target, 1.5))
    steep = np.flatnonzero(slope >= 8 / 255)
    edge = slice(steep[0] - 4, steep[-1] + 5)
    expected = share(image, edge) / share(target, edge)
    assert sharpness(step(image), step(target))[0] == pytest.approx(expected, rel=0.02)
    assert (expected < 0.8) == (image > target)


def scene(seed=0):
    """Draw disks of random grays and sizes, which have edges in all directions."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:100, :100]
    image = np.full((100, 100), 0.5)
    for _ in range(25):
        row, column, radius = rng.uniform((0, 0, 5), (100, 100, 20))
        image[np.hypot(rows - row, columns - column) < radius] = rng.uniform(0.1, 0.9)
    return np.repeat(gaussian_filter(image, 0.8)[None, ..., None], 3, -1)


def test_contrast_and_brightness_do_not_change_sharpness():
    target = scene()
    for gain, offset in ((1, 0), (0.5, 0.2), (0.8, 0)):
        found = sharpness(gain * target + offset, target)
        assert found[0] == pytest.approx(1, abs=1e-3)


def test_blur_lowers_sharpness_and_sharpening_raises_it():
    target = scene()
    blurred = [gaussian_filter(target, (0, sigma, sigma, 0)) for sigma in (0.5, 1, 2)]
    scores = [float(sharpness(image, target)[0]) for image in blurred]
    assert 1 > scores[0] > scores[1] > scores[2] > 0.2
    assert sharpness(np.clip(2 * target - blurred[1], 0, 1), target)[0] > 1.2
    # A shift by a pixel is no loss of sharpness.
    found = sharpness(target[:, :, 1:], target[:, :, :-1])
    assert found[0] == pytest.approx(1, abs=0.03)
    assert sharpness(np.full_like(target, 0.5), target)[0] == pytest.approx(0, abs=1e-4)


def test_without_edges_there_is_no_sharpness():
    flat = np.full((1, 50, 50, 3), 0.5)
    slope = np.ones((1, 50, 50, 3)) * np.arange(50)[:, None] * 3 / 255  # straight, and gentle
    assert np.isnan(sharpness(scene()[:, :50, :50], flat))
    assert np.isnan(sharpness(slope, slope))
    both = np.concatenate([flat, step(1, size=50, place=25)])
    np.testing.assert_array_equal(np.isnan(sharpness(both, both)), [True, False])
