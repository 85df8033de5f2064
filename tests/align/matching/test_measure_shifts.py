"""Shifts of windows between coarse and fine step, with lens distortion and repeated texture."""

import cv2
import numpy as np
import pytest

from align.matching.apply_homography import apply_homography
from align.matching.measure_shifts import measure_shifts, subpixel_peak
from align.matching.place_windows import place_windows
from common.layout import PATCH_SIZE
from simulation.geometry import Geometry, Pose, resample


def windows(shape, stride=100):
    """Return top left corners, rows×columns×2, (x, y)."""
    return np.stack(
        np.meshgrid(*(range(0, side - PATCH_SIZE + 1, stride) for side in shape[::-1])), axis=-1
    )


def pinhole(geometry):
    """Return the homography from the scene to the picture of a lens without distortion."""
    radius = geometry.half_diagonal
    x, y = (np.array(geometry.frame_size) - 1) / 2
    return np.array([[radius, 0, x], [0, radius, y], [0, 0, 1]]) @ geometry.plane_to_view


def two_views(scene, phone_size, dslr_size):
    """Return photos through two lenses, uint8 gray, their pinholes' homography, and the truth.

    Returns:
        phone, dslr, matrix, and the function from phone to DSLR points.
    """
    size = scene.shape[::-1]
    first = Geometry(size, phone_size, 0.93, (-0.035, 0.008), Pose((0.005, 0), 0.8, 0.6, -0.9))
    second = Geometry(size, dslr_size, 0.93, (-0.008, 0.001), Pose((0, 0.004), -0.7, -0.5, 0.8))
    light = np.float32(scene)
    photos = [np.uint8(np.clip(resample(light, view), 0, 255)) for view in (first, second)]
    matrix = pinhole(second) @ np.linalg.inv(pinhole(first))
    return *photos, matrix, lambda points: second.from_scene(first.to_scene(points))


@pytest.mark.parametrize(("width", "step"), [(900, 1), (1500, 2)])
def test_shifts_follow_the_lenses(texture, width, step):
    """The homography knows no distortion: shifts grow to some 15 of 900 pixels at the corners."""
    scene = texture(540, 900) if step == 1 else texture(700, 1500, finest=4)
    size = tuple(int(side * 0.92) for side in scene.shape[::-1]) if step == 1 else (1450, 640)
    phone, dslr, matrix, true = two_views(scene, size, (size[0] + 60, size[1] + 40))
    centers = windows(phone.shape, 60) + 49.5
    points = centers.reshape(-1, 2)
    expected = apply_homography(np.linalg.inv(matrix), true(points)) - points
    expected = expected.reshape(centers.shape)
    assert np.linalg.norm(expected, axis=-1).max() > 6 * step

    found = measure_shifts(phone, dslr, matrix, centers)
    assert found.step == step
    assert found.measured.mean() > 0.8
    error = np.linalg.norm(found.shift - expected, axis=-1)
    assert error.max() < step and np.median(error) < 0.25 * step
    # The gradient is ∂shift_i/∂center_j: by differences over the grid, away from its edges.
    slope_x = (expected[:, 2:, :] - expected[:, :-2, :])[1:-1] / 120
    slope_y = (expected[2:] - expected[:-2])[:, 1:-1] / 120
    difference = found.gradient[1:-1, 1:-1] - np.stack([slope_x, slope_y], axis=-1)
    assert np.abs(difference).max() < 0.01 < np.abs(slope_x).max() + np.abs(slope_y).max()


