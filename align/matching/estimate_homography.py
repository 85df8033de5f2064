"""The coarse step: one homography from the phone's photo to the DSLR's.

Points are (x, y) in pixels with the centers of pixels at integers. Homographies are float64 3×3
and map a phone point (x, y, 1) to the DSLR point of the same spot of the scene.
"""

import dataclasses

import cv2
import numpy as np

from align.alignment_error import AlignmentError
from align.matching.match_features import detect, match

LONGEST_SIDE = 1600  # pixels; features of larger photos are noisier, not more accurate
THRESHOLD = 2.0  # pixels at that size: MAGSAC's upper bound of an inlier's error
CLEAN = 0.7  # share of inliers among matches; below it a second look pays
LEAST_INLIERS = 20
CELLS = 4  # the common field is divided into 4×4
LEAST_CELLS = 4  # of those 16 that must hold inliers
LARGEST_SCALE = 6.0  # DSLR pixels a phone pixel, or the inverse
LARGEST_STRETCH = 3.0  # ratio of the scales along the two axes of strongest difference
LEAST_OVERLAP = 0.1  # part of the phone's photo that the DSLR must show


@dataclasses.dataclass(frozen=True)
class Coarse:
    """A homography and what it rests on.

    Attributes:
        matrix: float64 3×3, phone to DSLR, pixels of the full photos.
        matches: float64 M×4, x and y in the phone's photo, x and y in the DSLR's.
        inliers: bool M.
    """

    matrix: np.ndarray
    matches: np.ndarray
    inliers: np.ndarray


def estimate(phone: np.ndarray, dslr: np.ndarray) -> Coarse:
    """Homography between two photos of one scene, by SIFT and MAGSAC.

    The estimator is USAC's MAGSAC++ (Barath et al., CVPR 2020) with a fixed seed. Where many
    matches contradict it, because viewpoints or scales differ, the DSLR's photo is warped by the
    first estimate and matched again: SIFT then sees what it should find nearly undistorted.

    Args:
        phone: uint8 gray H×W.
        dslr: uint8 gray.

    Raises:
        AlignmentError: the photos do not show the same scene, as far as features can tell.
    """
    small_phone, to_phone = _shrunk(phone)
    small_dslr, to_dslr = _shrunk(dslr)
    features = detect(small_phone)
    matches = _matched(features, detect(small_dslr))
    matrix, inliers = _robust(matches)
    if matrix is not None and inliers.mean() < CLEAN:
        again = _second_look(features, small_phone.shape, small_dslr, matrix)
        second, second_inliers = _robust(again)
        if second is not None and second_inliers.sum() > inliers.sum():
            matches, matrix, inliers = again, second, second_inliers
    _check(matrix, matches, inliers, small_phone.shape, small_dslr.shape)
    matrix = to_dslr @ matrix @ np.linalg.inv(to_phone)
    full = np.hstack([transform(to_phone, matches[:, :2]), transform(to_dslr, matches[:, 2:])])
    return Coarse(matrix / matrix[2, 2], full, inliers)


