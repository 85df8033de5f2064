"""Two photos of one scene, aligned from end to end and compared with exact geometry."""

import dataclasses

import cv2
import numpy as np
import pytest
from test_read_photos import ADOBE, SRGB

from align.alignment_error import AlignmentError
from align.matching.align_photos import Alignment, align_photos
from align.matching.apply_homography import apply_homography
from align.matching.convert_colors import color_transform
from align.matching.read_photos import CameraPhoto
from align.matching.reject_windows import cross_correlation, patch_luma
from align.output.draw_pictures import draw_matches, draw_pictures, shrink
from align.output.warp_dslr import warp_dslr
from align.output.write_unit import summarize
from align.rejection import Rejection
from align.settings import AlignmentSettings
from align.window import Window, WindowPatches
from data.shipped_photos import shipped_photos
from simulation.cameras import DSLR, phone_camera
from simulation.geometry import random_pose
from simulation.shooting import shoot

HALF = 49.5  # from a window's corner to its center


@dataclasses.dataclass(frozen=True)
class Scene:
    """Two pictures of one photo; `true` maps points of the phone's picture to the DSLR's."""

    phone: np.ndarray
    dslr: np.ndarray
    true: object


def pictures(photo, phone, seed):
    rng = np.random.default_rng(seed)
    (first, first_view), (second, second_view) = (
        shoot(photo, camera, random_pose(rng), rng) for camera in (phone_camera(phone), DSLR)
    )
    return Scene(first, second, lambda p: second_view.from_scene(first_view.to_scene(p)))


@dataclasses.dataclass(frozen=True)
class Result:
    """An alignment with its windows, and their patches by the windows' corners."""

    alignment: Alignment
    windows: tuple[Window, ...]
    patches: dict[tuple[int, int], WindowPatches | None]

    def patches_of(self, window):
        return self.patches[window.x, window.y]


def read(alignment):
    judged = list(alignment.judged)
    windows = tuple(window for window, _ in judged)
    return Result(alignment, windows, {(w.x, w.y): patches for w, patches in judged})


def aligned(phone, dslr, **settings):
    photos = CameraPhoto(phone, None), CameraPhoto(dslr, None)
    return read(align_photos(*photos, AlignmentSettings(**settings)))


def centers(windows):
    return np.array([(window.x + HALF, window.y + HALF) for window in windows])


def located(windows):
    return np.array([window.placement.affine[:, 2] for window in windows])


def kept(result):
    return [window for window in result.windows if window.kept]


def true_turn(scene, points):
    """Return the clockwise rotation around points in the DSLR's picture, in degrees."""
    slopes = [
        (scene.true(points + step) - scene.true(points - step)) / 40 for step in 20 * np.eye(2)
    ]
    return turn_of(np.stack(slopes, axis=-1))


def turn_of(linear):
    """Return the angle of the rotation nearest to each 2×2 matrix, in degrees."""
    sine, cosine = linear[:, 1, 0] - linear[:, 0, 1], linear[:, 0, 0] + linear[:, 1, 1]
    return np.degrees(np.arctan2(sine, cosine))


@pytest.fixture(scope="module")
def wall():
    """Return four photos side by side, 1200×850: fur, metal, foliage, a face, and plain sky."""
    photos = shipped_photos()
    above = photos["motorcycle_left"][:450, :700], photos["astronaut"][:450, :500]
    below = photos["coffee"][:400, :600], photos["rocket"][:400, :600]
    return np.vstack([np.hstack(above), np.hstack(below)])


@pytest.fixture(scope="module")
def iphone(wall):
    scene = pictures(wall, "iphone", 1)
    return scene, aligned(scene.phone, scene.dslr, stride=50)


@pytest.fixture(scope="module")
def small():
    """Return pictures of one photo, 741×500, for tests that need few windows."""
    return pictures(shipped_photos()["motorcycle_left"], "sony", 2)


