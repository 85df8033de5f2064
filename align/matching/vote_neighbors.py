"""What the windows around a window say about its shift.

True shifts change slowly. Lenses distort smoothly, and most surfaces are nearly flat over a few
hundred pixels. So the shifts of neighbors lie on one affine map, and false maxima do not.

Windows are on a grid: all arrays begin with the rows and columns of the grid. Shifts and centers
are (x, y) in pixels of the phone's photo. Gradients are ∂shift_i/∂center_j.
"""

import dataclasses

import numpy as np

# Windows each way that a fit asks. With too few votes near by, the fit asks farther away; in the
# end the fit asks all windows.
REACHES = (2, 5)
MIN_VOTERS = 6  # votes that a fit needs; three votes determine an affine map exactly
MIN_SUPPORTERS = 3  # of the 24 windows around a window that agree, where their common fit does not
MIN_DETERMINANT = 1e-3  # of the fit's normal matrix; below it the windows lie on a line


@dataclasses.dataclass(frozen=True, eq=False)
class Consensus:
    """The shifts that the neighbors of each window expect, without the window's own vote.

    Attributes:
        shift: float64 rows×columns×2, the shift that the fit expects.
        gradient: float64 rows×columns×2×2, the gradient of the fit.
        spread: float64 rows×columns, root mean square residual of the voters that agree, pixels.
        voters: int rows×columns, the number of voters that agree; 0 where there is no fit.
        confirmed: bool rows×columns, whether the neighbors confirm the window's own shift.
    """

    shift: np.ndarray
    gradient: np.ndarray
    spread: np.ndarray
    voters: np.ndarray
    confirmed: np.ndarray


def vote_neighbors(
    centers: np.ndarray, shift: np.ndarray, votes: np.ndarray, tolerance: float
) -> Consensus:
    """Fit an affine map to the shifts around each window, and compare the window's own shift.

    The neighbors confirm a shift that is within the tolerance of the fit. At the edge of something
    nearer or farther no common fit holds. There the neighbors confirm a shift that agrees with
    three of the 24 windows around.

    Args:
        centers: rows×columns×2.
        shift: rows×columns×2.
        votes: bool rows×columns, the windows whose shifts count.
        tolerance: Pixels.
    """
    rows, columns = votes.shape
    fit, gradient = np.zeros((rows, columns, 2)), np.zeros((rows, columns, 2, 2))
    spread, voters = np.zeros((rows, columns)), np.zeros((rows, columns), int)
    for reach in (*REACHES, max(rows, columns)):
        for row, column in np.argwhere(voters < MIN_VOTERS).tolist():
            local = _fit_around(row, column, reach, centers, shift, votes, tolerance)
            if local is not None:
                fit[row, column] = local.shift
                gradient[row, column] = local.gradient
                spread[row, column] = local.spread
                voters[row, column] = local.voters
    agrees = (voters >= MIN_VOTERS) & (np.linalg.norm(shift - fit, axis=-1) < tolerance)
    supporters = _count_supporters(centers, shift, votes, gradient, tolerance)
    return Consensus(fit, gradient, spread, voters, agrees | (supporters >= MIN_SUPPORTERS))


@dataclasses.dataclass(frozen=True, eq=False)
class _LocalFit:
    """The fit at one window; the attributes are those of `Consensus`."""

    shift: np.ndarray
    gradient: np.ndarray
    spread: float
    voters: int


def _fit_around(
    row: int,
    column: int,
    reach: int,
    centers: np.ndarray,
    shift: np.ndarray,
    votes: np.ndarray,
    tolerance: float,
) -> _LocalFit | None:
    """Fit the votes within a reach of a window; None if the votes determine no affine map."""
    top, left = max(0, row - reach), max(0, column - reach)
    around = slice(top, row + reach + 1), slice(left, column + reach + 1)
    voting = votes[around].copy()
    voting[row - top, column - left] = False
    if voting.sum() < MIN_VOTERS:
        return None
    offsets = centers[around][voting] - centers[row, column]
    return _fit_robustly(offsets, shift[around][voting], tolerance)


def _fit_robustly(offsets: np.ndarray, shifts: np.ndarray, tolerance: float) -> _LocalFit | None:
    """Fit an affine map to shifts; None if the points lie on a line.

    Least squares, reweighted by Tukey's function of the residuals, starts from the median. The
    first limit is wide, because the median knows no gradient.
    """
    unit = np.abs(offsets).max()
    design = np.column_stack([np.ones(len(offsets)), offsets / unit])
    residual = _lengths(shifts - np.median(shifts, axis=0))
    solution = np.zeros((3, 2))
    for limit in (8 * tolerance, 4 * tolerance, 3 * tolerance, 3 * tolerance):
        weights = np.clip(1 - (residual / limit) ** 2, 0, None)[:, None] ** 2
        inverse = _inverse(design.T @ (design * weights))
        if inverse is None:
            return None
        solution = inverse @ (design.T @ (shifts * weights))
        residual = _lengths(shifts - design @ solution)
    agree = residual[residual < tolerance]
    spread = float(np.sqrt((agree**2).mean())) if len(agree) else tolerance
    return _LocalFit(solution[0], solution[1:].T / unit, spread, len(agree))


def _lengths(vectors: np.ndarray) -> np.ndarray:
    """Return the lengths of vectors N×2."""
    return np.hypot(vectors[:, 0], vectors[:, 1])


def _inverse(normal: np.ndarray) -> np.ndarray | None:
    """Invert a symmetric matrix 3×3 by its cofactors, which is faster than LAPACK at this size.

    Returns:
        float64 3×3; None if the determinant is below `MIN_DETERMINANT`.
    """
    (a, b, c), (_, d, e), (_, _, f) = normal.tolist()
    first, second, third = d * f - e * e, c * e - b * f, b * e - c * d
    determinant = a * first + b * second + c * third
    if determinant < MIN_DETERMINANT:
        return None
    fourth, fifth, sixth = a * f - c * c, b * c - a * e, a * d - b * b
    rows = [[first, second, third], [second, fourth, fifth], [third, fifth, sixth]]
    return np.array(rows) / determinant


def _count_supporters(
    centers: np.ndarray,
    shift: np.ndarray,
    votes: np.ndarray,
    gradient: np.ndarray,
    tolerance: float,
) -> np.ndarray:
    """Count the voters, of the 24 around each window, that agree with its own shift.

    Returns:
        int rows×columns.
    """
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


def _partners(length: int, move: int) -> tuple[slice, slice]:
    """Return the slice of elements that have a partner `move` further on, and of the partners."""
    return (
        slice(max(0, -move), length - max(0, move)),
        slice(max(0, move), length - max(0, -move)),
    )
