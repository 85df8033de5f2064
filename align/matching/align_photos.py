"""Two photos of one scene in, windows with pairs of aligned patches out: all stages in order."""

import dataclasses
from collections.abc import Iterator

import cv2
import numpy as np

from align.alignment_error import AlignmentError
from align.matching.cut_patches import cut_patches
from align.matching.estimate_homography import HomographyEstimate, estimate_homography
from align.matching.place_windows import place_windows
from align.matching.read_photos import CameraPhoto
from align.matching.reject_windows import reject_windows
from align.settings import AlignmentSettings
from align.window import Window, WindowGrid, WindowPatches
from common.layout import PATCH_SIZE


@dataclasses.dataclass(frozen=True, eq=False)
class Alignment:
    """The result of the alignment of two photos.

    Attributes:
        homography: The coarse step's result.
        grid: The windows as placed, before anybody judged their patches.
        judged: Each window of the grid, in order, with its judgment and its patches; None instead
            of patches for a window without a place. The patches are cut while the caller iterates,
            because all patches together may not fit into memory. So `judged` can be read once.
    """

    homography: HomographyEstimate
    grid: WindowGrid
    judged: Iterator[tuple[Window, WindowPatches | None]]


def align_photos(phone: CameraPhoto, dslr: CameraPhoto, settings: AlignmentSettings) -> Alignment:
    """Align two photos of one scene.

    Args:
        phone: The phone's photo.
        dslr: The DSLR's photo.
        settings: The distance between windows, and the limit of correlation.

    Raises:
        AlignmentError: The photos do not show the same scene, or the phone's photo is smaller than
            a window.
    """
    gray_phone, gray_dslr = (
        cv2.cvtColor(photo.pixels, cv2.COLOR_RGB2GRAY) for photo in (phone, dslr)
    )
    if min(gray_phone.shape) < PATCH_SIZE:
        raise AlignmentError(f"smaller than a patch of {PATCH_SIZE}×{PATCH_SIZE} pixels")
    homography = estimate_homography(gray_phone, gray_dslr)
    corners = window_corners(gray_phone.shape, settings.stride)
    grid = place_windows(gray_phone, gray_dslr, homography.matrix, corners)
    judged = reject_windows(cut_patches(phone, dslr, grid.windows), settings.min_ncc)
    return Alignment(homography, grid, judged)


def window_corners(shape: tuple[int, ...], stride: int) -> np.ndarray:
    """Return the top left pixels of all windows of a photo.

    Args:
        shape: (height, width) of the phone's photo.
        stride: Pixels from a window to the next.

    Returns:
        int rows×columns×2, (x, y).
    """
    rows, columns = (range(0, side - PATCH_SIZE + 1, stride) for side in shape)
    return np.stack(np.meshgrid(columns, rows), axis=-1)
