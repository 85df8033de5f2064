"""Each rule for a rejection, tested on both sides of its limit."""

import cv2
import numpy as np
import pytest

from align.matching.reject_windows import (
    cross_correlation,
    is_out_of_focus,
    judge_patches,
    measure_detail,
    patch_luma,
)
from align.rejection import Rejection
from align.window import WindowPatches


def judge(phone, dslr, min_ncc):
    return judge_patches(WindowPatches(phone, dslr), min_ncc)


@pytest.fixture
def patch(texture):
    """Return a patch as sharp as a camera's: float 100×100 in 0..255, deviation about 40."""
    return texture(140, 140, finest=2)[20:120, 20:120].astype(np.float64)


def rgb(gray):
    return np.repeat(np.uint8(np.rint(np.clip(gray, 0, 255)))[..., None], 3, axis=2)


def test_luma_is_that_of_bt601():
    colors = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]]], np.uint8)
    values = patch_luma(colors)
    assert values.dtype == np.float32
    np.testing.assert_allclose(values, [[0.299, 0.587, 0.114, 1]], atol=1e-6)


def test_correlation_is_the_coefficient_of_statistics(patch):
    rng = np.random.default_rng(0)
    for share in (0.0, 0.5, 3.0):
        other = patch + share * rng.normal(0, 40, patch.shape)
        expected = np.corrcoef(patch.ravel(), other.ravel())[0, 1]
        assert cross_correlation(patch, other) == pytest.approx(expected, abs=1e-12)


def test_correlation_does_not_see_gain_and_offset(patch):
    other = np.roll(patch, 1, axis=0)
    value = cross_correlation(patch, other)
    assert 0.5 < value < 0.99
    assert cross_correlation(3.7 * patch - 120, 0.02 * other + 55) == pytest.approx(value, abs=1e-9)
    assert cross_correlation(patch, -other) == pytest.approx(-value, abs=1e-9)
    assert cross_correlation(patch, 5 - 2 * patch) == pytest.approx(-1)


def test_correlation_with_a_constant_is_nothing(patch):
    assert cross_correlation(patch, np.full_like(patch, 7)) == 0


def test_a_good_pair_is_kept_with_its_correlation(patch):
    phone, dslr = rgb(0.6 * cv2.GaussianBlur(patch, (0, 0), 0.5)), rgb(patch)
    reason, ncc = judge(phone, dslr, 0.9)
    assert reason is None
    assert ncc == pytest.approx(
        np.corrcoef(patch_luma(phone).ravel(), patch_luma(dslr).ravel())[0, 1], abs=1e-5
    )
    assert 0.95 < ncc < 1


@pytest.mark.parametrize("faint", ["phone", "dslr"])
def test_flat_below_a_deviation_of_0_015(faint):
    """The limit is 3.825 levels of 255. The patches have stripes of ±4 or ±3 around 128."""
    stripes = np.where(np.arange(100) % 2, 1.0, -1.0) * np.ones((100, 1))
    for full, flat in ((82, False), (79, True)):  # √(0.82·16 + 0.18·9) = 3.84; 3.81
        weak = 128 + stripes * np.where(np.arange(100) < full, 4, 3)[:, None]
        strong = 128 + 60 * stripes
        pair = (rgb(weak), rgb(strong)) if faint == "phone" else (rgb(strong), rgb(weak))
        assert (judge(*pair, 0.0)[0] == "flat") == flat


@pytest.mark.parametrize("burnt", ["phone", "dslr"])
def test_blown_out_with_more_than_a_quarter_white(patch, burnt):
    for rows, blown in ((25, False), (26, True)):
        whole = np.clip(rgb(patch), 0, 249)
        white = whole.copy()
        white[:rows] = 250
        pair = (white, whole) if burnt == "phone" else (whole, white)
        assert (judge(*pair, -1.0)[0] == "blown out") == blown


def test_a_saturated_color_is_not_blown_out(patch):
    """White needs all three channels: a red flower with clipped red is not white."""
    whole = np.clip(rgb(patch), 0, 249)
    red = whole.copy()
    red[:60, :, 0] = 255
    assert judge(red, red, -1.0)[0] != "blown out"
    gray = whole.copy()
    gray[:60] = 249
    assert judge(gray, gray, -1.0)[0] != "blown out"


def test_correlation_on_either_side_of_the_limit(patch):
    rng = np.random.default_rng(0)
    phone = rgb(0.5 * patch + 60 + rng.normal(0, 8, patch.shape))
    _, ncc = judge(phone, rgb(patch), 0.0)
    assert 0.8 < ncc < 0.99
    assert judge(phone, rgb(patch), ncc + 1e-6) == ("correlation", ncc)
    assert judge(phone, rgb(patch), ncc)[0] != "correlation"
    assert judge(rgb(255 - patch), rgb(patch), 0.0)[0] == "correlation"


def test_reasons_come_in_their_order(patch):
    white = np.full((100, 100, 3), 255, np.uint8)
    assert judge(white, rgb(patch), 0.9) == ("flat", 0.0)
    half = rgb(patch)
    half[:50] = 255
    assert judge(half, np.rot90(half), 0.9)[0] == "blown out"
    other = rgb(cv2.GaussianBlur(np.rot90(patch).copy(), (0, 0), 4))
    assert judge(rgb(patch), other, 0.9)[0] == "correlation"


