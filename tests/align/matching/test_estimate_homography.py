"""The coarse step: known geometry is found, and photos of different scenes are refused."""

import cv2
import numpy as np
import pytest

from align.alignment_error import AlignmentError
from align.matching import estimate_homography as homography
from align.matching.apply_homography import apply_homography, homography_jacobian
from align.matching.estimate_homography import common_field, estimate_homography
from align.matching.match_features import Features, match_features
from data.shipped_photos import shipped_photos

SHAPE = (360, 480)
VIEW = np.array([[0.92, 0.06, 12.0], [-0.05, 0.95, 20.0], [6e-5, -4e-5, 1.0]])


def corners(shape):
    height, width = shape
    return np.array([[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1.0]])


def corner_errors(found, true, shape=SHAPE):
    points = corners(shape)
    return np.linalg.norm(
        apply_homography(found, points) - apply_homography(np.array(true), points), axis=1
    )


def seen_through(matrix, scene, shape=SHAPE):
    """Return a photo of the scene whose pixel at `matrix` · p shows the scene's point p."""
    return cv2.warpPerspective(scene, matrix, shape[::-1], flags=cv2.INTER_LANCZOS4)


def test_apply_homography_by_hand():
    matrix = np.array([[2.0, 0, 1], [0, 4, 3], [0.5, 0, 1]])
    # (2, 5): (2·2 + 1, 4·5 + 3) / (0.5·2 + 1)
    np.testing.assert_allclose(apply_homography(matrix, [[2, 5], [0, 0]]), [[2.5, 11.5], [1, 3]])


def test_no_points_stay_no_points():
    moved = apply_homography(VIEW, np.zeros((0, 2)))
    assert moved.shape == (0, 2) and moved.dtype == np.float64


def test_jacobian_is_the_limit_of_differences():
    points = np.random.default_rng(0).uniform(0, 400, (20, 2))
    step = 1e-4
    differences = [
        (apply_homography(VIEW, points + move) - apply_homography(VIEW, points - move)) / (2 * step)
        for move in step * np.eye(2)
    ]
    np.testing.assert_allclose(
        homography_jacobian(VIEW, points), np.stack(differences, -1), atol=1e-8
    )


def test_a_known_view_is_found(texture):
    scene = texture(*SHAPE)
    photo = np.uint8(40 + 0.6 * seen_through(VIEW, scene))  # other exposure and contrast
    coarse = estimate_homography(scene, photo)
    assert corner_errors(coarse.matrix, VIEW).max() < 0.3
    assert coarse.matrix[2, 2] == 1
    off = np.linalg.norm(
        apply_homography(VIEW, coarse.matches[:, :2]) - coarse.matches[:, 2:], axis=1
    )
    assert coarse.inliers.sum() > 200
    assert off[coarse.inliers].max() < 2.5 < np.percentile(off[~coarse.inliers], 50)


def test_a_quarter_turn_and_a_portrait_photo(texture):
    scene = texture(*SHAPE)
    # np.rot90 turns counterclockwise: what was at (x, y) is at (y, width − 1 − x).
    turned = np.array([[0, 1, 0], [-1, 0, SHAPE[1] - 1], [0, 0, 1.0]])
    assert (
        corner_errors(estimate_homography(scene, np.rot90(scene).copy()).matrix, turned).max()
        < 0.05
    )


def test_a_strong_view_takes_a_second_look(monkeypatch):
    """An oblique view leaves few matches; the warp by the first estimate gives most of them."""
    scene = cv2.cvtColor(shipped_photos()["coffee"], cv2.COLOR_RGB2GRAY)
    tilted = np.array([[0.9, 0.3, 10], [0.02, 0.45, 60], [1e-4, 1e-4, 1.0]])
    photo = seen_through(tilted, scene, scene.shape)
    coarse = estimate_homography(scene, photo)
    assert corner_errors(coarse.matrix, tilted, scene.shape).max() < 0.3
    monkeypatch.setattr(homography, "CLEAN_SHARE", 0.0)  # never look again
    assert estimate_homography(scene, photo).inliers.sum() < 0.2 * coarse.inliers.sum()


