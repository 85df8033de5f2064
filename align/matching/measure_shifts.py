"""Between coarse and fine: how far each part of the photo is from where the homography puts it.

Lenses distort, and things nearer than the plane of the homography lie elsewhere, by up to a few
hundredths of the photo: too far for the fine step to search. Here blocks of both photos, shrunk,
are correlated over that whole range, and neighbors vote: a block that no neighbor supports is a
false maximum (another window of the same facade, say), and takes what they agree on.

A shift s at phone point p means that the DSLR shows p at H(p + s), H the homography.
"""

import dataclasses

import cv2
import numpy as np

from align.matching.estimate_homography import jacobian, transform
from align.matching.vote_neighbors import consensus

SEARCH_SIDE = 720  # pixels; photos are halved as long as the longest side stays above this
BLOCK = 48  # pixels of the shrunk photo, a few times a window there: small ones are ambiguous
RANGE = 0.03  # of the longest side, each way
FLAT = 2.0  # standard deviation, of 255: with less a block holds noise
SURE = 0.6  # correlation from which on a block has a vote
DISTINCT = 0.02  # by which its maximum must surpass the second, or it has none
TOLERANCE = 1.5  # pixels of the shrunk photo, between a block and its neighbors


@dataclasses.dataclass(frozen=True)
class Shifts:
    """Shifts on a grid of rows×columns windows.

    Attributes:
        shift: float64 rows×columns×2, pixels of the phone's photo.
        gradient: float64 rows×columns×2×2, [..., i, j] = ∂shift_i/∂center_j.
        own: bool rows×columns, whether a window's shift is its own, borne out by its neighbors, and
            not theirs.
        step: pixels of the phone's photo for one pixel of the search; the fine step starts within.
    """

    shift: np.ndarray
    gradient: np.ndarray
    own: np.ndarray
    step: int


def search(phone: np.ndarray, dslr: np.ndarray, matrix: np.ndarray, centers: np.ndarray) -> Shifts:
    """Shifts of windows, agreed on with their neighbors.

    Args:
        phone: uint8 gray H×W.
        dslr: uint8 gray.
        matrix: float64 3×3, homography from phone to DSLR.
        centers: rows×columns×2, (x, y) of the windows' centers in the phone's photo.
    """
    step = 1
    while max(phone.shape) / (2 * step) >= SEARCH_SIDE:
        step *= 2
    shift, sure = _correlate(phone, dslr, matrix, centers, step)
    agreed = consensus(centers, shift, sure, TOLERANCE * step)
    own = sure & agreed.confirmed
    return Shifts(np.where(own[..., None], shift, agreed.shift), agreed.gradient, own, step)


def _correlate(phone, dslr, matrix, centers, step):
    """Each window's best shift, rows×columns×2, and whether it is to be trusted."""
    small = _shrunk(phone, step)
    middle = centers.reshape(-1, 2).mean(axis=0)
    scale = np.sqrt(np.linalg.det(jacobian(matrix, middle[None])[0])) * step
    factor = max(1, round(scale * 0.9))
    radius = int(np.ceil(RANGE * max(small.shape)))
    margin = radius + BLOCK  # around the warped photo, whose border is repeated there
    origin = np.array([[1, 0, -margin], [0, 1, -margin], [0, 0, 1.0]])
    warp = np.linalg.inv(_magnify(factor)) @ matrix @ _magnify(step) @ origin
    warped = cv2.warpPerspective(
        _shrunk(dslr, factor),
        warp,
        (small.shape[1] + 2 * margin, small.shape[0] + 2 * margin),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    block = min(BLOCK, *small.shape)
    places = transform(np.linalg.inv(_magnify(step)), centers.reshape(-1, 2))
    limit = np.array(small.shape[::-1]) - block
    corners = np.clip(np.rint(places - block / 2), 0, limit).astype(int)
    shifts, sure = np.zeros((len(corners), 2)), np.zeros(len(corners), bool)
    for index, (x, y) in enumerate(corners):
        template = small[y : y + block, x : x + block]
        if template.std() < FLAT:
            continue
        top, left = y + margin - radius, x + margin - radius
        around = warped[top : top + block + 2 * radius, left : left + block + 2 * radius]
        scores = cv2.matchTemplate(around, template, cv2.TM_CCOEFF_NORMED)
        _, best, _, peak = cv2.minMaxLoc(scores)
        shifts[index] = subpixel(scores, peak) - radius
        rest = scores
        rest[max(0, peak[1] - 3) : peak[1] + 4, max(0, peak[0] - 3) : peak[0] + 4] = -1
        inside = min(peak) > 0 and max(peak) < 2 * radius
        sure[index] = inside and best >= SURE and best - rest.max() >= DISTINCT
    shape = centers.shape[:2]
    return shifts.reshape(*shape, 2) * step, sure.reshape(shape)


def subpixel(scores: np.ndarray, peak: tuple[int, int]) -> np.ndarray:
    """Top of the parabolas through a maximum and its neighbors, along x and along y.

    Args:
        scores: float H×W.
        peak: (x, y) of the largest.

    Returns:
        float64 (x, y), the peak itself at a border.
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


def _shrunk(gray, factor):
    if factor == 1:
        return gray
    height, width = (side // factor for side in gray.shape)
    cropped = gray[: height * factor, : width * factor]
    return cv2.resize(cropped, (width, height), interpolation=cv2.INTER_AREA)


def _magnify(factor):
    """Homography from a photo shrunk by a whole factor to the photo."""
    return np.array([[factor, 0, (factor - 1) / 2], [0, factor, (factor - 1) / 2], [0, 0, 1.0]])
