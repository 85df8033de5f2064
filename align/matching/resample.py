"""DSLR pixels on the phone's grid: one resampling, from the original.

A patch is where an affine map takes it; a lens or a perspective bends a hundred pixels by less
than a tenth of one. Where the DSLR has more pixels than the phone, a windowed sinc removes first
what the phone's grid cannot hold; it is a filter on the DSLR's own grid, no second interpolation.
"""

import functools

import cv2
import numpy as np

LOBES = 3  # of the Lanczos window
INTERPOLATION_MARGIN = 5  # pixels, what Lanczos over 8×8 reads beyond the outermost point


def cut(
    image: np.ndarray, affine: np.ndarray, side: int, interpolation: int = cv2.INTER_LANCZOS4
) -> np.ndarray | None:
    """A square of the photo, resampled.

    Args:
        image: uint8 H×W or H×W×3.
        affine: float64 2×3, output pixels from the square's center to pixels of the photo.
        side: of the square, output pixels.
        interpolation: OpenCV's; by default Lanczos over 8×8 pixels.

    Returns:
        uint8 side×side(×3); None where the square is not all inside the photo.
    """
    half = (side - 1) / 2
    corners = np.array([[-half, -half], [half, -half], [half, half], [-half, half]])
    corners = corners @ affine[:, :2].T + affine[:, 2]
    scale = scale_of(affine)
    kernel = low_pass(round(scale, 2))
    margin = INTERPOLATION_MARGIN + len(kernel) // 2
    low = np.floor(corners.min(axis=0)).astype(int) - margin
    high = np.ceil(corners.max(axis=0)).astype(int) + margin + 1
    if corners.min() < 0 or np.any(corners > np.array(image.shape[1::-1]) - 1):
        return None
    low = np.maximum(low, 0)
    high = np.minimum(high, image.shape[1::-1])
    source = image[low[1] : high[1], low[0] : high[0]]
    if len(kernel) > 1:
        source = cv2.sepFilter2D(
            source, cv2.CV_32F, kernel, kernel, borderType=cv2.BORDER_REFLECT_101
        )
    map_ = affine.copy()
    map_[:, 2] -= low + affine[:, :2] @ (half, half)
    resampled = cv2.warpAffine(
        source.astype(np.float32),
        map_,
        (side, side),
        flags=interpolation | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REFLECT_101,
    )
    return np.rint(np.clip(resampled, 0, 255)).astype(np.uint8)


def scale_of(affine: np.ndarray) -> float:
    """Pixels of the photo for each output pixel, along either axis on average."""
    return float(np.sqrt(abs(np.linalg.det(affine[:, :2]))))


@functools.lru_cache
def low_pass(scale: float) -> np.ndarray:
    """Lanczos-windowed sinc that keeps what a grid `scale` times as coarse can hold.

    Args:
        scale: input pixels for each output pixel.

    Returns:
        float32, odd length, sum 1; [1] where the scale is not above 1.
    """
    if scale <= 1:
        return np.ones(1, np.float32)
    reach = int(np.ceil(LOBES * scale))
    place = np.arange(-reach, reach + 1) / scale
    kernel = np.where(np.abs(place) < LOBES, np.sinc(place) * np.sinc(place / LOBES), 0)
    return (kernel / kernel.sum()).astype(np.float32)