@pytest.mark.parametrize("magnified", ["phone", "dslr"])
def test_large_photos_are_not_off_by_part_of_a_pixel(texture, magnified):
    """A photo of 4800 pixels is shrunk threefold for the features, a photo of 1200 is not.

    A pixel of the small photo covers four of the large one, so that its center, x, is at 4x + 1.5.
    Taking corners for centers on the way to the features would move that by a whole pixel.
    """
    small = texture(300, 1200, finest=2.5)
    large = cv2.resize(small, (4800, 1200), interpolation=cv2.INTER_CUBIC)
    up = np.array([[4, 0, 1.5], [0, 4, 1.5], [0, 0, 1.0]])
    if magnified == "dslr":
        found, true = estimate_homography(small, large).matrix, up
        unit = 4
    else:
        found, true = estimate_homography(large, small).matrix, np.linalg.inv(up)
        unit = 1
    points = np.random.default_rng(0).uniform(0, 1, (50, 2)) * (
        (1199, 299) if magnified == "dslr" else (4799, 1199)
    )
    bias = (apply_homography(found, points) - apply_homography(true, points)).mean(axis=0) / unit
    assert np.abs(bias).max() < 0.04  # of a pixel of the small photo, where the mistake is 0.25


def test_photos_without_a_common_scene(texture):
    scene = texture(*SHAPE)
    with pytest.raises(AlignmentError, match=r"share no scene: .* feature matches agree, 20 are"):
        estimate_homography(scene, texture(*SHAPE, seed=1))
    with pytest.raises(AlignmentError, match="share no scene: 0 of 0"):
        estimate_homography(scene, np.full(SHAPE, 90, np.uint8))
    with pytest.raises(AlignmentError, match="share no scene: 0 of 0"):
        estimate_homography(np.zeros(SHAPE, np.uint8), scene)


def test_a_mirrored_photo_is_refused(texture):
    scene = texture(*SHAPE)
    with pytest.raises(AlignmentError, match=r"mirror|share no scene"):
        estimate_homography(scene, scene[:, ::-1].copy())


def test_a_mirrored_constellation_is_refused(sighting):
    """Mirrored positions of 60 features agree on one homography, which is refused."""
    points = scattered(60)
    with pytest.raises(AlignmentError, match=r"mirror|share no scene"):
        sighting(points, (479, 0) + points * (-1, 1))


def test_photos_that_touch_at_the_edge_are_refused(texture):
    scene = texture(300, 780)
    with pytest.raises(AlignmentError):
        estimate_homography(scene[:, :400], scene[:, 375:])  # 6 % of the width
    found = estimate_homography(scene[:, :400], scene[:, 250:]).matrix
    assert corner_errors(found, [[1, 0, -250], [0, 1, 0], [0, 0, 1.0]], (300, 400)).max() < 0.5


@pytest.fixture
def sighting(monkeypatch):
    """Return a function that estimates from features at given points, matched by descriptors."""

    def estimate_from(points, seen, phone_shape=SHAPE, dslr_shape=SHAPE):
        descriptors = np.abs(np.random.default_rng(0).normal(size=(len(points), 128)))
        descriptors = (descriptors / np.linalg.norm(descriptors, axis=1, keepdims=True)).astype("f")
        sides = iter(Features(np.float32(side), descriptors) for side in (points, seen))
        monkeypatch.setattr(homography, "detect_features", lambda gray: next(sides))
        return estimate_homography(np.zeros(phone_shape, np.uint8), np.zeros(dslr_shape, np.uint8))

    return estimate_from


def scattered(count, low=(0, 0), high=(479, 359), seed=0):
    return np.random.default_rng(seed).uniform(low, high, (count, 2))


def test_twenty_matches_are_enough_and_nineteen_are_not(sighting):
    points = scattered(20)
    assert corner_errors(sighting(points, apply_homography(VIEW, points)).matrix, VIEW).max() < 0.01
    with pytest.raises(AlignmentError, match="19 of 19 feature matches agree, 20 are needed"):
        sighting(points[:19], apply_homography(VIEW, points[:19]))


def test_three_matches_do_not_make_a_homography(sighting):
    points = scattered(3)
    with pytest.raises(AlignmentError, match="share no scene: 0 of 3"):
        sighting(points, points)


def test_matches_that_fold(sighting):
    """The horizon (depth 0) crosses the photo at x = 400; all matches lie on one side."""
    points = scattered(60, high=(300, 359))
    folding = np.array([[1, 0, 0], [0, 1, 0], [-1 / 400, 0, 1.0]])
    with pytest.raises(AlignmentError, match="mirror or fold"):
        sighting(points, apply_homography(folding, points), dslr_shape=(3000, 3000))


@pytest.mark.parametrize("scale", [5.9, 1 / 5.9])
def test_scale_up_to_six_is_plausible(sighting, scale):
    points, shape = scattered(60, high=(239, 179)), (180, 240)
    seen = tuple(round(side * scale) for side in shape)
    found = sighting(points, points * scale, shape, seen).matrix
    assert found[0, 0] == pytest.approx(scale, rel=1e-3)
    scale *= 6.1 / 5.9 if scale > 1 else 5.9 / 6.1
    with pytest.raises(AlignmentError, match="implausible scale"):
        sighting(points, points * scale, shape, seen)


