"""A window of the phone's photo, on its way from a place in the grid to a kept or rejected pair."""

import dataclasses
from typing import NamedTuple

import numpy as np

from align.rejection import Rejection


@dataclasses.dataclass(frozen=True, eq=False)
class Placement:
    """The place in the DSLR's photo where the content of a window lies.

    Attributes:
        affine: float64 2×3, maps phone pixels relative to the window's center to DSLR pixels.
        shift: float64 2, distance of the center from the homography's prediction, phone pixels.
        angle: Rotation added to the homography and to the neighbors' stretch, in degrees. The angle
            is positive where the DSLR shows the content turned clockwise, from +x toward +y.
        score: Normalized cross-correlation of the two windows, of luma under ECC's smoothing.
        information: float64 2×2, inverse covariance of the error of the shift, phone pixels⁻².
            Along an edge and in a smooth area the correlation determines the shift poorly.
    """

    affine: np.ndarray
    shift: np.ndarray
    angle: float
    score: float
    information: np.ndarray


@dataclasses.dataclass(frozen=True, eq=False)
class Window:
    """One 100×100 window of the phone's photo: placed in the DSLR's photo, or rejected.

    Attributes:
        x: The leftmost column of the window in the upright phone photo.
        y: The topmost row.
        placement: The place of the content in the upright DSLR photo; None if no place was found.
        ncc: Normalized cross-correlation of the luma of the two patches; NaN if nobody compared
            the patches.
        rejection: The reason for which the window is rejected; None if no stage has rejected the
            window.
    """

    x: int
    y: int
    placement: Placement | None = None
    ncc: float = np.nan
    rejection: Rejection | None = None

    @property
    def kept(self) -> bool:
        """Whether no stage has rejected the window."""
        return self.rejection is None


@dataclasses.dataclass(frozen=True, eq=False)
class WindowGrid:
    """All windows of a photo, on a grid of rows×columns.

    Attributes:
        corners: int rows×columns×2, (x, y), the top left pixels of the windows.
        windows: The windows row by row, each either placed or rejected.
        shift: float64 rows×columns×2, the windows' distances from the homography's prediction, in
            phone pixels. A window without a placement has the shift that its neighbors expect.
    """

    corners: np.ndarray
    windows: tuple[Window, ...]
    shift: np.ndarray


class WindowPatches(NamedTuple):
    """The two patches of a window, uint8 RGB 100×100×3, on the phone's pixel grid."""

    phone: np.ndarray
    dslr: np.ndarray
