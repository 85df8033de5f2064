"""The fine step for a whole photo: every window placed, and checked against its neighbors."""

import dataclasses

import numpy as np

from align.alignment_error import AlignmentError
from align.matching.measure_shifts import search
from align.matching.search_window import FineSearch, Placement
from align.matching.vote_neighbors import VOTERS, consensus
from common.layout import PATCH_SIZE

VOTE = 0.8  # correlation from which on a window has a vote
TOLERANCE = 1.5  # pixels, between a window and its neighbors
# Correlation that a rotation of its own must gain a window. Its neighbors' shifts, each exact to a
# twentieth of a pixel and hundreds of pixels apart, know the rotation better than its content does.
TURN_GAIN = 0.003
LEAST_SPREAD = 0.2  # pixels; neighbors that agree better than this may all be a little wrong
MARGIN = 3  # pixels searched beyond the resolution of the first search

STRAY = "disagrees with neighbors"


@dataclasses.dataclass(frozen=True)
class Placements:
    """Windows of a photo, on a grid, and where their content lies in the DSLR's.

    Attributes:
        corners: int rows×columns×2, (x, y), top left pixels of the windows in the phone's photo.
        found: object rows×columns, the placement or, as a string, the reason why there is none.
        shift: float64 rows×columns×2, from where the homography puts the windows, phone pixels;
            what their neighbors expect where they have none of their own.
    """

    corners: np.ndarray
    found: np.ndarray
    shift: np.ndarray


def place_windows(
    phone: np.ndarray, dslr: np.ndarray, matrix: np.ndarray, corners: np.ndarray
) -> Placements:
    """Where the content of each window lies in the DSLR's photo.

    Every window is placed by itself, then again with the shift and the local stretch that its
    neighbors agree on; one that no neighbor bears out starts from where they expect it.

    Args:
        phone: uint8 gray H×W.
        dslr: uint8 gray.
        matrix: float64 3×3, homography from phone to DSLR.
        corners: int rows×columns×2, (x, y), top left pixels of the windows in the phone's photo.
    """
    centers = corners + (PATCH_SIZE - 1) / 2
    rough = search(phone, dslr, matrix, centers)
    fine = FineSearch(phone, dslr, matrix, rough.step // 2 + MARGIN)
    found = np.empty(corners.shape[:2], object)
    shift = rough.shift.copy()
    votes = np.zeros(found.shape, bool)
    for place in np.ndindex(found.shape):
        found[place] = _attempt(fine, corners[place], rough.shift[place], rough.gradient[place])
        if isinstance(found[place], Placement):
            shift[place], votes[place] = found[place].shift, found[place].ncc >= VOTE
    agreed = consensus(centers, shift, votes, TOLERANCE)
    # Before trees no two neighbors may agree to a pixel; then the larger block around is a witness.
    apart = np.linalg.norm(shift - rough.shift, axis=-1)
    confirmed = agreed.confirmed | (rough.own & (apart < rough.step))
    for place in np.ndindex(found.shape):
        fitted = agreed.voters[place] >= VOTERS
        found[place] = _reconsidered(
            found[place],
            confirmed[place],
            agreed.shift[place] if fitted else None,
            lambda start, place=place: _attempt(
                fine, corners[place], start, agreed.gradient[place], turn=False
            ),
        )
        if fitted and isinstance(found[place], Placement):
            shared = _blended(found[place], agreed.shift[place], agreed.spread[place])
            found[place] = fine.moved(found[place], corners[place], shared)
        own = isinstance(found[place], Placement)
        shift[place] = found[place].shift if own else agreed.shift[place]
    return Placements(corners, found, shift)


def _attempt(fine, corner, shift, gradient, turn=True):
    try:
        return fine.place(tuple(corner.tolist()), shift, gradient, turn)
    except AlignmentError as error:
        return str(error)


def _reconsidered(own, confirmed, expected, attempt):
    """The better of a window's own placement and the one its neighbors suggest, or a reason."""
    placed = isinstance(own, Placement)
    if expected is None:
        return own if confirmed or not placed else STRAY
    if placed and confirmed:
        second = attempt(own.shift)
        better = isinstance(second, Placement) and second.ncc > own.ncc - TURN_GAIN
        return second if better else own
    second = attempt(expected)
    if not isinstance(second, Placement):
        return STRAY if placed else second
    return second if np.linalg.norm(second.shift - expected) < TOLERANCE else STRAY


def _blended(placement, expected, spread):
    """Shift, float64 2: own and expected, each weighed by how sure it is."""
    prior = np.eye(2) / max(spread, LEAST_SPREAD) ** 2
    total = placement.information + prior
    return np.linalg.solve(total, placement.information @ placement.shift + prior @ expected)
