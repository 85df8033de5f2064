"""The coarse step: one homography from the phone's photo to the DSLR's photo.

`apply_homography.py` says how points and homographies are represented.
"""

import dataclasses

import cv2
import numpy as np

from align.alignment_error import AlignmentError
from align.matching.apply_homography import apply_homography, homography_jacobian
from align.matching.match_features import Features, detect_features, match_features

LONGEST_SIDE = 1600  # pixels; features of larger photos are noisier, not more accurate
MAX_INLIER_ERROR = 2.0  # pixels at that size: MAGSAC's upper bound
CLEAN_SHARE = 0.7  # share of inliers among matches; below this share a second look pays
MIN_INLIERS = 20
CELLS = 4  # the common field is divided into 4×4 cells
MIN_CELLS = 4  # of the 16 cells that must hold inliers
MAX_SCALE = 6.0  # DSLR pixels for one phone pixel, or the inverse
MAX_STRETCH = 3.0  # ratio of the scales along the two axes of strongest difference
MIN_OVERLAP = 0.1  # part of the phone's photo that the DSLR's photo must show


@dataclasses.dataclass(frozen=True, eq=False)
class HomographyEstimate:
    """A homography and the matches that support the homography.

    Attributes:
        matrix: float64 3×3, phone to DSLR, in pixels of the full photos.
        matches: float64 M×4, x and y in the phone's photo, x and y in the DSLR's photo.
        inliers: bool M, whether each match agrees with the homography.
    """

    matrix: np.ndarray
    matches: np.ndarray
    inliers: np.ndarray


def estimate_homography(phone: np.ndarray, dslr: np.ndarray) -> HomographyEstimate:
    """Estimate the homography between two photos of one scene, by SIFT and MAGSAC.

    The estimator is USAC's MAGSAC++ (Barath et al., CVPR 2020) with a fixed seed. Many matches
    contradict the first estimate if viewpoints or scales differ. Then the first estimate warps the
    DSLR's photo, and SIFT matches the nearly undistorted photo again.

    Args:
        phone: uint8 gray H×W.
        dslr: uint8 gray H×W, of any size.

    Raises:
        AlignmentError: The photos do not show the same scene, as far as features can tell.
    """
    small_phone, to_phone = _shrink_for_features(phone)
    small_dslr, to_dslr = _shrink_for_features(dslr)
    features = detect_features(small_phone)
    matches = _matched_points(features, detect_features(small_dslr))
    matrix, inliers = _fit_robustly(matches)
    if matrix is not None and inliers.mean() < CLEAN_SHARE:
        second_matches = _match_warped(features, small_phone.shape, small_dslr, matrix)
        second_matrix, second_inliers = _fit_robustly(second_matches)
        if second_matrix is not None and second_inliers.sum() > inliers.sum():
            matches, matrix, inliers = second_matches, second_matrix, second_inliers
    if matrix is None or inliers.sum() < MIN_INLIERS:
        raise AlignmentError(
            f"the photos share no scene: {int(inliers.sum())} of {len(matches)} feature matches "
            f"agree, {MIN_INLIERS} are needed"
        )
    _check_plausible(matrix, matches[inliers], small_phone.shape, small_dslr.shape)
    matrix = to_dslr @ matrix @ np.linalg.inv(to_phone)
    full_size = np.hstack(
        [apply_homography(to_phone, matches[:, :2]), apply_homography(to_dslr, matches[:, 2:])]
    )
    return HomographyEstimate(matrix / matrix[2, 2], full_size, inliers)


