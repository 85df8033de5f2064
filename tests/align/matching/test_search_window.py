"""One window: subpixel shift and rotation, despite another camera's tone and noise."""

import cv2
import numpy as np
import pytest

from align.matching.apply_homography import apply_homography
from align.matching.place_windows import place_windows
from align.matching.search_window import WindowSearch
from align.rejection import Rejection

SHAPE = (220, 240)
CORNER = (70, 60)
CENTER = np.array([119.5, 109.5])
STILL = np.zeros(2), np.zeros((2, 2))


def placement(search, corner=CORNER):
    return search.search(*corner, *STILL).placement


def turned(image, degrees, shift, scale=1.0):
    """Return the photo with the content at CENTER shifted, and turned around its new place.

    Positive angles turn clockwise, from the right (+x) towards the bottom (+y).

    Returns:
        float32, and the affine map, 2×3, from points of the photo to where they went.
    """
    angle = np.radians(degrees)
    linear = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    moves = np.column_stack([linear, CENTER + shift - linear @ CENTER])
    # Four times as fine, because OpenCV rounds places to 1/32 of a pixel.
    fine = cv2.resize(np.float32(image), None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC)
    up = np.array([[4, 0, 1.5], [0, 4, 1.5], [0, 0, 1.0]])
    there = up @ np.vstack([moves, [0, 0, 1]]) @ np.linalg.inv(up)
    fine = cv2.warpAffine(fine, there[:2], fine.shape[::-1], flags=cv2.INTER_CUBIC)
    return cv2.resize(fine, image.shape[::-1], interpolation=cv2.INTER_AREA), moves


def same(image, rng):
    return image


def dimmer(image, rng):
    return 30 + 0.55 * image


def brighter_with_gamma(image, rng):
    return 255 * (image / 255) ** 0.6


def darker_with_noise(image, rng):
    return 255 * (image / 255) ** 1.5 + rng.normal(0, 6, image.shape)


def recorded(image):
    return np.uint8(np.rint(np.clip(image, 0, 255)))


@pytest.mark.parametrize("tone", [same, dimmer, brighter_with_gamma, darker_with_noise])
@pytest.mark.parametrize(
    ("degrees", "shift"), [(0, (0.3, -0.4)), (0.7, (2.27, 1.6)), (-1.6, (-1.8, 0.55))]
)
def test_shift_and_rotation_are_found(texture, tone, degrees, shift):
    rng = np.random.default_rng(0)
    scene = texture(*SHAPE, finest=4)
    moved, moves = turned(scene, degrees, shift)
    dslr = recorded(tone(np.clip(moved, 0, 255), rng))
    found = placement(WindowSearch(scene, dslr, np.eye(3), 5))
    np.testing.assert_allclose(found.shift, shift, atol=0.05)
    assert found.angle == pytest.approx(degrees, abs=0.05)
    np.testing.assert_allclose(found.affine[:, 2], CENTER + shift, atol=0.05)
    np.testing.assert_allclose(found.affine[:, :2], moves[:, :2], atol=0.002)
    assert found.score > 0.95


def test_the_start_is_refined_not_added_twice(texture):
    """A search with a start near a shift of 20 pixels ends at the true shift."""
    scene = texture(*SHAPE, finest=4)
    moved, moves = turned(scene, 0, (20.3, -15.2), scale=1.02)
    search = WindowSearch(scene, recorded(moved), np.eye(3), 4)
    stretch = moves[:, :2] - np.eye(2)
    found = search.search(*CORNER, np.array([19.0, -14.0]), stretch, turn=False).placement
    np.testing.assert_allclose(found.shift, (20.3, -15.2), atol=0.05)
    np.testing.assert_allclose(found.affine[:, :2], moves[:, :2], atol=1e-6)
    assert found.angle == 0


