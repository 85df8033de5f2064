"""The fine step for a whole photo: each window placed and checked against its neighbors."""

import numpy as np

from align.matching.measure_shifts import measure_shifts
from align.matching.search_window import WindowSearch
from align.matching.vote_neighbors import MIN_VOTERS, vote_neighbors
from align.rejection import Rejection
from align.window import Placement, Window, WindowGrid
from common.layout import PATCH_SIZE

MIN_SCORE = 0.8  # correlation from which on a window has a vote
TOLERANCE = 1.5  # pixels, between a window and its neighbors
# The least gain in correlation for which a window keeps its own rotation. The neighbors' shifts
# determine the rotation better than the window's content does: each shift is exact to a twentieth
# of a pixel, and the neighbors are hundreds of pixels apart.
MIN_TURN_GAIN = 0.003
MIN_SPREAD = 0.2  # pixels; neighbors that agree better may still share a small error
SEARCH_MARGIN = 3  # pixels searched beyond the resolution of `measure_shifts`


def place_windows(
    phone: np.ndarray, dslr: np.ndarray, matrix: np.ndarray, corners: np.ndarray
) -> WindowGrid:
    """Place each window in the DSLR's photo, or reject the window.

    The first pass places every window by itself. The second pass uses the shift and the local
    stretch on which the neighbors agree. If no neighbor confirms a window, the second pass starts
    from the place that the neighbors expect.

    Args:
        phone: uint8 gray H×W.
        dslr: uint8 gray H×W, of any size.
        matrix: float64 3×3, the homography from phone to DSLR.
        corners: int rows×columns×2, (x, y), the windows' top left pixels in the phone's photo.
    """
    centers = corners + (PATCH_SIZE - 1) / 2
    rough = measure_shifts(phone, dslr, matrix, centers)
    fine = WindowSearch(phone, dslr, matrix, rough.step // 2 + SEARCH_MARGIN)
    shape = corners.shape[:2]
    places = list(np.ndindex(*shape))
    windows: dict[tuple[int, ...], Window] = {}
    shift = rough.shift.copy()
    votes = np.zeros(shape, bool)
    for place in places:
        x, y = corners[place].tolist()
        window = fine.search(x, y, rough.shift[place], rough.gradient[place])
        windows[place] = window
        if window.placement:
            shift[place], votes[place] = (
                window.placement.shift,
                window.placement.score >= MIN_SCORE,
            )
    agreed = vote_neighbors(centers, shift, votes, TOLERANCE)
    # In front of trees no two neighbors may agree to a pixel. There the larger block around the
    # window, from the rough search, confirms the window.
    apart = np.linalg.norm(shift - rough.shift, axis=-1)
    confirmed = agreed.confirmed | (rough.measured & (apart < rough.step))
    for place in places:
        fitted = agreed.voters[place] >= MIN_VOTERS
        expected = agreed.shift[place] if fitted else None
        gradient = agreed.gradient[place]
        window = _reconsider(windows[place], confirmed[place], expected, gradient, fine)
        if window.placement and expected is not None:
            blended = _blend_shifts(window.placement, expected, float(agreed.spread[place]))
            window = fine.move(window, blended)
        windows[place] = window
        shift[place] = window.placement.shift if window.placement else agreed.shift[place]
    return WindowGrid(corners, tuple(windows.values()), shift)


def _reconsider(
    first: Window,
    confirmed: bool,
    expected: np.ndarray | None,
    gradient: np.ndarray,
    fine: WindowSearch,
) -> Window:
    """Return the better of the window as placed first and as its neighbors suggest, or reject it.

    Args:
        first: The window after the first pass.
        confirmed: Whether the neighbors confirm its shift.
        expected: float 2, the shift that the neighbors expect; None if too few neighbors vote.
        gradient: float 2×2, the gradient on which the neighbors agree.
        fine: The search, which adds no further rotation here.
    """
    stray = Window(first.x, first.y, rejection=Rejection.DISAGREES)
    if first.placement and confirmed:
        if expected is None:
            return first
        second = fine.search(first.x, first.y, first.placement.shift, gradient, turn=False)
        good = second.placement and second.placement.score > first.placement.score - MIN_TURN_GAIN
        return second if good else first
    if expected is None:
        return stray if first.placement else first
    second = fine.search(first.x, first.y, expected, gradient, turn=False)
    if second.placement is None:
        return stray if first.placement else second
    return second if np.linalg.norm(second.placement.shift - expected) < TOLERANCE else stray


def _blend_shifts(placement: Placement, expected: np.ndarray, spread: float) -> np.ndarray:
    """Return the mean, float64 2, of own and expected shift, weighted by inverse covariances."""
    prior = np.eye(2) / max(spread, MIN_SPREAD) ** 2
    total = placement.information + prior
    return np.linalg.solve(total, placement.information @ placement.shift + prior @ expected)
