"""Each step of one-click enhancement has its effect, and strengths of zero change nothing."""

import dataclasses

import cv2
import numpy as np
import pytest
import skimage.data

from inference.one_click import TUNED, enhance_one_click
from inference.one_click import OneClickSettings as Settings


@pytest.fixture(scope="module")
def photo():
    return skimage.data.coffee()[100:300, 150:400]


def light(image):
    return cv2.cvtColor(image, cv2.COLOR_RGB2Lab)[..., 0].astype(float) / 255


def chroma(image):
    lab = cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2Lab)
    return np.hypot(lab[..., 1], lab[..., 2]).mean()


def test_zeros_leave_a_photo_as_it_is(photo):
    assert np.abs(enhance_one_click(photo, Settings()).astype(int) - photo).max() <= 1


def test_white_balance_takes_a_cast_away():
    gray = np.random.default_rng(0).integers(60, 200, (100, 100, 1), np.uint8)
    tinted = np.clip(gray * [1.0, 0.9, 0.7], 0, 255).astype(np.uint8)
    halfway, whole = (enhance_one_click(tinted, Settings(white_balance=s)) for s in (0.5, 1.0))
    casts = [np.ptp(image.mean(axis=(0, 1))) for image in (tinted, halfway, whole)]
    assert casts[0] > 35
    assert 0.3 * casts[0] < casts[1] < 0.7 * casts[0]
    assert casts[2] < 2


def test_levels_fill_the_range():
    dull = np.linspace(80, 160, 10_000).astype(np.uint8).reshape(100, 100, 1).repeat(3, axis=2)
    result = enhance_one_click(dull, Settings(levels=1.0))
    assert result.min() < 5 and result.max() > 250


def test_gamma_steers_to_the_brightness(photo):
    dark = photo // 2
    bright = enhance_one_click(dark, Settings(gamma=1.0, brightness=0.45))
    assert light(dark).mean() < 0.3
    assert light(bright).mean() == pytest.approx(0.45, abs=0.05)
    ranks = [np.argsort(np.argsort(light(image).ravel()[::97])) for image in (dark, bright)]
    assert np.corrcoef(*ranks)[0, 1] > 0.98  # a tone curve keeps the order


def test_saturation_scales_chroma(photo):
    ratio = chroma(enhance_one_click(photo // 2, Settings(saturation=0.3))) / chroma(photo // 2)
    assert ratio == pytest.approx(1.3, abs=0.05)  # the gamut cuts a little off


def test_local_contrast_and_sharpening_raise_detail_and_denoising_lowers_noise(photo):
    def detail(image):
        return np.std(light(image) - cv2.GaussianBlur(light(image), (0, 0), 2))

    plain = detail(photo)
    assert detail(enhance_one_click(photo, Settings(contrast=1.0))) > 1.1 * plain
    assert detail(enhance_one_click(photo, Settings(sharpen=1.0))) > 1.2 * plain
    rng = np.random.default_rng(0)
    noisy = np.clip(120 + rng.normal(0, 4, (80, 80, 3)), 0, 255).astype(np.uint8)
    assert enhance_one_click(noisy, Settings(denoise=5.0)).std() < 0.6 * noisy.std()


@pytest.mark.parametrize("shape", [(7, 300, 3), (128, 129, 3), (300, 7, 3)])
@pytest.mark.parametrize("value", [0, 128, 255])
def test_odd_and_flat_photos_survive(shape, value):
    result = enhance_one_click(np.full(shape, value, np.uint8))
    assert result.shape == shape and result.dtype == np.uint8
    assert np.ptp(result.reshape(-1, 3), axis=0).max() <= 2


def test_the_tuned_strengths_are_those_that_were_found():
    assert Settings() != TUNED
    assert all(value >= 0 for value in dataclasses.asdict(TUNED).values())