def test_shift_is_in_phone_pixels_and_through_the_homography(texture):
    """The DSLR has twice the pixels, and the homography is off by (1.5, −0.75) phone pixels."""
    scene = texture(*SHAPE, finest=4)
    dslr = cv2.resize(scene, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    true = np.array([[2, 0, 0.5], [0, 2, 0.5], [0, 0, 1.0]])
    off = true @ np.array([[1, 0, -1.5], [0, 1, 0.75], [0, 0, 1.0]])
    found = placement(WindowSearch(scene, dslr, off, 4))
    np.testing.assert_allclose(found.shift, (1.5, -0.75), atol=0.03)
    np.testing.assert_allclose(
        found.affine[:, 2], apply_homography(true, CENTER[None])[0], atol=0.06
    )
    np.testing.assert_allclose(found.affine[:, :2], 2 * np.eye(2), atol=0.005)


def refusal(search, corner=CORNER):
    window = search.search(*corner, *STILL)
    assert window.placement is None and (window.x, window.y) == corner
    return window.rejection


def test_a_flat_window_is_not_searched(texture):
    """The limit, 0.015 of 255, is 3.8: noise of 3 lies below, noise of 5 above."""
    rng = np.random.default_rng(0)
    scene = texture(*SHAPE)
    flat = recorded(rng.normal(128, 3, SHAPE))
    assert refusal(WindowSearch(flat, scene, np.eye(3), 5)) is Rejection.FLAT
    grainy = recorded(rng.normal(128, 5, SHAPE))
    assert placement(WindowSearch(grainy, grainy, np.eye(3), 5)).score > 0.99


def test_a_window_at_the_edge_of_the_dslr_is_outside(texture):
    """A reach of 5 needs 5 pixels around the window."""
    scene = texture(*SHAPE, finest=4)
    search = WindowSearch(scene, scene, np.eye(3), 5)
    assert refusal(search, (4, 60)) is refusal(search, (70, 116)) is Rejection.OUTSIDE
    for corner in ((5, 60), (70, 115)):
        np.testing.assert_allclose(placement(search, corner).shift, 0, atol=0.02)


def test_content_beyond_reach_is_lost(texture):
    scene = texture(*SHAPE, finest=4)
    moved = recorded(turned(scene, 0, (7.0, 0))[0])
    assert refusal(WindowSearch(scene, moved, np.eye(3), 5)) is Rejection.CORRELATION
    found = placement(WindowSearch(scene, moved, np.eye(3), 8))
    np.testing.assert_allclose(found.shift, (7, 0), atol=0.05)


def test_too_large_a_turn_is_lost(texture):
    scene = texture(*SHAPE, finest=4)
    for degrees, lost in ((2.8, False), (3.3, True)):
        search = WindowSearch(scene, recorded(turned(scene, degrees, (0, 0))[0]), np.eye(3), 5)
        if lost:
            assert refusal(search) is Rejection.CORRELATION
        else:
            assert placement(search).angle == pytest.approx(degrees, abs=0.05)


@pytest.mark.parametrize("seed", range(1, 6))
def test_a_window_without_counterpart_is_lost_or_correlates_little(texture, seed):
    search = WindowSearch(texture(*SHAPE), texture(*SHAPE, seed=seed), np.eye(3), 5)
    window = search.search(*CORNER, *STILL)
    if window.placement:
        assert window.placement.score < 0.8
    else:
        assert window.rejection is Rejection.CORRELATION


def window_at(grid, row, column):
    return grid.windows[row * grid.corners.shape[1] + column]


def corners_of(shape, stride=50):
    columns, rows = (range(0, side - 99, stride) for side in shape[::-1])
    return np.stack(np.meshgrid(columns, rows), axis=-1)


def test_windows_follow_a_stretch_of_the_photo(texture):
    """In a photo enlarged by 2 % each window has its own shift, and its neighbors' stretch."""
    scene = texture(360, 460, finest=4)
    middle = np.array([229.5, 179.5])
    stretch = np.array([[1.02, 0, -0.02 * middle[0]], [0, 1.02, -0.02 * middle[1]]])
    photo = cv2.warpAffine(scene, stretch, scene.shape[::-1], flags=cv2.INTER_CUBIC)
    corners = corners_of(scene.shape)
    placed = place_windows(scene, photo, np.eye(3), corners)
    whole = [window for window in placed.windows if window.placement]
    assert len(whole) >= 0.6 * len(placed.windows)
    for window in whole:
        center = np.array((window.x, window.y)) + 49.5
        found = window.placement
        np.testing.assert_allclose(found.shift, 0.02 * (center - middle), atol=0.1)
        np.testing.assert_allclose(found.affine[:, :2], 1.02 * np.eye(2), atol=0.003)


def test_where_a_window_has_no_place_the_neighbors_shift_stands(texture):
    scene = texture(360, 460, finest=4)
    phone = scene.copy()
    phone[150:250, 150:250] = 128
    photo = np.roll(scene, (2, -3), axis=(0, 1))
    corners = corners_of(scene.shape)
    placed = place_windows(phone, photo, np.eye(3), corners)
    assert window_at(placed, 3, 3).rejection is Rejection.FLAT
    np.testing.assert_allclose(placed.shift[3, 3], (-3, 2), atol=0.05)


def test_a_window_that_moved_alone_is_a_stray(texture):
    """A poster that hangs 2 pixels further on matches perfectly, but its neighbors disagree."""
    scene = texture(460, 560, finest=4)
    poster = texture(130, 130, seed=9, finest=4)
    phone, photo = scene.copy(), scene.copy()
    phone[185:315, 185:315] = poster
    photo[185:315, 187:317] = poster
    placed = place_windows(phone, photo, np.eye(3), corners_of(scene.shape, 100))
    assert window_at(placed, 2, 2).rejection is Rejection.DISAGREES
    assert sum(window.placement is not None for window in placed.windows) >= 6