@pytest.mark.parametrize("phone", ["iphone", "sony"])
def test_kept_windows_are_where_the_lenses_put_them(wall, iphone, phone):
    if phone == "iphone":
        scene, result = iphone
    else:
        scene = pictures(wall, phone, 3)
        result = aligned(scene.phone, scene.dslr, stride=50)
    good = kept(result)
    error = np.linalg.norm(located(good) - scene.true(centers(good)), axis=1)
    assert np.median(error) <= 0.25 and np.percentile(error, 99) <= 1

    found = np.array([window.placement.affine for window in good])
    turn = np.abs(turn_of(found[:, :, :2]) - true_turn(scene, centers(good)))
    assert np.percentile(turn, 99) <= 0.1

    # The DSLR's picture shows these windows with some surroundings.
    everywhere = centers(result.windows)
    corners = [
        scene.true(everywhere + 56 * np.array(way))
        for way in np.array(np.meshgrid([-1, 1], [-1, 1])).reshape(2, -1).T
    ]
    limit = np.array(scene.dslr.shape[1::-1]) - 1
    possible = np.all([(corner >= 0) & (corner <= limit) for corner in corners], axis=(0, 2))
    sky = np.array([window.rejection is Rejection.FLAT for window in result.windows])
    assert possible.sum() > 100
    assert len(good) >= 0.8 * (possible & ~sky).sum()


def test_every_window_has_its_numbers_or_its_reason(iphone):
    scene, result = iphone
    height, width = scene.phone.shape[:2]
    places = [(window.x, window.y) for window in result.windows]
    # Every 50 pixels while the window is inside, row by row.
    expected = [(x, y) for y in range(0, height - 99, 50) for x in range(0, width - 99, 50)]
    assert places == expected

    for window in result.windows:
        if window.kept:
            found = window.placement
            numbers = (*found.affine.ravel(), *found.shift, found.angle, window.ncc)
            assert np.isfinite(numbers).all()
            assert 0.9 <= window.ncc <= 1
            assert np.abs(found.shift).max() < 0.05 * width
        elif window.rejection is Rejection.CORRELATION and not np.isnan(window.ncc):
            assert window.ncc < 0.9
    lost = [window for window in result.windows if window.placement is None]
    assert {Rejection.OUTSIDE, Rejection.FLAT} <= {window.rejection for window in lost}
    for window in lost:
        assert window.rejection and np.isnan(window.ncc)
        assert result.patches_of(window) is None
    # Judging changes neither the order nor the places of the windows.
    placed = [(w.x, w.y, w.placement) for w in result.alignment.grid.windows]
    assert placed == [(w.x, w.y, w.placement) for w in result.windows]


def test_the_shift_leads_through_the_homography_to_the_place(iphone):
    _, result = iphone
    good = kept(result)
    shift = np.array([window.placement.shift for window in good])
    seen = apply_homography(result.alignment.homography.matrix, centers(good) + shift)
    np.testing.assert_allclose(seen, located(good), atol=1e-6)


def test_windows_reach_the_last_pixel(small):
    """A photo of 500×300 pixels has five columns and three rows of windows."""
    places = [(c.x, c.y) for c in aligned(small.phone[:300, :500], small.dslr).windows]
    assert places == [(x, y) for y in (0, 100, 200) for x in (0, 100, 200, 300, 400)]


def test_summary_is_that_of_the_windows(iphone):
    scene, result = iphone
    good = kept(result)
    summary = summarize(result.alignment.homography, result.windows)
    shifts = np.hypot(*np.array([window.placement.shift for window in good]).T)
    assert summary["median_shift"] == pytest.approx(np.median(shifts), abs=0.006)
    assert summary["largest_shift"] == pytest.approx(shifts.max(), abs=0.006)
    assert 100 < summary["inliers"] <= summary["matches"]
    step = np.array([[10.0, 0], [0, 10]])
    middle = np.array(scene.phone.shape[1::-1]) / 2
    slopes = (scene.true(middle + step) - scene.true(middle - step)) / 20
    assert summary["scale"] == pytest.approx(np.sqrt(np.linalg.det(slopes)), rel=0.02)


def test_patches_are_the_phones_pixels_and_what_correlates_with_them(iphone):
    scene, result = iphone
    for window in kept(result)[::7]:
        phone, dslr = result.patches_of(window)
        pixels = scene.phone[window.y : window.y + 100, window.x : window.x + 100]
        np.testing.assert_array_equal(phone, pixels)
        assert dslr.shape == (100, 100, 3) and dslr.dtype == np.uint8
        ncc = cross_correlation(patch_luma(phone), patch_luma(dslr))
        assert ncc == pytest.approx(window.ncc, abs=1e-6)


