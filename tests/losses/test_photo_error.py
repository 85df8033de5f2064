"""The photo error loss against numbers worked out by hand."""

import numpy as np
import pytest

from losses.photo_error import FLOOR, photo_error_loss, photo_errors


def test_the_loss_is_the_mean_of_the_photos_logarithms():
    clean = np.zeros((2, 4, 4, 3), np.float32)
    enhanced = clean.copy()
    enhanced[0] += 0.1
    enhanced[1, :2] += 0.4
    assert list(np.array(photo_errors(enhanced, clean))) == pytest.approx([0.1, 0.2])
    expected = (np.log(0.1 + FLOOR) + np.log(0.2 + FLOOR)) / 2
    assert float(photo_error_loss(enhanced, clean)) == pytest.approx(expected, rel=1e-5)


def test_half_the_error_is_worth_as_much_in_a_bad_photo_as_in_a_good_one():
    clean = np.zeros((1, 4, 4, 3), np.float32)

    def gained(error):
        return float(photo_error_loss(clean + error, clean)) - float(
            photo_error_loss(clean + (error - FLOOR) / 2, clean)
        )

    assert gained(0.5) == pytest.approx(np.log(2), rel=1e-4)
    assert gained(0.1) == pytest.approx(np.log(2), rel=1e-4)
