import numpy as np
import pytest

from metrics import grid_pattern

rng = np.random.default_rng(0)
Y, X = np.mgrid[:100, :100]
SIGNS = {"columns": (-1.0) ** X, "rows": (-1.0) ** Y, "both": (-1.0) ** (X + Y)}


def picture(pattern=0.0):
    """Return a ramp with grain of four levels and a pattern, `(1, 100, 100, 3)`."""
    ramp = 0.2 + 0.6 * X / 99
    grain = rng.normal(0, 4 / 255, (100, 100, 3))
    return (ramp[..., None] + grain + np.asarray(pattern)[..., None])[None]


def test_ramps_and_grain_are_no_grid():
    assert grid_pattern(picture())[0] < 0.08
    assert grid_pattern(np.full((2, 20, 21, 3), 0.5)).max() == 0


@pytest.mark.parametrize("kind", SIGNS)
@pytest.mark.parametrize("levels", [0.5, 2.0])
def test_a_grid_has_its_amplitude_below_the_grain(kind, levels):
    found = grid_pattern(picture(levels / 255 * SIGNS[kind]))[0]
    assert found == pytest.approx(levels / np.sqrt(3), rel=0.15, abs=0.03)


def test_a_pattern_of_another_period_is_no_grid():
    assert grid_pattern(picture(2 / 255 * np.sign(np.sin(np.pi * (X + 0.5) / 4))))[0] < 0.3
