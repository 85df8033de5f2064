"""The benchmark of photos of any phone: its figures, and its faults."""

import numpy as np
import pytest

from benchmarks import any_phone, phone_faults


def random(*shape):
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


def test_photos_that_a_method_makes_worse_are_counted():
    photos = {"a": random(48, 64, 3)}
    figures, shown = any_phone.measure_method(any_phone.find_method("input"), photos, [])
    assert figures["itself"] == pytest.approx((60, 60), abs=0.1)
    assert all(ratio == 1 for ratio in figures["discs"].values())
    assert figures["walls"] == 1
    darker, _ = any_phone.measure_method(lambda photo: photo // 2, photos, [])
    text = any_phone.figures_table({"input": figures, "darker": darker})
    assert "| one fault: made worse | 0 of 1 | 1 of 1 |" in text
    assert len(shown) == 2


def test_faults_are_repeatable():
    photo = random(40, 60, 3)
    for fault in (*phone_faults.SINGLE.values(), *phone_faults.SEVERAL.values()):
        once, again = (phone_faults.faulty(photo, fault, 3) for _ in range(2))
        np.testing.assert_array_equal(once, again)
        assert once.dtype == np.uint8 and once.shape == photo.shape
