import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from metrics import color_aligned_psnr, color_aligned_ssim, psnr, ssim
from metrics.color_aligned import color_aligned, color_aligned_both

rng = np.random.default_rng(0)
TARGETS = np.stack([gaussian_filter(rng.random((40, 40, 3)), (2, 2, 0)) for _ in range(3)])
TARGETS = 0.3 + 0.4 * (TARGETS - TARGETS.min()) / np.ptp(TARGETS)
MATRIX = np.array([[0.9, 0.1, 0.0], [0.05, 0.7, 0.1], [0.0, 0.2, 0.8]])


def mapped(images):
    return images @ MATRIX + [0.05, -0.02, 0.01]


def test_a_color_map_costs_nothing():
    images = mapped(TARGETS)
    assert psnr(images, TARGETS).max() < 40
    assert np.all(np.isposinf(color_aligned_psnr(images, TARGETS)))
    np.testing.assert_allclose(color_aligned_ssim(images, TARGETS), 1, atol=1e-9)


def test_what_a_color_map_cannot_explain_counts():
    """Noise in the result has the PSNR of that noise, whatever the colors are."""
    noisy = TARGETS + rng.normal(0, 0.02, TARGETS.shape)
    plain, after_map = (
        color_aligned_psnr(noisy, TARGETS),
        color_aligned_psnr(mapped(noisy), TARGETS),
    )
    np.testing.assert_allclose(plain, after_map, atol=1e-6)
    assert np.all(plain >= psnr(noisy, TARGETS)) and np.all(plain < 45)
    blurred = np.stack([gaussian_filter(x, (3, 3, 0)) for x in TARGETS])
    assert np.all(color_aligned_ssim(blurred, TARGETS) < 0.99)


def test_the_map_is_that_of_least_squares():
    images = TARGETS + rng.normal(0, 0.05, TARGETS.shape)
    for image, target, aligned in zip(images, TARGETS, color_aligned(images, TARGETS), strict=True):
        x = np.c_[image.reshape(-1, 3), np.ones(1600)]
        expected = x @ np.linalg.lstsq(x, target.reshape(-1, 3), rcond=None)[0]
        np.testing.assert_allclose(aligned.reshape(-1, 3), expected, atol=1e-9)


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_an_image_without_colors_gives_the_mean_of_the_target(value):
    flat = np.full_like(TARGETS, value)
    expected = np.broadcast_to(TARGETS.mean((1, 2), keepdims=True), TARGETS.shape)
    np.testing.assert_allclose(color_aligned(flat, TARGETS), expected, atol=1e-9)
    gray = np.repeat(TARGETS.mean(-1, keepdims=True), 3, axis=-1)  # one direction of color only
    assert np.isfinite(color_aligned_ssim(gray, TARGETS)).all()


def test_both_are_the_two_alone():
    images = np.clip(TARGETS + rng.normal(0, 0.1, TARGETS.shape), 0, 1)
    ratio, similarity = color_aligned_both(images, TARGETS)
    np.testing.assert_array_equal(ratio, color_aligned_psnr(images, TARGETS))
    np.testing.assert_array_equal(similarity, color_aligned_ssim(images, TARGETS))
    assert np.all(similarity >= ssim(images, TARGETS) - 0.05)
