"""Patches of the phone's photo as they are, and of the DSLR's photo on the phone's pixel grid.

The DSLR's pixels are resampled once, from the file's own pixels. An affine map says where a patch
lies; over a hundred pixels a lens or a perspective departs from an affine map by less than a tenth
of a pixel. Where the DSLR has more pixels than the phone, a windowed sinc first removes the detail
that the phone's grid cannot hold. The sinc is a filter on the DSLR's own grid, not a second
interpolation.
"""

import dataclasses
import functools
from collections.abc import Iterable, Iterator

import cv2
import numpy as np

from align.matching.convert_colors import color_transform
from align.matching.read_photos import CameraPhoto
from align.rejection import Rejection
from align.window import Window, WindowPatches
from common.layout import PATCH_SIZE

LOBES = 3  # of the Lanczos window
INTERPOLATION_MARGIN = 5  # pixels that Lanczos over 8×8 pixels reads beyond the outermost point


def cut_patches(
    phone: CameraPhoto, dslr: CameraPhoto, windows: Iterable[Window]
) -> Iterator[tuple[Window, WindowPatches | None]]:
    """Cut the patches of each placed window, the DSLR's patch in the phone's color space.

    Yields:
        Each window and its patches, None for a rejected window. A window whose square leaves the
        DSLR's photo is rejected here.
    """
    recolor = color_transform(phone.profile, dslr.profile)
    for window in windows:
        if window.placement is None:
            yield window, None
            continue
        target = cut_square(dslr.pixels, window.placement.affine, PATCH_SIZE)
        if target is None:
            yield dataclasses.replace(window, rejection=Rejection.OUTSIDE), None
            continue
        source = phone.pixels[window.y : window.y + PATCH_SIZE, window.x : window.x + PATCH_SIZE]
        yield window, WindowPatches(source, recolor(target) if recolor else target)


def cut_square(
    image: np.ndarray, affine: np.ndarray, side: int, interpolation: int = cv2.INTER_LANCZOS4
) -> np.ndarray | None:
    """Resample a square of a photo.

    Args:
        image: uint8 H×W or H×W×3.
        affine: float64 2×3, maps output pixels relative to the square's center to photo pixels.
        side: The side of the square in output pixels.
        interpolation: OpenCV's constant; the default is Lanczos over 8×8 pixels.

    Returns:
        uint8 side×side(×3); None if the square leaves the photo.
    """
    half = (side - 1) / 2
    corners = np.array([[-half, -half], [half, -half], [half, half], [-half, half]])
    corners = corners @ affine[:, :2].T + affine[:, 2]
    kernel = low_pass_kernel(round(scale_of(affine), 2))
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
    """Return the photo pixels for each output pixel of an affine map, along an average axis."""
    return float(np.sqrt(abs(np.linalg.det(affine[:, :2]))))


@functools.lru_cache
def low_pass_kernel(scale: float) -> np.ndarray:
    """Return a Lanczos-windowed sinc that keeps the detail a grid `scale` times as coarse holds.

    Args:
        scale: Input pixels for each output pixel.

    Returns:
        float32, odd length, sum 1; [1] if the scale is not above 1.
    """
    if scale <= 1:
        return np.ones(1, np.float32)
    reach = int(np.ceil(LOBES * scale))
    place = np.arange(-reach, reach + 1) / scale
    kernel = np.where(np.abs(place) < LOBES, np.sinc(place) * np.sinc(place / LOBES), 0)
    return (kernel / kernel.sum()).astype(np.float32)
