"""A phone's and a DSLR's photo of one scene, end to end, against exact geometry."""

import dataclasses

import cv2
import numpy as np
import pytest
from test_align_source import ADOBE, SRGB

from align.alignment_error import AlignmentError
from align.matching.align_photos import Settings, align_photos
from align.matching.estimate_homography import transform
from align.matching.read_photos import Photo, color_transform
from align.matching.reject_windows import correlation, luma
from data.shipped_photos import shipped_photos
from simulation.cameras import DSLR, phone_camera
from simulation.geometry import random_pose
from simulation.shooting import shoot

HALF = 49.5  # from a window's corner to its center


@dataclasses.dataclass(frozen=True)
class Scene:
    """Two pictures of one photo; `true` takes points from the phone's to the DSLR's."""

    phone: np.ndarray
    dslr: np.ndarray
    true: object


def pictures(photo, phone, seed):
    rng = np.random.default_rng(seed)
    (first, first_view), (second, second_view) = (
        shoot(photo, camera, random_pose(rng), rng) for camera in (phone_camera(phone), DSLR)
    )
    return Scene(first, second, lambda p: second_view.from_scene(first_view.to_scene(p)))


def aligned(phone, dslr, **settings):
    return align_photos(Photo(phone, None), Photo(dslr, None), Settings(**settings))


def centers(candidates):
    return np.array([(candidate.x + HALF, candidate.y + HALF) for candidate in candidates])


def located(candidates):
    return np.array([(candidate.dslr_x, candidate.dslr_y) for candidate in candidates])


def kept(alignment):
    return [candidate for candidate in alignment.candidates if candidate.kept]


def true_turn(scene, points):
    """Degrees by which the DSLR shows the surroundings of points turned, clockwise."""
    slopes = [
        (scene.true(points + step) - scene.true(points - step)) / 40 for step in 20 * np.eye(2)
    ]
    return turn_of(np.stack(slopes, axis=-1))


def turn_of(linear):
    """Of the rotation nearest to each 2×2 matrix, degrees."""
    sine, cosine = linear[:, 1, 0] - linear[:, 0, 1], linear[:, 0, 0] + linear[:, 1, 1]
    return np.degrees(np.arctan2(sine, cosine))


@pytest.fixture(scope="module")
def wall():
    """Four photos on a wall, 1200×850: fur, metal, foliage, a face, and plain sky."""
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
    """Of one photo, 741×500: for what does not need many windows."""
    return pictures(shipped_photos()["motorcycle_left"], "sony", 2)


@pytest.mark.parametrize("phone", ["iphone", "sony"])
def test_kept_windows_are_where_the_lenses_put_them(wall, iphone, phone):
    if phone == "iphone":
        scene, alignment = iphone
    else:
        scene = pictures(wall, phone, 3)
        alignment = aligned(scene.phone, scene.dslr, stride=50)
    good = kept(alignment)
    error = np.linalg.norm(located(good) - scene.true(centers(good)), axis=1)
    assert np.median(error) <= 0.25 and np.percentile(error, 99) <= 1

    found = np.array([alignment._found[candidate.x, candidate.y].affine for candidate in good])
    turn = np.abs(turn_of(found[:, :, :2]) - true_turn(scene, centers(good)))
    assert np.percentile(turn, 99) <= 0.1

    # Of the windows whose place, with some surroundings, is inside the DSLR's picture.
    everywhere = centers(alignment.candidates)
    corners = [
        scene.true(everywhere + 56 * np.array(way))
        for way in np.array(np.meshgrid([-1, 1], [-1, 1])).reshape(2, -1).T
    ]
    limit = np.array(scene.dslr.shape[1::-1]) - 1
    possible = np.all([(corner >= 0) & (corner <= limit) for corner in corners], axis=(0, 2))
    sky = np.array([candidate.reason == "flat" for candidate in alignment.candidates])
    assert possible.sum() > 100
    assert len(good) >= 0.8 * (possible & ~sky).sum()


def test_the_books_are_in_order(iphone):
    scene, alignment = iphone
    height, width = scene.phone.shape[:2]
    places = [(candidate.x, candidate.y) for candidate in alignment.candidates]
    # Every 50 pixels while the window is inside, row by row.
    expected = [(x, y) for y in range(0, height - 99, 50) for x in range(0, width - 99, 50)]
    assert places == expected

    for candidate in alignment.candidates:
        numbers = dataclasses.astuple(candidate)[2:-1]
        if candidate.kept:
            assert candidate.reason == "" and np.isfinite(numbers).all()
            assert 0.9 <= candidate.ncc <= 1
            assert max(abs(candidate.dx), abs(candidate.dy)) < 0.05 * width
        elif candidate.reason == "correlation" and not np.isnan(candidate.ncc):
            assert candidate.ncc < 0.9
    lost = [candidate for candidate in alignment.candidates if np.isnan(candidate.dslr_x)]
    assert {"outside", "flat"} <= {candidate.reason for candidate in lost}
    for candidate in lost:
        assert np.isnan(dataclasses.astuple(candidate)[2:-1]).all()
        with pytest.raises(ValueError, match="no counterpart"):
            alignment.patches(candidate)