def transform(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Points, N×2, moved by a homography; float64 N×2."""
    points = np.asarray(points, np.float64).reshape(-1, 1, 2)
    if not len(points):  # for which OpenCV returns None
        return np.zeros((0, 2))
    return cv2.perspectiveTransform(points, matrix).reshape(-1, 2)


def jacobian(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Derivative of a homography at points, N×2; float64 N×2×2, [i, j] = ∂output_i/∂input_j."""
    points = np.asarray(points, np.float64)
    depth = points @ matrix[2, :2] + matrix[2, 2]
    moved = transform(matrix, points)
    linear = matrix[None, :2, :2] - moved[:, :, None] * matrix[None, None, 2, :2]
    return linear / depth[:, None, None]


def _shrunk(gray):
    """The photo at the size for features, and the homography from there to the full photo."""
    factor = LONGEST_SIDE / max(gray.shape)
    if factor >= 1:
        return gray, np.eye(3)
    height, width = (max(1, round(side * factor)) for side in gray.shape)
    scale_x, scale_y = gray.shape[1] / width, gray.shape[0] / height
    full = np.array([[scale_x, 0, (scale_x - 1) / 2], [0, scale_y, (scale_y - 1) / 2], [0, 0, 1.0]])
    return cv2.resize(gray, (width, height), interpolation=cv2.INTER_AREA), full


def _matched(first, second):
    indices = match(first, second)
    return np.hstack([first.points[indices[:, 0]], second.points[indices[:, 1]]]).astype(float)


def _robust(matches):
    """Homography and mask of inliers; None where the matches do not determine one."""
    none = None, np.zeros(len(matches), bool)
    if len(matches) < 4:
        return none
    matrix, mask = cv2.findHomography(
        matches[:, :2], matches[:, 2:], cv2.USAC_MAGSAC, THRESHOLD, None, 10_000, 0.9999
    )
    return none if matrix is None else (matrix, mask.ravel() > 0)


def _second_look(features, shape, dslr, matrix):
    """Matches, M×4, between the phone's features and the DSLR's photo warped onto the phone's."""
    scale = np.sqrt(abs(np.linalg.det(jacobian(matrix, _corners(shape).mean(axis=0)[None])[0])))
    if scale > 1.1:  # the warp samples that sparsely: blur to the phone's pixels first
        dslr = cv2.GaussianBlur(dslr, (0, 0), np.sqrt(scale**2 - 1) / 2)
    warped = cv2.warpPerspective(
        dslr, matrix, shape[::-1], flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    )
    matches = _matched(features, detect(warped))
    near = np.linalg.norm(matches[:, :2] - matches[:, 2:], axis=1) < 0.05 * max(shape)
    matches = matches[near]
    return np.hstack([matches[:, :2], transform(matrix, matches[:, 2:])])


def _check(matrix, matches, inliers, phone_shape, dslr_shape):
    """Raise where the homography cannot be that of two cameras side by side."""
    if inliers.sum() < LEAST_INLIERS:
        raise AlignmentError(
            f"the photos share no scene: {int(inliers.sum())} of {len(matches)} feature matches "
            f"agree, {LEAST_INLIERS} are needed"
        )
    corners = _corners(phone_shape)
    depth = corners @ matrix[2, :2] + matrix[2, 2]
    matrices = jacobian(matrix, np.vstack([corners, corners.mean(axis=0)]))
    if np.any(depth * matrix[2, 2] <= 0) or np.any(np.linalg.det(matrices) <= 0):
        raise AlignmentError("the matches mirror or fold the photo: probably another scene")
    largest, smallest = np.linalg.svd(matrices[-1], compute_uv=False)
    if not 1 / LARGEST_SCALE < np.sqrt(largest * smallest) < LARGEST_SCALE:
        raise AlignmentError("the matches ask for an implausible scale: probably another scene")
    if largest > LARGEST_STRETCH * smallest:
        raise AlignmentError("the matches ask for an implausible viewpoint: probably another scene")
    common = common_field(matrix, phone_shape, dslr_shape)
    if cv2.contourArea(common) < LEAST_OVERLAP * phone_shape[0] * phone_shape[1]:
        raise AlignmentError("the photos overlap by less than a tenth of the phone's")
    low, high = common.min(axis=0), common.max(axis=0)
    cells = np.floor((matches[inliers, :2] - low) / (high - low + 1e-6) * CELLS).astype(int)
    occupied = len(np.unique(np.clip(cells, 0, CELLS - 1), axis=0))
    if occupied < LEAST_CELLS:
        raise AlignmentError(
            f"the matches that agree lie in {occupied} of {CELLS**2} parts of the common field, "
            f"{LEAST_CELLS} are needed"
        )


def common_field(
    matrix: np.ndarray, phone_shape: tuple[int, int], dslr_shape: tuple[int, int]
) -> np.ndarray:
    """What both photos show: a convex polygon in the phone's photo.

    Args:
        matrix: the homography.
        phone_shape: (height, width).
        dslr_shape: (height, width).

    Returns:
        float32 K×2, (x, y); empty where the photos do not overlap.
    """
    seen = transform(np.linalg.inv(matrix), _corners(dslr_shape)).astype(np.float32)
    area, common = cv2.intersectConvexConvex(seen, _corners(phone_shape).astype(np.float32))
    # Of polygons apart OpenCV may return one point at infinity.
    return common.reshape(-1, 2) if area > 0 else np.zeros((0, 2), np.float32)


def _corners(shape):
    height, width = shape
    right, bottom = width - 1.0, height - 1.0
    return np.array([[0, 0], [right, 0], [right, bottom], [0, bottom]])
