"""The metrics of artifacts, and the watch that warns of artifacts during training."""

import numpy as np
import pytest

from metrics import checkerboard, color_shift, contrast_ratio
from training.curves import draw_curves
from training.watch import SETTLED, Watch

FINE = {"color_shift": 0.02, "contrast": 1.0, "checkerboard": 1.0}


def flat(*colors):
    return np.ones((len(colors), 8, 8, 1)) * np.array(colors, np.float64)[:, None, None, :]


def test_color_shift_is_the_distance_of_mean_colors():
    images, targets = flat((0.5, 0.5, 0.5), (0.2, 0.4, 0.4)), flat((0.5, 0.5, 0.5), (0.5, 0, 0.4))
    np.testing.assert_allclose(color_shift(images, targets), [0, 0.5])
    # A pattern with the same mean is no shift.
    images[0, ::2] += 0.3
    images[0, 1::2] -= 0.3
    np.testing.assert_allclose(color_shift(images, targets), [0, 0.5])
    # Values that a screen cannot show do not count.
    np.testing.assert_allclose(color_shift(flat((1.4, 1, 1)), flat((1, 1, 1))), [0])


def test_contrast_ratio_scales_with_the_picture():
    target = np.random.default_rng(0).random((2, 9, 7, 3))
    np.testing.assert_allclose(contrast_ratio(0.5 + 0.3 * (target - 0.5), target), 0.3)
    assert contrast_ratio(flat((1, 1, 1)), flat((0, 0, 0))) == [0]


def test_checkerboard_sees_the_alternating_pattern_alone():
    rows, columns = np.mgrid[:8, :8]
    pattern = np.repeat((0.1 * (-1.0) ** (rows + columns))[None, ..., None], 3, -1)
    np.testing.assert_allclose(checkerboard(0.5 + pattern), 0.1)
    stripes = np.repeat((0.1 * (-1.0) ** rows)[None, ..., None], 3, -1)
    ramp = np.repeat((rows / 8 + 0 * columns)[None, ..., None], 3, -1)
    for harmless in (0.5 + stripes, ramp, flat((0.3, 0.6, 0.9))):
        np.testing.assert_allclose(checkerboard(harmless), 0, atol=1e-12)


@pytest.mark.parametrize(
    ("accuracy", "scores", "word"),
    [
        (1.0, {}, "discriminator"),
        (0.5, {"color_shift": 0.2}, "colors"),
        (0.5, {"contrast": 0.3}, "contrast"),
        (0.5, {"contrast": 2.0}, "contrast"),
        (0.5, {"checkerboard": 3.0}, "checkerboards"),
    ],
)
def test_the_watch_says_once_what_is_wrong_and_only_after_settling(accuracy, scores, word):
    watch = Watch()
    found = []
    for _ in range(SETTLED + 100):
        watch.step({"discriminator_accuracy": accuracy})
        found += watch.warnings(FINE | scores)
        assert not found or watch.steps >= SETTLED
    assert len(found) == 1
    assert word in found[0]
    assert found[0].startswith("warning: ")


def test_a_healthy_run_and_one_without_a_discriminator_are_not_warned_of():
    watch = Watch()
    for step in range(2 * SETTLED):
        watch.step({"discriminator_accuracy": 0.6 + 0.3 * (step % 2)} if step % 3 else {})
    assert list(watch.warnings(FINE)) == []


def test_curves_are_drawn_of_whatever_was_recorded(tmp_path):
    full = [{"step": n, "psnr": 20 + n, "input_psnr": 18, "color": 5 / n} for n in (1, 2, 3)]
    for name, rows in (("full", full), ("one", full[:1]), ("bare", [{"step": 1}])):
        draw_curves(rows, tmp_path / f"{name}.png")
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    sizes = {path.stem: path.stat().st_size for path in tmp_path.iterdir()}
    assert sizes["full"] > sizes["bare"]
