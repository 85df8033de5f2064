"""Points moved by a homography, and the derivative of the move.

Points are (x, y) in pixels, and the centers of pixels are at integers. A homography is a float64
3×3 matrix that maps a phone point (x, y, 1) to the DSLR point of the same spot of the scene.
"""

import cv2
import numpy as np


def apply_homography(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return points, N×2, moved by a homography; float64 N×2."""
    points = np.asarray(points, np.float64).reshape(-1, 1, 2)
    if not len(points):  # OpenCV returns None for no points
        return np.zeros((0, 2))
    return cv2.perspectiveTransform(points, matrix).reshape(-1, 2)


def homography_jacobian(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return the derivative of a homography at points, N×2.

    Returns:
        float64 N×2×2, [n, i, j] = ∂output_i/∂input_j at point n.
    """
    points = np.asarray(points, np.float64)
    depth = points @ matrix[2, :2] + matrix[2, 2]
    moved = apply_homography(matrix, points)
    linear = matrix[None, :2, :2] - moved[:, :, None] * matrix[None, None, 2, :2]
    return linear / depth[:, None, None]
