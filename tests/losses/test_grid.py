import numpy as np
import pytest

import models  # noqa: F401 - brings Keras in without TensorFlow's chatter
from common.backend import import_keras
from losses.grid import FLOOR, PERIOD, WINDOW, grid_loss

import_keras()
AMPLITUDE = 4 / 255
SIDE = 100


def photo(seed=0, side=SIDE):
    """Return `(1, side, side, 3)` of soft shapes in [0.2, 0.8]."""
    y, x = np.mgrid[:side, :side] / side
    phase = np.random.default_rng(seed).uniform(0, 6, 3)
    waves = np.sin(7 * x[..., None] + phase) * np.cos(5 * y[..., None] - phase)
    return (0.5 + 0.3 * waves)[None].astype(np.float32)


def pattern(kind, side=SIDE):
    y, x = np.mgrid[:side, :side]
    signs = {
        "checkerboard": (-1.0) ** (x + y),
        "columns": (-1.0) ** x,
        "rows": (-1.0) ** y,
        "period 4": np.sqrt(2) * np.cos(np.pi * x / 2),
        "dots": np.where((x % PERIOD == 0) & (y % PERIOD == 0), np.sqrt(15), -1 / np.sqrt(15)),
    }[kind]
    return AMPLITUDE * signs[None, ..., None].astype(np.float32)


def loss(enhanced, target):
    return float(grid_loss(enhanced.astype(np.float32), target))


def test_no_difference_is_no_loss():
    assert loss(photo(), photo()) == pytest.approx(0, abs=1e-8)


@pytest.mark.parametrize("kind", ["checkerboard", "columns", "rows", "period 4", "dots"])
def test_a_pattern_counts_by_its_amplitude(kind):
    expected = np.sqrt(AMPLITUDE**2 + FLOOR**2) - FLOOR
    assert loss(photo() + pattern(kind), photo()) == pytest.approx(expected, rel=0.3)


def test_grain_of_the_same_energy_counts_little():
    grain = AMPLITUDE * np.random.default_rng(0).standard_normal((1, SIDE, SIDE, 3))
    of_pattern = loss(photo() + pattern("checkerboard"), photo())
    assert 0 < loss(photo() + grain, photo()) < 0.1 * of_pattern


def test_ramps_and_shifts_of_color_count_nothing():
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    ramp = (0.2 * x - 0.1 * y + 0.05)[None, ..., None]
    assert loss(photo() + ramp, photo()) == pytest.approx(0, abs=1e-6)


def test_a_pattern_in_one_window_counts_there_alone():
    local = np.zeros((1, SIDE, SIDE, 3))
    local[:, 2 : 2 + WINDOW, 2 : 2 + WINDOW] = pattern("checkerboard")[:, :WINDOW, :WINDOW]
    windows = ((SIDE - 4) // WINDOW) ** 2
    everywhere = loss(photo() + pattern("checkerboard"), photo())
    assert loss(photo() + local, photo()) == pytest.approx(everywhere / windows, rel=0.1)


def test_two_windows_with_opposite_phases_both_count():
    signs = np.ones((1, SIDE, SIDE, 1))
    signs[:, :, 2 + WINDOW : 2 + 2 * WINDOW] = -1
    whole = loss(photo() + pattern("checkerboard"), photo())
    assert loss(photo() + signs * pattern("checkerboard"), photo()) == pytest.approx(whole, rel=0.1)


def test_the_mean_over_images():
    both = np.concatenate([photo() + pattern("rows"), photo()])
    alone = loss(photo() + pattern("rows"), photo())
    assert loss(both, np.concatenate([photo()] * 2)) == pytest.approx(alone / 2, rel=1e-4)
