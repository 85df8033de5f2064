import numpy as np
import pytest

import models  # noqa: F401 - brings Keras in without TensorFlow's chatter
from common.backend import import_keras
from losses.shift import BORDER, shift_loss, shifted

ops = import_keras().ops
AMPLITUDE = 4 / 255
SIDE = 64


def photos(count=4):
    return np.random.default_rng(0).random((count, SIDE, SIDE, 3), np.float32)


def array(tensor):
    return np.asarray(ops.convert_to_numpy(tensor))


def loss(network, images):
    return float(shift_loss(network(images), network(array(shifted(images)))))


def pattern(kind):
    y, x = np.mgrid[:SIDE, :SIDE]
    signs = {
        "checkerboard": (-1.0) ** (x + y),
        "columns": (-1.0) ** x,
        "rows": (-1.0) ** y,
        "period 4": np.where((x % 4 < 2) == (y % 4 < 2), 1.0, -1.0),
    }[kind]
    return np.float32(AMPLITUDE * signs)[None, ..., None]


def test_half_of_the_images_move_down_and_half_to_the_right():
    images = photos(5)
    moved = array(shifted(images))
    np.testing.assert_array_equal(moved[:2, 1:], images[:2, :-1])
    np.testing.assert_array_equal(moved[2:, :, 1:], images[2:, :, :-1])
    np.testing.assert_array_equal(array(shifted(images[:1]))[:, :, 1:], images[:1, :, :-1])


def test_a_network_that_follows_the_photo_has_no_loss():
    """Also one that sharpens, amplifies noise, or decides about the whole photo anew."""
    assert loss(lambda x: 3 * x - 2 * array(ops.average_pool(x, 3, 1, "same")), photos()) < 1e-6
    brighter = iter((0.0, 0.2))
    assert loss(lambda x: x + np.float32(next(brighter)), photos()) < 1e-6


@pytest.mark.parametrize(
    "kind, seen_by",  # columns look the same one pixel further down
    [("checkerboard", 1), ("columns", 0.5), ("rows", 0.5), ("period 4", 0.5)],
)
def test_a_pattern_that_stays_counts_by_its_amplitude(kind, seen_by):
    found = loss(lambda x: x + pattern(kind), photos())
    assert found == pytest.approx(2 * AMPLITUDE * seen_by, rel=0.35)
    stronger = loss(lambda x: x + 3 * pattern(kind), photos())
    assert stronger == pytest.approx(3 * found, rel=1e-3)


def test_a_pattern_along_an_edge_counts_too():
    """A pattern in few pixels is lost in means over a window, and not here."""

    def network(x):
        edge = np.zeros((1, SIDE, SIDE, 1), np.float32)
        edge[:, :, SIDE // 2] = pattern("rows")[:, :, SIDE // 2]
        return x + edge

    everywhere = loss(lambda x: x + pattern("rows"), photos())
    width = SIDE - 2 * BORDER - 4
    assert loss(network, photos()) > 0.5 * everywhere / width


def test_the_border_does_not_count():
    def network(x):
        return np.where(np.arange(SIDE)[None, :, None, None] < BORDER - 1, 0, x)

    assert loss(network, photos()) < 1e-6