def test_the_shift_leads_through_the_homography_to_the_place(iphone):
    _, alignment = iphone
    good = kept(alignment)
    shift = np.array([(candidate.dx, candidate.dy) for candidate in good])
    seen = transform(alignment._coarse.matrix, centers(good) + shift)
    np.testing.assert_allclose(seen, located(good), atol=1e-6)


def test_windows_reach_the_last_pixel(small):
    """Of 500×300 pixels five columns and three rows."""
    places = [(c.x, c.y) for c in aligned(small.phone[:300, :500], small.dslr).candidates]
    assert places == [(x, y) for y in (0, 100, 200) for x in (0, 100, 200, 300, 400)]


def test_summary_is_that_of_the_candidates(iphone):
    scene, alignment = iphone
    good, summary = kept(alignment), alignment.summary
    shifts = np.hypot(*np.array([(candidate.dx, candidate.dy) for candidate in good]).T)
    assert summary["median_shift"] == pytest.approx(np.median(shifts), abs=0.006)
    assert summary["largest_shift"] == pytest.approx(shifts.max(), abs=0.006)
    assert 100 < summary["inliers"] <= summary["matches"]
    step = np.array([[10.0, 0], [0, 10]])
    middle = np.array(scene.phone.shape[1::-1]) / 2
    slopes = (scene.true(middle + step) - scene.true(middle - step)) / 20
    assert summary["scale"] == pytest.approx(np.sqrt(np.linalg.det(slopes)), rel=0.02)


def test_patches_are_the_phones_pixels_and_what_correlates_with_them(iphone):
    scene, alignment = iphone
    for candidate in kept(alignment)[::7]:
        phone, dslr = alignment.patches(candidate)
        window = scene.phone[candidate.y : candidate.y + 100, candidate.x : candidate.x + 100]
        np.testing.assert_array_equal(phone, window)
        assert dslr.shape == (100, 100, 3) and dslr.dtype == np.uint8
        assert correlation(luma(phone), luma(dslr)) == pytest.approx(candidate.ncc, abs=1e-6)


def test_what_only_one_photo_shows_is_not_kept(iphone, texture):
    """Something hung over 300×250 pixels of the DSLR's picture: twenty windows and more."""
    scene, before = iphone
    dslr = scene.dslr.copy()
    low, high = np.array([250, 80]), np.array([560, 340])
    hidden = dslr[low[1] : high[1], low[0] : high[0]]
    other = texture(*hidden.shape[:2], seed=4)
    hidden[:] = np.stack([other, np.uint8(0.8 * other), np.uint8(0.9 * other)], axis=-1)
    after = aligned(scene.phone, dslr, stride=50)

    spot = scene.true(centers(after.candidates))
    inside = np.all((spot - 51 >= low) & (spot + 51 <= high), axis=1)
    apart = np.any((spot + 70 < low) | (spot - 70 > high), axis=1)
    assert inside.sum() >= 15
    assert not any(c.kept for c, hit in zip(after.candidates, inside, strict=True) if hit)
    # Elsewhere nothing has changed.
    was = [c.kept for c, far in zip(before.candidates, apart, strict=True) if far]
    now = [c.kept for c, far in zip(after.candidates, apart, strict=True) if far]
    assert sum(now) >= sum(was) - 3 and sum(was) > 60


def test_min_ncc_keeps_the_better_ones(small):
    loose, strict = (aligned(small.phone, small.dslr, min_ncc=limit) for limit in (0.9, 0.985))
    expected = [
        c.reason if c.reason not in ("", "out of focus") or c.ncc >= 0.985 else "correlation"
        for c in loose.candidates
    ]
    assert [c.reason for c in strict.candidates] == expected
    assert 0 < len(kept(strict)) < len(kept(loose))


def test_the_same_photos_give_the_same_result(small):
    first, second = (aligned(small.phone, small.dslr) for _ in range(2))
    assert repr(first.candidates) == repr(second.candidates)


