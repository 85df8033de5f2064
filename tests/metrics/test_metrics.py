import math

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from skimage.metrics import structural_similarity

from data.packed import read_patch
from data.pair_files import test_pairs
from metrics import ms_ssim, pooled_psnr, psnr, ssim


def image(*shape, seed=0):
    """Make smooth noise, which has structure at every scale."""
    rng = np.random.default_rng(seed)
    result = rng.random(shape)
    for axis in (1, 2):
        for _ in range(3):
            result = (result + np.roll(result, 1, axis)) / 2
    return result


def pair(height=48, width=60, count=2, noise=0.1):
    targets = image(count, height, width, 3)
    rng = np.random.default_rng(1)
    amount = noise * np.arange(1, count + 1)[:, None, None, None]
    return np.clip(0.8 * targets + amount * rng.normal(size=targets.shape), 0, 1), targets


# --- PSNR ---------------------------------------------------------------------------------------


def test_psnr_by_hand():
    target = np.full((3, 4, 5, 3), 0.25)
    images = target + np.array([0.1, -0.01, 0.5])[:, None, None, None]
    np.testing.assert_allclose(psnr(images, target), [20, 40, 6.0206], atol=1e-4)
    # Mean squared error (0.01 + 0.0001 + 0.25) / 3.
    assert pooled_psnr(images, target) == pytest.approx(-10 * math.log10(0.2601 / 3), abs=1e-9)


def test_psnr_averages_squares_over_pixels_and_channels():
    target = np.zeros((1, 2, 5, 2))
    images = target.copy()
    images[0, 1, 3, 1] = 0.2  # 0.04 / 20 = 0.002
    assert psnr(images, target)[0] == pytest.approx(26.9897, abs=1e-4)
    assert pooled_psnr(images, target) == pytest.approx(26.9897, abs=1e-4)


def test_only_the_rule_per_image_clips():
    target = np.ones((1, 2, 2, 3))
    target[0, 0] = 0
    images = target + np.where(target > 0, 0.2, -0.2)
    assert psnr(images, target)[0] == math.inf
    assert pooled_psnr(images, target) == pytest.approx(-10 * math.log10(0.04))
    images[0, 0, 0, 0] = 0.6  # the rest clips to no error: 0.36 / 12
    assert psnr(images, target)[0] == pytest.approx(-10 * math.log10(0.03))


def test_identical_images_have_infinite_psnr_without_a_warning(recwarn):
    target = image(2, 8, 8, 3)
    images = target.copy()
    assert (psnr(images, target) == math.inf).all()
    assert pooled_psnr(images, target) == math.inf
    images[1] += 0.1
    assert psnr(images, target)[0] == math.inf and math.isfinite(psnr(images, target)[1])
    assert math.isfinite(pooled_psnr(images, target))
    assert not recwarn.list


def test_the_two_rules_differ_as_mean_and_logarithm_do():
    target = np.zeros((2, 3, 3, 3))
    images = target + np.array([0.1, 0.001])[:, None, None, None]
    assert psnr(images, target).mean() == pytest.approx(40)  # (20 + 60) / 2
    assert pooled_psnr(images, target) == pytest.approx(-10 * math.log10(0.0050005))


def test_psnr_of_float32_images_is_computed_in_float64():
    target = np.full((1, 50, 50, 3), 0.5, np.float32)
    result = psnr(target + np.float32(2**-12), target)
    assert result.dtype == np.float64
    assert result[0] == pytest.approx(240 * math.log10(2), abs=1e-9)


# --- SSIM ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("height", "width"), [(48, 60), (11, 30), (11, 11), (37, 12)])
def test_ssim_equals_scikit_image(height, width):
    images, targets = pair(height, width)
    expected = [
        structural_similarity(
            *(x, y),
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
            channel_axis=-1,
            data_range=1,
        )
        for x, y in zip(images, targets, strict=True)
    ]
    np.testing.assert_allclose(ssim(images, targets), expected, atol=1e-7)
    assert ssim(images, targets)[1] < ssim(images, targets)[0] < 0.95


def test_ssim_clips_the_images():
    images, targets = pair()
    beyond = np.where(images == 1, 1.4, np.where(images == 0, -0.3, images))
    assert (beyond != images).any()
    np.testing.assert_array_equal(ssim(beyond, targets), ssim(images, targets))
    np.testing.assert_array_equal(ms_ssim(beyond, targets), ms_ssim(images, targets))


