"""The never-worse loss against numbers worked out by hand."""

import numpy as np
import pytest

from losses.never_worse import FLOOR, WORSE, never_worse_loss


def test_a_result_that_is_worse_than_the_input_has_a_penalty():
    clean = np.zeros((1, 4, 4, 3), np.float32)
    loss, error, before, worse = never_worse_loss(clean + 0.2, clean + 0.1, clean)
    ratio = np.log((0.2 + FLOOR) / (0.1 + FLOOR))
    assert float(error) == pytest.approx(0.2) and float(before) == pytest.approx(0.1)
    assert float(worse) == pytest.approx(ratio, rel=1e-5)
    assert float(loss) == pytest.approx(np.log(0.2 + FLOOR) + WORSE * ratio, rel=1e-5)


def test_a_result_that_is_better_than_the_input_has_no_penalty():
    clean = np.zeros((2, 4, 4, 3), np.float32)
    loss, *_, worse = never_worse_loss(clean + 0.1, clean + 0.2, clean)
    assert float(worse) == 0
    assert float(loss) == pytest.approx(np.log(0.1 + FLOOR), rel=1e-5)