def turned(image, points, quarters):
    """The photo turned counterclockwise, and where its points went."""
    width = image.shape[1]
    for _ in range(quarters):
        points = np.stack([points[:, 1], width - 1 - points[:, 0]], axis=1)
        image = np.rot90(image)
        width = image.shape[1]
    return np.ascontiguousarray(image), points


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_dslr_photo_that_does_not_say_how_it_was_held(small, quarters):
    """Turned by quarters, and no EXIF to tell; so a landscape meets a portrait."""
    plain = aligned(small.phone, small.dslr)
    dslr, _ = turned(small.dslr, np.zeros((0, 2)), quarters)
    alignment = aligned(small.phone, dslr)
    good = kept(alignment)
    assert len(good) >= len(kept(plain)) - 1 and len(good) >= 8
    _, expected = turned(small.dslr, small.true(centers(good)), quarters)
    assert np.linalg.norm(located(good) - expected, axis=1).max() < 1
    assert max(abs(candidate.angle) for candidate in good) < 1  # on top of the homography's
    # The patch is upright: turned to the phone's.
    ours, theirs = alignment.patches(good[0])
    assert correlation(luma(ours), luma(theirs)) > 0.9


def test_a_portrait_phone_photo(small):
    phone, _ = turned(small.phone, np.zeros((0, 2)), 1)
    alignment = aligned(phone, small.dslr)
    good = kept(alignment)
    assert len(good) >= 8
    # Three more quarters turn the portrait's points back to the landscape's.
    _, points = turned(phone, centers(good), 3)
    assert np.linalg.norm(located(good) - small.true(points), axis=1).max() < 1


def test_the_dslrs_colors_come_into_the_phones_space(small):
    """The same colors, stored as Adobe RGB, give the same patches."""
    stored = color_transform(ADOBE, SRGB)(small.dslr)
    assert np.abs(stored.astype(int) - small.dslr).max() > 20
    plain = aligned(small.phone, small.dslr)
    alignment = align_photos(Photo(small.phone, None), Photo(stored, ADOBE), Settings())
    both = [
        (a, b)
        for a, b in zip(plain.candidates, alignment.candidates, strict=True)
        if a.kept and b.kept
    ]
    assert len(both) >= 8
    for first, second in both:
        np.testing.assert_array_equal(alignment.patches(second)[0], plain.patches(first)[0])
        colors = [
            item.patches(c)[1].mean((0, 1)) for item, c in ((plain, first), (alignment, second))
        ]
        np.testing.assert_allclose(*colors, atol=1.5)
        # And correlation is judged on what is kept.
        assert correlation(*map(luma, alignment.patches(second))) == pytest.approx(
            second.ncc, abs=1e-6
        )
    untold = aligned(small.phone, stored)
    first, second = both[0]
    same_place = next(c for c in untold.candidates if (c.x, c.y) == (second.x, second.y))
    off = untold.patches(same_place)[1].mean((0, 1)) - plain.patches(first)[1].mean((0, 1))
    assert np.abs(off).max() > 3  # or the test says nothing


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
    """What the best gain and offset leave of the one's deviation; a fraction."""
    return np.sqrt(1 - correlation(gray(reference)[where], gray(image)[where]) ** 2)


def test_views_show_the_dslr_on_the_phones_grid(iphone):
    scene, alignment = iphone
    views = alignment.views
    assert max(views.phone.shape) == max(views.dslr.shape) == 900 < max(scene.phone.shape)
    assert views.before.shape == views.after.shape == views.phone.shape
    covered = cv2.erode(np.uint8(views.after.max(axis=-1) > 0), np.ones((9, 9))) > 0
    assert 0.7 < covered.mean() < 0.99  # the DSLR sees less of the scene, upwards and downwards
    before, after = (difference(views.phone, view, covered) for view in (views.before, views.after))
    assert after < 0.4 * before and after < 0.35

    # To a small part of a pixel, from top to bottom: by phase correlation of crops.
    window = cv2.createHanningWindow((200, 200), cv2.CV_32F)
    height, width = views.phone.shape[:2]
    for y in range(100, height - 300, 150):
        for x in range(100, width - 300, 150):
            crops = [gray(view)[y : y + 200, x : x + 200] for view in (views.phone, views.after)]
            shift, _ = cv2.phaseCorrelate(*crops, window)
            assert np.hypot(*shift) < 0.3


def test_matches_of_the_views_are_in_their_pixels(iphone):
    scene, alignment = iphone
    views = alignment.views
    shrink = [
        np.array(view.shape[1::-1]) / photo.shape[1::-1]
        for view, photo in ((views.phone, scene.phone), (views.dslr, scene.dslr))
    ]
    agreeing = views.matches[views.inliers]
    assert agreeing.shape == (alignment.summary["inliers"], 4)
    full = (agreeing[:, :2] + 0.5) / shrink[0] - 0.5
    expected = (scene.true(full) + 0.5) * shrink[1] - 0.5
    off = agreeing[:, 2:] - expected
    assert np.abs(np.median(off, axis=0)).max() < 0.1
    assert np.percentile(np.linalg.norm(off, axis=1), 95) < 2
