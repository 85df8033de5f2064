"""The measurement of the detail part."""

import cv2
import numpy as np
import pytest

from benchmarks.detail_part import FAULTS, PART, measure

METHODS = ["input", "smooth", "universal"]


@pytest.fixture(scope="module")
def photos():
    """Soft random colors, larger than the part that is scored."""
    rng = np.random.default_rng(0)
    small = rng.integers(40, 200, (12, 14, 3)).astype(np.uint8)
    return {"soft": cv2.resize(small, (PART + 60, PART + 20), interpolation=cv2.INTER_CUBIC)}


@pytest.fixture(scope="module")
def scores(photos):
    found = {}
    for fault in ("no fault", "noise of 8 levels", "halos"):
        values, sharp, shown = measure(METHODS, photos, FAULTS[fault])
        assert values.shape == sharp.shape == (3, 1)
        assert [picture.shape for picture in shown] == [(PART, PART, 3)] * 5
        found[fault] = dict(zip(METHODS, values[:, 0], strict=True))
    return found


def test_the_photo_in_its_light_is_the_target(scores):
    assert scores["no fault"]["input"] == pytest.approx(60, abs=0.1)
    assert scores["noise of 8 levels"]["input"] == pytest.approx(30, abs=2.5)


def test_the_classical_denoiser_removes_noise_from_soft_colors(scores):
    noisy = scores["noise of 8 levels"]
    assert noisy["smooth"] > noisy["input"] + 3


def test_the_network_removes_noise_from_soft_colors(scores):
    noisy = scores["noise of 8 levels"]
    assert noisy["universal"] > noisy["input"] + 3
