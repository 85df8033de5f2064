"""Between the coarse and the fine step: the distance of each window from the homography's place.

Lenses distort, and objects in front of the homography's plane lie elsewhere. Both shift a window by
up to a few hundredths of the photo, too far for the fine step to search. So this stage correlates
blocks of both photos, shrunk, over that whole range, and the neighbors vote. A block that no
neighbor supports is a false maximum (another window of the same facade, for example) and takes the
shift on which its neighbors agree.

A shift s at the phone point p means that the DSLR shows p at H(p + s), where H is the homography.
"""

import dataclasses
from collections.abc import Sequence

import cv2
import numpy as np

from align.matching.apply_homography import apply_homography, homography_jacobian
from align.matching.vote_neighbors import vote_neighbors

SEARCH_SIDE = 720  # pixels; photos are halved while their longest side stays above this size
BLOCK = 48  # pixels of the shrunk photo, a few times the size of a window; small blocks mislead
RANGE = 0.03  # of the longest side, each way
MIN_DEVIATION = 2.0  # standard deviation, of 255; below it a block holds only noise
MIN_SCORE = 0.6  # correlation from which on a block has a vote
MIN_LEAD = 0.02  # of the best correlation over the second best; below it a block has no vote
TOLERANCE = 1.5  # pixels of the shrunk photo, between a block and its neighbors


@dataclasses.dataclass(frozen=True, eq=False)
class Shifts:
    """The shifts of windows on a grid of rows×columns.

    Attributes:
        shift: float64 rows×columns×2, pixels of the phone's photo.
        gradient: float64 rows×columns×2×2, [..., i, j] = ∂shift_i/∂center_j.
        measured: bool rows×columns, whether the shift is the window's own measurement, which its
            neighbors confirm, and not the shift that its neighbors expect.
        step: Pixels of the phone's photo for one pixel of the search. The fine step must search
            this far.
    """

    shift: np.ndarray
    gradient: np.ndarray
    measured: np.ndarray
    step: int


def measure_shifts(
    phone: np.ndarray, dslr: np.ndarray, matrix: np.ndarray, centers: np.ndarray
) -> Shifts:
    """Measure the shifts of windows, and correct them by the votes of the neighbors.

    Args:
        phone: uint8 gray H×W.
        dslr: uint8 gray H×W, of any size.
        matrix: float64 3×3, the homography from phone to DSLR.
        centers: rows×columns×2, (x, y), the windows' centers in the phone's photo.
    """
    step = 1
    while max(phone.shape) / (2 * step) >= SEARCH_SIDE:
        step *= 2
    shift, trusted = _correlate_blocks(phone, dslr, matrix, centers, step)
    agreed = vote_neighbors(centers, shift, trusted, TOLERANCE * step)
    measured = trusted & agreed.confirmed
    shift = np.where(measured[..., None], shift, agreed.shift)
    return Shifts(shift, agreed.gradient, measured, step)


def _correlate_blocks(
    phone: np.ndarray, dslr: np.ndarray, matrix: np.ndarray, centers: np.ndarray, step: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return each window's best shift, rows×columns×2, and whether the shift has a vote."""
    small = _shrink(phone, step)
    middle = centers.reshape(-1, 2).mean(axis=0)
    scale = np.sqrt(np.linalg.det(homography_jacobian(matrix, middle[None])[0])) * step
    factor = max(1, round(scale * 0.9))
    radius = int(np.ceil(RANGE * max(small.shape)))
    margin = radius + BLOCK  # around the warped photo, filled with the photo's border
    origin = np.array([[1, 0, -margin], [0, 1, -margin], [0, 0, 1.0]])
    warp = np.linalg.inv(_enlargement(factor)) @ matrix @ _enlargement(step) @ origin
    warped = cv2.warpPerspective(
        _shrink(dslr, factor),
        warp,
        (small.shape[1] + 2 * margin, small.shape[0] + 2 * margin),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    block = min(BLOCK, *small.shape)
    places = apply_homography(np.linalg.inv(_enlargement(step)), centers.reshape(-1, 2))
    limit = np.array(small.shape[::-1]) - block
    corners = np.clip(np.rint(places - block / 2), 0, limit).astype(int)
    shifts, trusted = np.zeros((len(corners), 2)), np.zeros(len(corners), bool)
    for index, (x, y) in enumerate(corners):
        template = small[y : y + block, x : x + block]
        if template.std() < MIN_DEVIATION:
            continue
        top, left = y + margin - radius, x + margin - radius
        around = warped[top : top + block + 2 * radius, left : left + block + 2 * radius]
        scores = cv2.matchTemplate(around, template, cv2.TM_CCOEFF_NORMED)
        _, best, _, peak = cv2.minMaxLoc(scores)
        shifts[index] = subpixel_peak(scores, peak) - radius
        scores[max(0, peak[1] - 3) : peak[1] + 4, max(0, peak[0] - 3) : peak[0] + 4] = -1
        inside = min(peak) > 0 and max(peak) < 2 * radius
        trusted[index] = inside and best >= MIN_SCORE and best - scores.max() >= MIN_LEAD
    shape = centers.shape[:2]
    return shifts.reshape(*shape, 2) * step, trusted.reshape(shape)


def subpixel_peak(scores: np.ndarray, peak: Sequence[int]) -> np.ndarray:
    """Return the top of the parabolas through a maximum and its neighbors, along x and along y.

    Args:
        scores: float H×W.
        peak: (x, y) of the largest score.

    Returns:
        float64 (x, y); along an axis where the peak is at a border, the peak itself.
    """
    x, y = peak
    place = np.array(peak, np.float64)
    for axis, line in enumerate((scores[y], scores[:, x])):
        at = peak[axis]
        if 0 < at < len(line) - 1:
            before, top, after = line[at - 1 : at + 2].astype(np.float64)
            curvature = before - 2 * top + after
            if curvature < 0:
                place[axis] += (before - after) / (2 * curvature)
    return place


def _shrink(gray: np.ndarray, factor: int) -> np.ndarray:
    if factor == 1:
        return gray
    height, width = (side // factor for side in gray.shape)
    cropped = gray[: height * factor, : width * factor]
    return cv2.resize(cropped, (width, height), interpolation=cv2.INTER_AREA)


def _enlargement(factor: int) -> np.ndarray:
    """Return the homography from a photo shrunk by a whole factor to the photo."""
    return np.array([[factor, 0, (factor - 1) / 2], [0, factor, (factor - 1) / 2], [0, 0, 1.0]])