def test_what_only_one_photo_shows_is_not_kept(iphone, texture):
    """An object hides 300×250 pixels of the DSLR's picture, which is more than twenty windows."""
    scene, before = iphone
    dslr = scene.dslr.copy()
    low, high = np.array([250, 80]), np.array([560, 340])
    hidden = dslr[low[1] : high[1], low[0] : high[0]]
    other = texture(*hidden.shape[:2], seed=4)
    hidden[:] = np.stack([other, np.uint8(0.8 * other), np.uint8(0.9 * other)], axis=-1)
    after = aligned(scene.phone, dslr, stride=50)

    spot = scene.true(centers(after.windows))
    inside = np.all((spot - 51 >= low) & (spot + 51 <= high), axis=1)
    apart = np.any((spot + 70 < low) | (spot - 70 > high), axis=1)
    assert inside.sum() >= 15
    assert not any(c.kept for c, hit in zip(after.windows, inside, strict=True) if hit)
    # Elsewhere nothing has changed.
    was = [c.kept for c, far in zip(before.windows, apart, strict=True) if far]
    now = [c.kept for c, far in zip(after.windows, apart, strict=True) if far]
    assert sum(now) >= sum(was) - 3 and sum(was) > 60


def test_min_ncc_keeps_the_better_ones(small):
    loose, strict = (aligned(small.phone, small.dslr, min_ncc=limit) for limit in (0.9, 0.985))
    expected = [
        window.rejection
        if window.rejection not in (None, Rejection.OUT_OF_FOCUS) or window.ncc >= 0.985
        else Rejection.CORRELATION
        for window in loose.windows
    ]
    assert [window.rejection for window in strict.windows] == expected
    assert 0 < len(kept(strict)) < len(kept(loose))


def test_the_same_photos_give_the_same_result(small):
    first, second = (aligned(small.phone, small.dslr) for _ in range(2))
    assert repr(first.windows) == repr(second.windows)


def turned(image, points, quarters):
    """Return the photo turned counterclockwise, and its points turned with the photo."""
    width = image.shape[1]
    for _ in range(quarters):
        points = np.stack([points[:, 1], width - 1 - points[:, 0]], axis=1)
        image = np.rot90(image)
        width = image.shape[1]
    return np.ascontiguousarray(image), points


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_dslr_photo_that_does_not_say_how_it_was_held(small, quarters):
    """The photo is turned by quarters without EXIF, so a landscape meets a portrait."""
    plain = aligned(small.phone, small.dslr)
    dslr, _ = turned(small.dslr, np.zeros((0, 2)), quarters)
    alignment = aligned(small.phone, dslr)
    good = kept(alignment)
    assert len(good) >= len(kept(plain)) - 1 and len(good) >= 8
    _, expected = turned(small.dslr, small.true(centers(good)), quarters)
    assert np.linalg.norm(located(good) - expected, axis=1).max() < 1
    assert (
        max(abs(window.placement.angle) for window in good) < 1
    )  # added to the homography's rotation
    # The patch is upright: turned to the phone's.
    ours, theirs = alignment.patches_of(good[0])
    assert cross_correlation(patch_luma(ours), patch_luma(theirs)) > 0.9


def test_a_portrait_phone_photo(small):
    phone, _ = turned(small.phone, np.zeros((0, 2)), 1)
    alignment = aligned(phone, small.dslr)
    good = kept(alignment)
    assert len(good) >= 8
    # Three more quarters turn the portrait's points back to the landscape's.
    _, points = turned(phone, centers(good), 3)
    assert np.linalg.norm(located(good) - small.true(points), axis=1).max() < 1


