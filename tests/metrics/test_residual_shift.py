import cv2
import numpy as np
import pytest

from metrics.residual_shift import residual_shifts


@pytest.mark.parametrize(("x", "y"), [(0.0, 0.0), (0.4, 0.0), (-0.3, 0.25), (1.5, -1.0)])
def test_a_known_shift_is_measured_whatever_the_colors(x, y):
    rng = np.random.default_rng(0)
    scene = cv2.GaussianBlur(rng.random((140, 140, 3)).astype(np.float32), (0, 0), 1.5)
    scene = (scene - scene.min()) / np.ptp(scene)
    moved = cv2.warpAffine(
        scene, np.array([[1, 0, x], [0, 1, y]]), (140, 140), flags=cv2.INTER_CUBIC
    )
    phone, target = (image[None, 20:120, 20:120] for image in (scene, np.clip(moved, 0, 1)))
    shifts, correlations = residual_shifts(0.2 + 0.5 * phone[..., ::-1], target)
    assert shifts[0] == pytest.approx(np.hypot(x, y), abs=0.06)
    assert correlations[0] > 0.5


def test_other_pictures_do_not_agree():
    rng = np.random.default_rng(0)
    both = rng.random((2, 1, 100, 100, 3))
    assert residual_shifts(*both)[1][0] < 0.3