def _shrink_for_features(gray: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the photo at the size for features, and the homography from there to the photo."""
    factor = LONGEST_SIDE / max(gray.shape)
    if factor >= 1:
        return gray, np.eye(3)
    height, width = (max(1, round(side * factor)) for side in gray.shape)
    scale_x, scale_y = gray.shape[1] / width, gray.shape[0] / height
    full = np.array([[scale_x, 0, (scale_x - 1) / 2], [0, scale_y, (scale_y - 1) / 2], [0, 0, 1.0]])
    return cv2.resize(gray, (width, height), interpolation=cv2.INTER_AREA), full


def _matched_points(first: Features, second: Features) -> np.ndarray:
    indices = match_features(first, second)
    return np.hstack([first.points[indices[:, 0]], second.points[indices[:, 1]]]).astype(float)


def _fit_robustly(matches: np.ndarray) -> tuple[np.ndarray | None, np.ndarray]:
    """Return a homography, None if the matches determine none, and the mask of inliers."""
    nothing = None, np.zeros(len(matches), bool)
    if len(matches) < 4:
        return nothing
    matrix, mask = cv2.findHomography(
        matches[:, :2], matches[:, 2:], cv2.USAC_MAGSAC, MAX_INLIER_ERROR, None, 10_000, 0.9999
    )
    return nothing if matrix is None else (matrix, mask.ravel() > 0)


def _match_warped(
    features: Features, phone_shape: tuple[int, ...], dslr: np.ndarray, matrix: np.ndarray
) -> np.ndarray:
    """Return matches, M×4, between the phone's features and the DSLR's photo warped onto them."""
    middle = _corners(phone_shape).mean(axis=0)
    scale = np.sqrt(abs(np.linalg.det(homography_jacobian(matrix, middle[None])[0])))
    if scale > 1.1:  # the warp would alias: blur to the size of the phone's pixels first
        dslr = cv2.GaussianBlur(dslr, (0, 0), np.sqrt(scale**2 - 1) / 2)
    warped = cv2.warpPerspective(
        dslr, matrix, phone_shape[::-1], flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    )
    matches = _matched_points(features, detect_features(warped))
    near = np.linalg.norm(matches[:, :2] - matches[:, 2:], axis=1) < 0.05 * max(phone_shape)
    matches = matches[near]
    return np.hstack([matches[:, :2], apply_homography(matrix, matches[:, 2:])])


def _check_plausible(
    matrix: np.ndarray,
    inliers: np.ndarray,
    phone_shape: tuple[int, ...],
    dslr_shape: tuple[int, ...],
) -> None:
    """Raise AlignmentError if two cameras side by side cannot have this homography."""
    corners = _corners(phone_shape)
    depth = corners @ matrix[2, :2] + matrix[2, 2]
    matrices = homography_jacobian(matrix, np.vstack([corners, corners.mean(axis=0)]))
    if np.any(depth * matrix[2, 2] <= 0) or np.any(np.linalg.det(matrices) <= 0):
        raise AlignmentError("the matches mirror or fold the photo: probably another scene")
    largest, smallest = np.linalg.svd(matrices[-1], compute_uv=False)
    if not 1 / MAX_SCALE < np.sqrt(largest * smallest) < MAX_SCALE:
        raise AlignmentError("the matches ask for an implausible scale: probably another scene")
    if largest > MAX_STRETCH * smallest:
        raise AlignmentError("the matches ask for an implausible viewpoint: probably another scene")
    common = common_field(matrix, phone_shape, dslr_shape)
    if cv2.contourArea(common) < MIN_OVERLAP * phone_shape[0] * phone_shape[1]:
        raise AlignmentError("the photos overlap by less than a tenth of the phone's photo")
    low, high = common.min(axis=0), common.max(axis=0)
    cells = np.floor((inliers[:, :2] - low) / (high - low + 1e-6) * CELLS).astype(int)
    occupied = len(np.unique(np.clip(cells, 0, CELLS - 1), axis=0))
    if occupied < MIN_CELLS:
        raise AlignmentError(
            f"the matches that agree lie in {occupied} of {CELLS**2} parts of the common field, "
            f"{MIN_CELLS} are needed"
        )


def common_field(
    matrix: np.ndarray, phone_shape: tuple[int, ...], dslr_shape: tuple[int, ...]
) -> np.ndarray:
    """Return the part of the scene that both photos show, as a polygon in the phone's photo.

    Args:
        matrix: The homography from phone to DSLR.
        phone_shape: (height, width).
        dslr_shape: (height, width).

    Returns:
        float32 K×2, (x, y), a convex polygon; empty where the photos do not overlap.
    """
    seen = apply_homography(np.linalg.inv(matrix), _corners(dslr_shape)).astype(np.float32)
    area, common = cv2.intersectConvexConvex(seen, _corners(phone_shape).astype(np.float32))
    # For polygons that do not overlap OpenCV may return one point at infinity.
    return common.reshape(-1, 2) if area > 0 else np.zeros((0, 2), np.float32)


def _corners(shape: tuple[int, ...]) -> np.ndarray:
    height, width = shape
    right, bottom = width - 1.0, height - 1.0
    return np.array([[0, 0], [right, 0], [right, bottom], [0, bottom]])
