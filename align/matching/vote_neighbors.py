"""What the windows around a window say about its shift.

True shifts change slowly: lenses distort smoothly and most surfaces are nearly flat over a few
hundred pixels, so that neighbors lie on one affine map. False maxima do not.

Windows are on a grid: arrays begin with its rows and columns. Shifts and centers are (x, y) in
pixels of the phone's photo; gradients are ∂shift_i/∂center_j.
"""

import dataclasses

import numpy as np

REACHES = (2, 5)  # windows each way: whom a fit asks, and where too few answer; then everyone
VOTERS = 6  # that a fit needs, three being exactly determined
SUPPORTERS = 3  # of the 24 around a window that agree with it, where their common fit does not
FLATTEST = 1e-3  # determinant of the fit's normal matrix; less means places in a line


@dataclasses.dataclass(frozen=True)
class Consensus:
    """What its neighbors, without itself, say about each window of rows×columns.

    Attributes:
        shift: float64 rows×columns×2, what the fit expects.
        gradient: float64 rows×columns×2×2, the fit's.
        spread: float64 rows×columns, root mean square residual of those that agree, pixels.
        voters: int rows×columns, how many agree with the fit; 0 where there is none.
        confirmed: bool rows×columns, whether they bear out the window's own shift.
    """

    shift: np.ndarray
    gradient: np.ndarray
    spread: np.ndarray
    voters: np.ndarray
    confirmed: np.ndarray


def consensus(
    centers: np.ndarray, shift: np.ndarray, votes: np.ndarray, tolerance: float
) -> Consensus:
    """Fit an affine map to the shifts around each window, and compare its own.

    A window's own shift is confirmed where it is within the tolerance of the fit; and at the edge
    of something nearer or farther, which no common fit describes, where three of the 24 around it
    agree with it.

    Args:
        centers: rows×columns×2.
        shift: rows×columns×2.
        votes: bool rows×columns, whose shifts count.
        tolerance: pixels.
    """
    rows, columns = votes.shape
    fit, gradient = np.zeros((rows, columns, 2)), np.zeros((rows, columns, 2, 2))
    spread, voters = np.zeros((rows, columns)), np.zeros((rows, columns), int)
    for reach in (*REACHES, max(rows, columns)):
        for place in np.argwhere(voters < VOTERS):
            fitted = _fit_around(place, reach, centers, shift, votes, tolerance)
            if fitted is not None:
                here = tuple(place)
                fit[here], gradient[here], spread[here], voters[here] = fitted
    common = (voters >= VOTERS) & (np.linalg.norm(shift - fit, axis=-1) < tolerance)
    supporters = _supporters(centers, shift, votes, gradient, tolerance)
    return Consensus(fit, gradient, spread, voters, common | (supporters >= SUPPORTERS))


def _fit_around(place, reach, centers, shift, votes, tolerance):
    """Shift, gradient, spread and number of agreeing voters at a window; None if too few."""
    row, column = place
    window = (
        slice(max(0, row - reach), row + reach + 1),
        slice(max(0, column - reach), column + reach + 1),
    )
    voting = votes[window].copy()
    voting[row - window[0].start, column - window[1].start] = False
    if voting.sum() < VOTERS:
        return None
    offsets = centers[window][voting] - centers[row, column]
    return _robust_affine(offsets, shift[window][voting], tolerance)


def _robust_affine(offsets, shifts, tolerance):
    """Value at offset 0, gradient, spread, and number of agreeing points; None if in a line.

    Least squares, reweighted by Tukey's function of the residuals, from the median on. The first
    limit is wide, as the median knows no gradient.
    """
    unit = np.abs(offsets).max()
    design = np.column_stack([np.ones(len(offsets)), offsets / unit])
    residual = np.linalg.norm(shifts - np.median(shifts, axis=0), axis=1)
    for limit in (8 * tolerance, 4 * tolerance, 3 * tolerance, 3 * tolerance):
        weights = np.clip(1 - (residual / limit) ** 2, 0, None)[:, None] ** 2
        normal = design.T @ (design * weights)
        if np.linalg.det(normal) < FLATTEST:
            return None
        solution = np.linalg.solve(normal, design.T @ (shifts * weights))
        residual = np.linalg.norm(shifts - design @ solution, axis=1)
    agree = residual[residual < tolerance]
    spread = float(np.sqrt((agree**2).mean())) if len(agree) else tolerance
    return solution[0], solution[1:].T / unit, spread, len(agree)


def _supporters(centers, shift, votes, gradient, tolerance):
    """How many of the 24 voters around each window agree with its own shift; int rows×columns."""
    rows, columns = votes.shape
    count = np.zeros((rows, columns), int)
    for down in range(-2, 3):
        for right in range(-2, 3):
            if down == right == 0:
                continue
            mine_rows, other_rows = _partners(rows, down)
            mine_columns, other_columns = _partners(columns, right)
            mine, other = (mine_rows, mine_columns), (other_rows, other_columns)
            offset = centers[mine] - centers[other]
            expected = shift[other] + np.einsum("...ij,...j->...i", gradient[mine], offset)
            agree = np.linalg.norm(expected - shift[mine], axis=-1) < tolerance
            count[mine] += agree & votes[other]
    return count


def _partners(length, move):
    """Slices of the elements that have another one `move` further on, and of those others."""
    return (
        slice(max(0, -move), length - max(0, move)),
        slice(max(0, move), length - max(0, -move)),
    )