def blurred(image, sigma):
    return cv2.GaussianBlur(image, (0, 0), sigma) if sigma else image


def test_a_dslr_blurrier_than_the_phone_is_out_of_focus(patch):
    results = [judge(rgb(patch), rgb(blurred(patch, sigma)), 0.6)[0] for sigma in (0, 0.3, 2, 3)]
    assert results == [None, None, "out of focus", "out of focus"]
    # The phone may be blurry: the network learns to sharpen.
    assert judge(rgb(blurred(patch, 1.5)), rgb(patch), 0.6)[0] is None


def test_both_out_of_focus(patch):
    """Neither patch is blurrier than the other one, but no fine detail is left."""
    for sigma, dropped in ((0, False), (1.5, False), (4, True), (6, True)):
        soft = rgb(blurred(patch, sigma))
        gain, _ = measure_detail(patch_luma(soft), patch_luma(soft))
        assert gain == pytest.approx(1, abs=1e-4)
        assert (judge(soft, soft, 0.9)[0] == "out of focus") == dropped


def transfer(frequency, sigmas):
    """Return the transfer function of a difference of Gaussians, at cycles a pixel."""
    return np.subtract(*(np.exp(-2 * (np.pi * sigma * frequency) ** 2) for sigma in sigmas))


FINE_WAVE, COARSE_WAVE = 30 / 198, 8 / 198  # cycles a pixel


def two_waves(fine, coarse, slow=COARSE_WAVE):
    """Return the luma of two waves, one in each band, with these amplitudes.

    The waves have crests on the first and last row, so the mirrored border continues the waves.
    """
    x = 2 * np.pi * np.arange(100)
    rows = fine * np.cos(FINE_WAVE * x) + coarse * np.cos(slow * x)
    return np.float32(0.5 + rows[:, None] * np.ones(100))


def test_detail_of_two_waves_in_closed_form():
    """The DSLR's fine waves are 1.5 times the phone's, its coarse waves 1.2 times."""
    bands = (0.8, 1.6), (3.2, 6.4)
    # Either band also sees a little of the other's wave.
    energies = [
        0.06**2 * transfer(FINE_WAVE, band) ** 2 + 0.12**2 * transfer(COARSE_WAVE, band) ** 2
        for band in bands
    ]
    common = [
        0.04 * 0.06 * transfer(FINE_WAVE, band) ** 2
        + 0.10 * 0.12 * transfer(COARSE_WAVE, band) ** 2
        for band in bands
    ]
    gain, detail = measure_detail(two_waves(0.04, 0.10), two_waves(0.06, 0.12))
    expected = (energies[0] / common[0]) / (energies[1] / common[1])
    assert gain == pytest.approx(expected, rel=0.01) == pytest.approx(1.5 / 1.2, rel=0.06)
    assert detail == pytest.approx(np.sqrt(energies[0] / energies[1]), rel=0.02)


def test_focus_limits_on_either_side():
    """The DSLR needs 0.7 of the phone's gain, and a fine amplitude of 0.2 of its coarse one."""
    phone = two_waves(0.06, 0.10)
    for fine, dropped in ((0.037, True), (0.044, False)):
        gain, detail = measure_detail(phone, two_waves(fine, 0.10))
        assert 0.62 < gain < 0.78 and detail > 0.25
        assert is_out_of_focus(phone, two_waves(fine, 0.10)) == (gain < 0.7) == dropped
    # A single wave: the ratio of the bands' transfer functions, by its frequency.
    for frequency, dropped in ((10 / 198, True), (11 / 198, False)):
        wave = two_waves(0.0, 0.10, slow=frequency)
        ratio = transfer(frequency, (0.8, 1.6)) / transfer(frequency, (3.2, 6.4))
        assert measure_detail(wave, wave)[1] == pytest.approx(ratio, rel=0.02)
        assert (ratio < 0.2) == is_out_of_focus(wave, wave) == dropped


def test_the_phones_noise_is_not_detail(patch):
    """A soft, noisy phone photo has more fine energy than the DSLR's, but shares none of it."""
    rng = np.random.default_rng(0)
    phone = 0.5 * blurred(patch, 1) + 60
    grainy = phone + rng.normal(0, 12, patch.shape)
    fine = [
        (cv2.GaussianBlur(image, (0, 0), 0.8) - cv2.GaussianBlur(image, (0, 0), 1.6)).std()
        for image in (phone, grainy)
    ]
    assert fine[1] > 1.2 * fine[0]
    dslr = patch_luma(rgb(patch))
    clean, noisy = (measure_detail(patch_luma(rgb(image)), dslr)[0] for image in (phone, grainy))
    assert noisy == pytest.approx(clean, rel=0.1)
    assert judge(rgb(grainy), rgb(patch), 0.6)[0] is None


def test_every_reason_has_a_word_and_a_sentence():
    words = "outside, flat, correlation, disagrees with neighbors, blown out, out of focus"
    assert ", ".join(Rejection) == f"{words}, duplicate"
    for reason in Rejection:
        assert Rejection(str(reason)) is reason
        assert reason.explanation[0].isupper() and reason.explanation.endswith(".")
    assert judge(*[np.zeros((100, 100, 3), np.uint8)] * 2, 0.9)[0] is Rejection.FLAT