def test_stretch_up_to_three_is_plausible(sighting):
    points = scattered(60)
    assert sighting(points, points * (1, 1 / 2.9)).matrix[1, 1] == pytest.approx(1 / 2.9)
    with pytest.raises(AlignmentError, match="implausible viewpoint"):
        sighting(points, points * (1, 1 / 3.1))


def test_the_photos_must_share_a_tenth(sighting):
    """The DSLR shows a part of the phone's photo in full height."""
    for part, enough in ((0.11, True), (0.09, False)):
        points = scattered(60, high=(479 * part, 359))
        seen = points + np.array([479 * (1 - part), 0])
        if enough:
            assert sighting(points, seen).matrix[0, 2] == pytest.approx(479 * (1 - part), abs=0.01)
        else:
            with pytest.raises(AlignmentError, match="overlap by less than a tenth"):
                sighting(points, seen)


def test_matches_must_be_spread(sighting):
    """A cell is a quarter of the common field wide and high: 120×90 pixels."""
    inside_three = scattered(60, (5, 5), (350, 85))
    with pytest.raises(AlignmentError, match="lie in 3 of 16 parts of the common field, 4 are"):
        sighting(inside_three, inside_three)
    inside_four = np.vstack([inside_three, scattered(5, (5, 95), (110, 170))])
    sighting(inside_four, inside_four)


def test_common_field_by_hand():
    """The DSLR (100×80) shows the phone's photo from (20, 10) on, at twice the scale."""
    matrix = np.array([[2, 0, -40], [0, 2, -20], [0, 0, 1.0]])
    field = common_field(matrix, (60, 50), (80, 100))
    # The DSLR's last pixel centers, (99, 79), are at (69.5, 49.5); the phone's, at (49, 59).
    np.testing.assert_allclose(field.min(axis=0), (20, 10), atol=1e-4)
    np.testing.assert_allclose(field.max(axis=0), (49, 49.5), atol=1e-4)
    assert cv2.contourArea(field) == pytest.approx(29 * 39.5, rel=1e-4)
    assert common_field(matrix, (9, 15), (80, 100)).shape == (0, 2)


def test_a_match_is_the_clear_favorite_of_both():
    """The descriptors lie at angles in a plane, so their distances are chords."""

    def at(*degrees):
        angles = np.radians(degrees)
        descriptors = np.zeros((len(angles), 128), np.float32)
        descriptors[:, 0], descriptors[:, 1] = np.cos(angles), np.sin(angles)
        return Features(np.zeros((len(angles), 2), np.float32), descriptors)

    # 0: 1° away, the next 30°. 60: two candidates 4° and 4.2° away. 120: its nearest, 110, prefers
    # 112, which takes it. 200: 202 is its clear favorite, but has 204.2 nearly as near.
    first, second = at(0, 60, 120, 112, 200, 204.2), at(1, 30, 64, 55.8, 110, 202)
    assert match_features(first, second).tolist() == [[0, 0], [3, 4]]
    assert match_features(at(0, 200, 280), at(1, 202)).tolist() == [[0, 0], [1, 1]]
    assert match_features(at(0), second).shape == match_features(first, at()).shape == (0, 2)


@pytest.mark.parametrize(
    ("scene", "number"),
    [*(("graffiti", number) for number in (2, 3, 4)), *(("leuven", n) for n in (2, 3, 4, 5, 6))],
)
def test_measured_homographies_of_oxford(reference_data, scene, number):
    folder = reference_data / "align" / "oxford" / scene
    if not folder.is_dir():
        pytest.skip(f"no {folder}")
    first, other = (
        cv2.imread(str(folder / f"img{index}.jpg"), cv2.IMREAD_GRAYSCALE) for index in (1, number)
    )
    measured = np.loadtxt(folder / f"H1to{number}p.txt")
    assert (
        corner_errors(estimate_homography(first, other).matrix, measured, first.shape).mean() <= 2
    )


def test_too_strong_a_viewpoint_is_refused_in_words(reference_data):
    """SIFT cannot match graffiti 1→6: the result is an error, not a homography by chance."""
    folder = reference_data / "align" / "oxford" / "graffiti"
    if not folder.is_dir():
        pytest.skip(f"no {folder}")
    photos = [cv2.imread(str(folder / f"img{n}.jpg"), cv2.IMREAD_GRAYSCALE) for n in (1, 6)]
    with pytest.raises(AlignmentError):
        estimate_homography(*photos)
