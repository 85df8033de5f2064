"""Virtual faults against closed forms."""

import numpy as np
import pytest

from common.color import light_of_code
from photos.colors.tone_curves import encode_srgb
from simulation.faults import (
    LightFaults,
    LocalFaults,
    apply_faults,
    apply_light,
    draw_light,
    draw_local,
)


def random(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def test_no_faults_change_nothing():
    photo = random(20, 30, 3)
    np.testing.assert_array_equal(apply_light(photo, LightFaults()), photo / np.float32(255))
    same = apply_faults(photo, LightFaults(), LocalFaults(), np.random.default_rng(0))
    np.testing.assert_allclose(same, photo / 255, atol=1e-5)


def test_exposure_and_cast_are_gains_in_linear_light():
    photo = random(20, 30, 3)
    faults = LightFaults(exposure=-1, cast=(1.2, 1.0, 0.5))
    light = light_of_code(photo / 255) * 0.5 * np.array([1.2, 1.0, 0.5])
    np.testing.assert_allclose(
        apply_light(photo, faults), encode_srgb(np.clip(light, 0, 1)), atol=1e-3
    )


def test_haze_and_fading_raise_black_and_saturation_keeps_gray():
    black = np.zeros((4, 4, 3), np.uint8)
    hazy = apply_light(black, LightFaults(haze=0.2, veil=(0.8, 0.8, 0.8)))
    np.testing.assert_allclose(hazy, encode_srgb(np.array(0.16, np.float32)), atol=1e-3)
    np.testing.assert_allclose(apply_light(black, LightFaults(black=(0.1,) * 3)), 0.1, atol=1e-6)
    white = apply_light(black + 255, LightFaults(white=(0.8,) * 3))
    np.testing.assert_allclose(white, 0.8, atol=1e-6)
    gray = np.full((4, 4, 3), 100, np.uint8)
    np.testing.assert_allclose(apply_light(gray, LightFaults(saturation=0.5)), 100 / 255, atol=1e-5)


def test_a_thumbnail_stands_for_its_photo():
    """A part of a photo gets the vignetting of its place in the photo."""
    photo = np.full((64, 64, 3), 180, np.uint8)
    faults = LightFaults(vignetting=0.5)
    whole = apply_light(photo, faults)
    part = apply_light(photo[:32, 32:], faults, (0, 0.5, 0.5, 1))
    np.testing.assert_allclose(part, whole[:32, 32:], atol=0.01)
    assert whole[0, 0, 0] < whole[32, 32, 0]


def test_noise_has_the_given_variance():
    photo = np.full((200, 200, 3), 128, np.uint8)
    local = LocalFaults(shot=0.0004, read=0.01)
    rng = np.random.default_rng(0)
    noisy = light_of_code(apply_faults(photo, LightFaults(), local, rng))
    light = light_of_code(np.array(128 / 255, np.float32))
    assert noisy.std() == pytest.approx(np.sqrt(0.0004 * light + 0.0001), rel=0.1)


def test_faults_have_wide_ranges_and_some_photos_have_none():
    rng = np.random.default_rng(0)
    lights = [draw_light(rng) for _ in range(2000)]
    stops = np.array([light.exposure for light in lights])
    assert stops.min() < -2.3 and stops.max() > 1.1
    untouched = np.mean([light == LightFaults() for light in lights])
    assert 0.1 < untouched < 0.3
    qualities = {draw_local(rng).jpeg for _ in range(2000)}
    assert {50, 98} <= qualities and 0 in qualities
