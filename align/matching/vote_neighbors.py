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
AT_ONCE = 400_000  # windows around windows that one step of the fit holds in memory
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
    everyone = np.argwhere(votes)
    for reach in (*REACHES, None) if len(everyone) >= MIN_VOTERS else ():
        waiting = np.argwhere(voters < MIN_VOTERS)
        asked = len(everyone) if reach is None else (2 * reach + 1) ** 2
        at_once = max(AT_ONCE // asked, 1)
        for start in range(0, len(waiting), at_once):
            places = waiting[start : start + at_once]
            around = _windows_around(places, reach) if reach else everyone[None]
            local = _fit_around(places, around, centers, shift, votes, tolerance)
            found = tuple(local.places.T)
            fit[found], gradient[found] = local.shift, local.gradient
            spread[found], voters[found] = local.spread, local.voters
    agrees = (voters >= MIN_VOTERS) & (np.linalg.norm(shift - fit, axis=-1) < tolerance)
    supporters = _count_supporters(centers, shift, votes, gradient, tolerance)
    return Consensus(fit, gradient, spread, voters, agrees | (supporters >= MIN_SUPPORTERS))


@dataclasses.dataclass(frozen=True, eq=False)
class _LocalFits:
    """The fits at P windows; all further attributes are those of `Consensus`.

    Attributes:
        places: int P×2, row and column of each window in the grid.
    """

    places: np.ndarray
    shift: np.ndarray
    gradient: np.ndarray
    spread: np.ndarray
    voters: np.ndarray


def _windows_around(places: np.ndarray, reach: int) -> np.ndarray:
    """Return the rows and columns N×K×2 of the windows within a reach, some not on the grid."""
    down, right = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    return places[:, None] + np.column_stack([down.ravel(), right.ravel()])


def _fit_around(
    places: np.ndarray,
    around: np.ndarray,
    centers: np.ndarray,
    shift: np.ndarray,
    votes: np.ndarray,
    tolerance: float,
) -> _LocalFits:
    """Fit the votes of the windows around each place; without places that have too few votes.

    Args:
        places: int N×2.
        around: int N×K×2 or 1×K×2, rows and columns; those that are not on the grid do not count.
        centers: As in `vote_neighbors`.
        shift: As in `vote_neighbors`.
        votes: As in `vote_neighbors`.
        tolerance: Pixels.
    """
    shape = np.array(votes.shape)
    inside = ((around >= 0) & (around < shape)).all(axis=-1)
    row, column = np.clip(around, 0, shape - 1).transpose(2, 0, 1)
    voting = votes[row, column] & inside & (around != places[:, None]).any(axis=-1)
    asked = voting.sum(axis=1) >= MIN_VOTERS
    places, voting = places[asked], voting[asked]
    if len(row) > 1:  # one row stands for all places
        row, column = row[asked], column[asked]
    offsets = centers[row, column] - centers[tuple(places.T)][:, None]
    return _fit_robustly(places, offsets, shift[row, column], voting, tolerance)


def _fit_robustly(
    places: np.ndarray,
    offsets: np.ndarray,
    shifts: np.ndarray,
    voting: np.ndarray,
    tolerance: float,
) -> _LocalFits:
    """Fit an affine map to the shifts around each place; without places whose voters lie on a line.

    Least squares, reweighted by Tukey's function of the residuals, starts from the median. The
    first limit is wide, because the median knows no gradient.

    Args:
        places: N×2.
        offsets: N×K×2, from the place to the windows around.
        shifts: N×K×2 or 1×K×2, their shifts.
        voting: bool N×K, the windows that vote.
        tolerance: Pixels.
    """
    unit = np.where(voting, np.abs(offsets).max(axis=-1), 0).max(axis=1)[:, None]
    x, y = (offsets[..., axis] / unit for axis in (0, 1))
    residual = _lengths(shifts - _medians(shifts, voting)[:, None])
    regular = np.ones(len(places), bool)
    solution = np.zeros((len(places), 3, 2))
    for limit in (8 * tolerance, 4 * tolerance, 3 * tolerance, 3 * tolerance):
        weights = voting * np.clip(1 - (residual / limit) ** 2, 0, None) ** 2
        weighted = np.stack([weights, weights * x, weights * y], axis=1)  # N×3×K
        normal = weighted @ np.stack([np.ones_like(x), x, y], axis=-1)
        inverse, determinant = _inverses(normal)
        regular &= determinant >= MIN_DETERMINANT
        solution = inverse @ (weighted @ shifts)
        fitted = solution[:, None, 0] + x[..., None] * solution[:, None, 1]
        residual = _lengths(shifts - fitted - y[..., None] * solution[:, None, 2])
    agree = voting & (residual < tolerance)
    voters = agree.sum(axis=1)
    squares = np.where(agree, residual**2, 0).sum(axis=1)
    spread = np.where(voters > 0, np.sqrt(squares / np.maximum(voters, 1)), tolerance)
    gradient = solution[:, 1:].transpose(0, 2, 1) / unit[..., None]
    found = (places, solution[:, 0], gradient, spread, voters)
    return _LocalFits(*(values[regular] for values in found))


def _lengths(vectors: np.ndarray) -> np.ndarray:
    """Return the lengths of vectors ...×2."""
    return np.hypot(vectors[..., 0], vectors[..., 1])


def _medians(values: np.ndarray, counted: np.ndarray) -> np.ndarray:
    """Return the medians N×2 of the values that count.

    Args:
        values: N×K×2 or 1×K×2.
        counted: bool N×K, of each row at least one.
    """
    ordered = np.sort(np.where(counted[..., None], values, np.inf), axis=1)
    count = counted.sum(axis=1)
    index = np.arange(len(ordered))
    return (ordered[index, (count - 1) // 2] + ordered[index, count // 2]) / 2


def _inverses(normal: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Invert symmetric matrices N×3×3 by their cofactors, which is faster than LAPACK.

    Returns:
        The inverses N×3×3, and the determinants N. Where a determinant is below
        `MIN_DETERMINANT`, the inverse means nothing.
    """
    (a, b, c), (_, d, e), (_, _, f) = normal.transpose(1, 2, 0)
    first, second, third = d * f - e * e, c * e - b * f, b * e - c * d
    determinant = a * first + b * second + c * third
    fourth, fifth, sixth = a * f - c * c, b * c - a * e, a * d - b * b
    cofactors = [[first, second, third], [second, fourth, fifth], [third, fifth, sixth]]
    inverses = np.array(cofactors) / np.maximum(determinant, MIN_DETERMINANT)
    return inverses.transpose(2, 0, 1), determinant


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
