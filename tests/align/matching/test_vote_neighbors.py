"""Votes of neighbors: exact on affine fields, and robust against a few outliers."""

import numpy as np
import pytest

from align.matching.vote_neighbors import vote_neighbors

TOLERANCE = 1.5
GRADIENT = np.array([[0.004, -0.011], [0.007, 0.003]])


def grid(rows, columns, stride=100):
    return np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), -1) * stride + 49.5


def field(centers, gradient=GRADIENT, start=(3.0, -2.0)):
    return start + centers @ np.asarray(gradient).T


def everyone(centers):
    return np.ones(centers.shape[:2], bool)


def test_an_affine_field_is_known_exactly_to_every_window():
    centers = grid(5, 7)
    shift = field(centers)
    agreed = vote_neighbors(centers, shift, everyone(centers), TOLERANCE)
    np.testing.assert_allclose(agreed.shift, shift, atol=1e-9)
    np.testing.assert_allclose(agreed.gradient, np.broadcast_to(GRADIENT, (5, 7, 2, 2)), atol=1e-10)
    assert agreed.confirmed.all()
    # The middle asks 24 neighbors; a corner only eight, and they suffice.
    assert agreed.voters[2, 3] == 24 and agreed.voters[0, 0] == 8


def test_the_window_itself_has_no_vote():
    centers = grid(7, 7)
    shift = field(centers)
    shift[3, 3] += (40, -25)
    agreed = vote_neighbors(centers, shift, everyone(centers), TOLERANCE)
    np.testing.assert_allclose(agreed.shift[3, 3], field(centers)[3, 3], atol=1e-9)
    assert not agreed.confirmed[3, 3] and agreed.confirmed.sum() == 48


@pytest.mark.parametrize("seed", range(3))
def test_a_quarter_of_outliers_is_outvoted(seed):
    rng = np.random.default_rng(seed)
    centers = grid(10, 12)
    true = field(centers)
    wrong = rng.random(true.shape[:2]) < 0.25
    angle = rng.uniform(0, 2 * np.pi, wrong.sum())
    shift = true + rng.normal(0, 0.05, true.shape)
    shift[wrong] += rng.uniform(10, 30, (wrong.sum(), 1)) * np.stack(
        [np.cos(angle), np.sin(angle)], -1
    )
    agreed = vote_neighbors(centers, shift, everyone(centers), TOLERANCE)
    off = np.linalg.norm(agreed.shift - true, axis=-1)
    assert np.median(off) < 0.05 and off.max() < 0.5
    np.testing.assert_array_equal(agreed.confirmed, ~wrong)


def test_a_window_is_confirmed_up_to_the_tolerance():
    centers = grid(7, 7)
    for off, confirmed in ((1.45, True), (1.55, False)):
        shift = field(centers)
        shift[3, 3] += (0, off)
        agreed = vote_neighbors(centers, shift, everyone(centers), TOLERANCE)
        assert agreed.confirmed[3, 3] == confirmed


def test_both_sides_of_a_depth_step_are_confirmed():
    """A near plane lies beside a far plane: all shifts are right, but no fit holds for all."""
    centers = grid(8, 10)
    shift = field(centers)
    shift[:, 5:] += (20, 4)
    agreed = vote_neighbors(centers, shift, everyone(centers), TOLERANCE)
    assert agreed.confirmed.all()
    # Away from the step each side knows its own plane.
    np.testing.assert_allclose(agreed.shift[:, :2], shift[:, :2], atol=1e-6)
    np.testing.assert_allclose(agreed.shift[:, 8:], shift[:, 8:], atol=1e-6)


def test_a_false_maximum_at_a_depth_step_is_not_confirmed():
    centers = grid(8, 10)
    shift = field(centers)
    shift[:, 5:] += (20, 4)
    shift[4, 5] += (-60, 0)
    assert not vote_neighbors(centers, shift, everyone(centers), TOLERANCE).confirmed[4, 5]


def test_a_small_near_thing_needs_three_supporters():
    """In an object of four windows each has three supporters; of three windows, each has two."""
    centers = grid(9, 9)
    for size, confirmed in ((4, True), (3, False)):
        shift = field(centers)
        near = [(4, 4), (4, 5), (5, 4), (5, 5)][:size]
        for place in near:
            shift[place] += (25, 0)
        agreed = vote_neighbors(centers, shift, everyone(centers), TOLERANCE)
        assert [bool(agreed.confirmed[place]) for place in near] == [confirmed] * size


def test_windows_without_a_vote_do_not_count_but_have_a_fit():
    centers = grid(7, 9)
    shift = field(centers)
    votes = np.random.default_rng(1).random((7, 9)) < 0.6
    shift[~votes] = 1000.0
    agreed = vote_neighbors(centers, shift, votes, TOLERANCE)
    np.testing.assert_allclose(agreed.shift, field(centers), atol=1e-8)
    np.testing.assert_array_equal(agreed.confirmed, votes)


def test_voters_in_a_line_determine_no_plane():
    """Voters along one row do not determine the gradient across the row."""
    centers = grid(7, 9)
    votes = np.zeros((7, 9), bool)
    votes[3] = True
    agreed = vote_neighbors(centers, field(centers), votes, TOLERANCE)
    assert agreed.voters.max() == 0
    assert not agreed.shift.any() and not agreed.gradient.any()
    votes[5, 2] = True  # one beside the line, and there is a plane
    agreed = vote_neighbors(centers, field(centers), votes, TOLERANCE)
    assert agreed.voters[3, 2] == 8  # five columns to the right, two to the left, and the one
    np.testing.assert_allclose(agreed.shift[3, 2], field(centers)[3, 2], atol=1e-8)


def test_six_voters_are_needed_wherever_they_are():
    """With too few near voters, far voters count; the sixth voter makes the fit possible."""
    centers = grid(12, 14)
    places = [(0, 0), (0, 2), (1, 1), (2, 0), (2, 3), (3, 1)]
    for count in (6, 5):
        votes = np.zeros((12, 14), bool)
        for place in places[:count]:
            votes[place] = True
        agreed = vote_neighbors(centers, field(centers), votes, TOLERANCE)
        if count == 6:
            assert agreed.voters[11, 13] == 6
            np.testing.assert_allclose(agreed.shift[11, 13], field(centers)[11, 13], atol=1e-7)
            assert agreed.confirmed[11, 13]
            assert agreed.voters[0, 0] == 0  # without itself only five are left
        else:
            assert agreed.voters.max() == 0


def test_no_votes_at_all():
    centers = grid(3, 4)
    agreed = vote_neighbors(centers, field(centers), np.zeros((3, 4), bool), TOLERANCE)
    assert not agreed.voters.any() and not agreed.confirmed.any()
    one = vote_neighbors(grid(1, 1), np.zeros((1, 1, 2)), np.ones((1, 1), bool), TOLERANCE)
    assert not one.confirmed.any()