def test_ssim_of_constants_is_the_luminance_term():
    x, y = np.full((1, 20, 20, 3), 0.5), np.full((1, 20, 20, 3), 0.25)
    expected = (2 * 0.5 * 0.25 + 1e-4) / (0.25 + 0.0625 + 1e-4)
    assert ssim(x, y)[0] == pytest.approx(expected, rel=1e-9)
    # Contrast is 1 at each level; luminance counts at the last level only, with its weight.
    assert ms_ssim(x, y)[0] == pytest.approx(expected**0.1333, rel=1e-9)


def test_identical_images_score_one():
    targets = image(2, 40, 33, 3)
    np.testing.assert_allclose(ssim(targets, targets), 1, atol=1e-12)
    np.testing.assert_allclose(ms_ssim(targets, targets), 1, atol=1e-12)


# --- MS-SSIM ------------------------------------------------------------------------------------


def slow_ms_ssim(x, y):
    """Compute MS-SSIM of one image pair from its definition, at range 255, window by window."""
    x, y = 255 * x, 255 * y
    score = 1.0
    for level, weight in enumerate((0.0448, 0.2856, 0.3001, 0.2363, 0.1333), start=1):
        size = min(11, *x.shape[:2])
        sigma = 1.5 * size / 11
        center = (size - 1) / 2
        window = np.array(
            [
                [math.exp(-((i - center) ** 2 + (j - center) ** 2) / 2 / sigma**2)
                 for j in range(size)]
                for i in range(size)
            ]
        )  # fmt: skip
        window /= window.sum()
        similarities, contrasts = [], []
        for channel in range(x.shape[2]):
            a = sliding_window_view(x[:, :, channel], (size, size)).reshape(-1, size, size)
            b = sliding_window_view(y[:, :, channel], (size, size)).reshape(-1, size, size)
            for p, q in zip(a, b, strict=True):
                mean_p, mean_q = (window * p).sum(), (window * q).sum()
                variance_p = (window * (p - mean_p) ** 2).sum()
                variance_q = (window * (q - mean_q) ** 2).sum()
                covariance = (window * (p - mean_p) * (q - mean_q)).sum()
                c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
                contrast = (2 * covariance + c2) / (variance_p + variance_q + c2)
                luminance = (2 * mean_p * mean_q + c1) / (mean_p**2 + mean_q**2 + c1)
                contrasts.append(contrast)
                similarities.append(luminance * contrast)
        score *= np.mean(similarities if level == 5 else contrasts) ** weight
        x, y = slow_half(x), slow_half(y)
    return score


def slow_half(x):
    height, width, _ = x.shape

    def pixel(i, j):  # a reflected border repeats the last row and column
        return x[min(i, height - 1), min(j, width - 1)]

    return np.array(
        [
            [(pixel(i, j) + pixel(i + 1, j) + pixel(i, j + 1) + pixel(i + 1, j + 1)) / 4
             for j in range(0, width, 2)]
            for i in range(0, height, 2)
        ]
    )  # fmt: skip


# 100 → 50 → 25 → 13 → 7 as for patches of DPED. The other sizes need even windows and windows of 1.
@pytest.mark.parametrize(("height", "width"), [(100, 30), (45, 32), (16, 19)])
def test_ms_ssim_equals_the_recipe(height, width):
    images, targets = pair(height, width)
    expected = [slow_ms_ssim(x, y) for x, y in zip(images, targets, strict=True)]
    np.testing.assert_allclose(ms_ssim(images, targets), expected, rtol=1e-7)
    assert 0.1 < expected[1] < expected[0] < 0.99


def test_ms_ssim_of_a_negative_is_zero_not_nan():
    targets = image(1, 40, 40, 3)
    assert ms_ssim(1 - targets, targets)[0] == 0


# --- real pairs ---------------------------------------------------------------------------------


def test_the_input_row_of_the_measured_table(reference_data):
    folder = test_pairs(reference_data / "dped", "iphone")
    assert len(folder) == 40
    phone, target = (
        np.stack([read_patch(path) for path in side]).astype(np.float32) / 255
        for side in (folder.phone, folder.target)
    )
    assert psnr(phone, target).mean() == pytest.approx(17.410, abs=6e-4)
    assert pooled_psnr(phone, target) == pytest.approx(15.900, abs=6e-4)
    assert ssim(phone, target).mean() == pytest.approx(0.6869, abs=6e-5)
    assert ms_ssim(phone, target).mean() == pytest.approx(0.8384, abs=6e-5)