def test_the_dslrs_colors_come_into_the_phones_space(small):
    """Colors stored as Adobe RGB give the patches that the same colors in sRGB give."""
    stored = color_transform(ADOBE, SRGB)(small.dslr)
    assert np.abs(stored.astype(int) - small.dslr).max() > 20
    plain = aligned(small.phone, small.dslr)
    photos = CameraPhoto(small.phone, None), CameraPhoto(stored, ADOBE)
    alignment = read(align_photos(*photos, AlignmentSettings()))
    both = [
        (a, b) for a, b in zip(plain.windows, alignment.windows, strict=True) if a.kept and b.kept
    ]
    assert len(both) >= 8
    for first, second in both:
        np.testing.assert_array_equal(alignment.patches_of(second)[0], plain.patches_of(first)[0])
        colors = [
            item.patches_of(c)[1].mean((0, 1)) for item, c in ((plain, first), (alignment, second))
        ]
        np.testing.assert_allclose(*colors, atol=1.5)
        # The correlation is that of the converted patches.
        ncc = cross_correlation(*map(patch_luma, alignment.patches_of(second)))
        assert ncc == pytest.approx(second.ncc, abs=1e-6)
    untold = aligned(small.phone, stored)
    first, second = both[0]
    same_place = next(c for c in untold.windows if (c.x, c.y) == (second.x, second.y))
    off = untold.patches_of(same_place)[1].mean((0, 1)) - plain.patches_of(first)[1].mean((0, 1))
    assert np.abs(off).max() > 3  # otherwise the test proves nothing


def test_pairs_that_cannot_be_aligned_say_why(small):
    with pytest.raises(AlignmentError, match="smaller than a patch of 100×100"):
        aligned(small.phone[:99], small.dslr)
    with pytest.raises(AlignmentError, match="share no scene"):
        aligned(small.phone, shipped_photos()["coffee"])
    with pytest.raises(AlignmentError, match="share no scene"):
        aligned(small.phone, np.full((300, 400, 3), 90, np.uint8))


def gray(image):
    return cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)


def difference(reference, image, where):
    """Return the share of the deviation that the best gain and offset leave."""
    return np.sqrt(1 - cross_correlation(gray(reference)[where], gray(image)[where]) ** 2)


def ratio(small, large):
    return np.array(small.shape[1::-1]) / large.shape[1::-1]


def test_the_dslr_is_warped_onto_the_phones_grid(iphone):
    scene, result = iphone
    phone, dslr = shrink(scene.phone), shrink(scene.dslr)
    assert max(phone.shape) == max(dslr.shape) == 900 < max(scene.phone.shape)
    height, width = phone.shape[:2]
    before = cv2.resize(dslr, (width, height), interpolation=cv2.INTER_AREA)
    ratios = ratio(dslr, scene.dslr), ratio(phone, scene.phone)
    homography, grid = result.alignment.homography, result.alignment.grid
    after = warp_dslr(dslr, ratios[0], (height, width), ratios[1], homography.matrix, grid)
    assert before.shape == after.shape == phone.shape
    covered = cv2.erode(np.uint8(after.max(axis=-1) > 0), np.ones((9, 9))) > 0
    assert 0.7 < covered.mean() < 0.99  # the DSLR sees less of the scene, upwards and downwards
    errors = [difference(phone, picture, covered) for picture in (before, after)]
    assert errors[1] < 0.4 * errors[0] and errors[1] < 0.35

    # Phase correlation of crops finds less than a third of a pixel from top to bottom.
    window = cv2.createHanningWindow((200, 200), cv2.CV_32F)
    for y in range(100, height - 300, 150):
        for x in range(100, width - 300, 150):
            crops = [gray(view)[y : y + 200, x : x + 200] for view in (phone, after)]
            shift, _ = cv2.phaseCorrelate(*crops, window)
            assert np.hypot(*shift) < 0.3


def test_matches_are_drawn_in_the_pixels_of_the_shrunk_photos(iphone, monkeypatch):
    scene, result = iphone
    drawn = []

    def record(phone, dslr, matches, inliers):
        drawn.append((phone, dslr, matches[inliers]))
        return draw_matches(phone, dslr, matches, inliers)

    monkeypatch.setattr("align.output.draw_pictures.draw_matches", record)
    pictures = draw_pictures(scene.phone, scene.dslr, result.alignment, result.windows)
    ((phone, dslr, agreeing),) = drawn
    np.testing.assert_array_equal(pictures.phone, phone)
    assert agreeing.shape == (result.alignment.homography.inliers.sum(), 4)
    full = (agreeing[:, :2] + 0.5) / ratio(phone, scene.phone) - 0.5
    expected = (scene.true(full) + 0.5) * ratio(dslr, scene.dslr) - 0.5
    off = agreeing[:, 2:] - expected
    assert np.abs(np.median(off, axis=0)).max() < 0.1
    assert np.percentile(np.linalg.norm(off, axis=1), 95) < 2