@pytest.mark.parametrize("factor", [2, 3])
def test_a_dslr_of_more_pixels_is_not_off_by_part_of_a_pixel(texture, factor):
    """Shrinking moves the centers of pixels; ignoring the move would cost 0.25 pixels."""
    phone = texture(400, 500, finest=4)
    dslr = cv2.resize(phone, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
    move = (factor - 1) / 2
    matrix = np.array([[factor, 0, move], [0, factor, move], [0, 0, 1.0]])
    found = measure_shifts(phone, dslr, matrix, windows(phone.shape, 60) + 49.5)
    assert found.measured.all()
    assert np.abs(found.shift.mean(axis=(0, 1))).max() < 0.05


def facade(texture):
    """Return a house among trees, with 13×9 equal windows, one every 24 pixels.

    Returns:
        uint8 gray 560×860, and whether a point (x, y) ± 50 pixels lies on the house alone.
    """
    scene = texture(560, 860).astype(np.float32)
    tile = np.full((24, 24), 150, np.float32)
    tile[5:19, 6:18] = 60
    tile[5:19, 11:13] = 200
    house = np.tile(tile, (14, 17))
    top, left = 110, 230
    scene[top : top + house.shape[0], left : left + house.shape[1]] = house

    def inside(points):
        low, high = (left, top), (left + house.shape[1], top + house.shape[0])
        return np.all((points - 50 >= low) & (points + 50 <= high), axis=-1)

    return scene, inside


def noisy(scene, seed):
    noise = np.random.default_rng(seed).normal(0, 4, scene.shape)
    return np.uint8(np.clip(cv2.GaussianBlur(scene, (0, 0), 0.8) + noise, 0, 255))


def test_a_repeated_texture_ends_at_the_true_shift(texture):
    """Windows coincide 14 pixels to the right and 10 to the left; only the trees differ."""
    scene, inside = facade(texture)
    phone, dslr = noisy(scene, 0), noisy(np.roll(scene, 14, axis=1), 1)
    corners = windows(phone.shape, 50)[:, :-1]
    centers = corners + 49.5
    on_house = inside(centers)
    assert on_house.sum() >= 15

    def alone(corner):
        """Return the maximum within 25 pixels, without votes of neighbors."""
        x, y = np.maximum(corner - 25, 0)
        around = dslr[y : corner[1] + 125, x : corner[0] + 125]
        template = phone[corner[1] : corner[1] + 100, corner[0] : corner[0] + 100]
        scores = cv2.matchTemplate(around, template, cv2.TM_CCOEFF_NORMED)
        return cv2.minMaxLoc(scores)[3] + np.array((x, y)) - corner

    misled = [np.abs(alone(corner) - (14, 0)).max() > 5 for corner in corners[on_house]]
    assert np.mean(misled) > 0.3

    rough = measure_shifts(phone, dslr, np.eye(3), centers)
    assert np.abs(rough.shift - (14, 0)).max() < 1
    assert not rough.measured[on_house].all()

    placed = place_windows(phone, dslr, np.eye(3), corners)
    for window in np.array(placed.windows, object)[on_house.ravel()]:
        np.testing.assert_allclose(window.placement.shift, (14, 0), atol=0.1)


def test_blank_photos_have_no_shift_of_their_own():
    blank = np.full((400, 500), 130, np.uint8)
    found = measure_shifts(blank, blank, np.eye(3), windows(blank.shape) + 49.5)
    assert not found.measured.any() and not found.shift.any() and not found.gradient.any()


def test_a_flat_wall_takes_its_neighbors_shift(texture):
    scene = texture(500, 800)
    scene[150:350, 250:550] = 128
    moved = np.roll(scene, (-3, 7), axis=(0, 1))
    centers = windows(scene.shape, 50)[:, :-1] + 49.5
    found = measure_shifts(scene, moved, np.eye(3), centers)
    wall = np.all(np.abs(centers - (400, 250)) < (100, 50), axis=-1)
    assert wall.any() and not found.measured[wall].any()
    np.testing.assert_allclose(
        found.shift[wall], np.broadcast_to((7, -3), (wall.sum(), 2)), atol=0.3
    )


def test_a_photo_barely_larger_than_a_window_is_searched(texture):
    scene = texture(110, 120)
    found = measure_shifts(scene, scene, np.eye(3), np.array([[[49.5, 49.5]]]))
    assert found.shift.shape == (1, 1, 2) and found.step == 1
    assert not found.measured.any()  # a window without neighbors has no confirmation


def test_subpixel_is_the_top_of_the_parabolas():
    x, y = np.meshgrid(np.arange(9), np.arange(7))
    scores = np.float32(1 - 0.02 * (x - 4.3) ** 2 - 0.05 * (y - 2.8) ** 2)
    np.testing.assert_allclose(subpixel_peak(scores, (4, 3)), (4.3, 2.8), atol=1e-4)
    np.testing.assert_allclose(
        subpixel_peak(scores, (0, 3)), (0, 2.8), atol=1e-4
    )  # no neighbor there
    np.testing.assert_array_equal(subpixel_peak(np.zeros((5, 5), np.float32), (2, 2)), (2, 2))
