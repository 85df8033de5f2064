"""The DSLR's photo on the phone's pixel grid, at the size of a small picture."""

import cv2
import numpy as np

from align.matching.apply_homography import apply_homography
from align.window import WindowGrid
from common.layout import PATCH_SIZE


def warp_dslr(
    dslr: np.ndarray,
    dslr_ratio: np.ndarray,
    phone_shape: tuple[int, int],
    phone_ratio: np.ndarray,
    matrix: np.ndarray,
    grid: WindowGrid,
) -> np.ndarray:
    """Warp the DSLR's small picture onto the phone's small picture.

    Args:
        dslr: uint8 RGB, the DSLR's photo, shrunk.
        dslr_ratio: float 2, (width, height) of `dslr` over those of the whole photo.
        phone_shape: (height, width) of the phone's small picture.
        phone_ratio: float 2, (width, height) of that picture over those of the whole photo.
        matrix: float64 3×3, the homography between the whole photos.
        grid: The windows, whose shifts refine the homography.

    Returns:
        uint8 RGB of `phone_shape`, black where the DSLR's photo does not reach.
    """
    height, width = phone_shape
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    points = (np.stack([x, y], axis=-1) + 0.5) / phone_ratio - 0.5
    points += _interpolate_shift(grid, points)
    seen = apply_homography(matrix, points.reshape(-1, 2))
    maps = ((seen + 0.5) * dslr_ratio - 0.5).astype(np.float32).reshape(height, width, 2)
    return cv2.remap(dslr, maps, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)


def _interpolate_shift(grid: WindowGrid, points: np.ndarray) -> np.ndarray:
    """Return the shift at points h×w×2 of the phone's photo, linear between windows' centers."""
    corners = grid.corners
    first = corners[0, 0]
    counts = np.array(corners.shape[1::-1])
    steps = np.maximum(corners[-1, -1] - first, 1) / np.maximum(counts - 1, 1)
    place = ((points - first - (PATCH_SIZE - 1) / 2) / steps).astype(np.float32)
    axes = [np.ascontiguousarray(grid.shift[..., axis], np.float32) for axis in range(2)]
    shifts = [
        cv2.remap(axis, place, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        for axis in axes
    ]
    return np.stack(shifts, axis=-1)
