"""Two photos of one scene in, pairs of aligned patches out."""

import dataclasses
import functools

import cv2
import numpy as np

from align.alignment_error import AlignmentError
from align.matching.estimate_homography import Coarse, estimate
from align.matching.place_windows import Placements, place_windows
from align.matching.read_photos import Photo, color_transform
from align.matching.reject_windows import judge
from align.matching.resample import cut, scale_of
from align.matching.search_window import OUTSIDE, Placement
from align.output.views import Views
from common.layout import PATCH_SIZE

MOST_HELD = 2000  # kept pairs of patches, 30 kB each; small strides give many more


@dataclasses.dataclass(frozen=True)
class Settings:
    """All that the result of a pair depends on.

    Attributes:
        min_ncc: least normalized cross-correlation of a kept pair of patches.
        stride: pixels from window to window of the phone's photo.
    """

    min_ncc: float = 0.9
    stride: int = 100


@dataclasses.dataclass(frozen=True)
class Candidate:
    """One 100×100 window of the phone's photo.

    Attributes:
        x: leftmost column of the window in the upright phone photo.
        y: topmost row.
        dslr_x: where its center lies in the upright DSLR photo, pixels; NaN if not found.
        dslr_y: the same.
        dx: shift from where the homography puts the center, phone pixels; NaN if not found.
        dy: the same.
        angle: rotation of its own, added to the homography's and its neighbors', degrees; clockwise
            as seen in the DSLR's photo.
        ncc: normalized cross-correlation of the luma of the two patches; NaN if not compared.
        reason: why it is dropped; "" if it is kept.
    """

    x: int
    y: int
    dslr_x: float = np.nan
    dslr_y: float = np.nan
    dx: float = np.nan
    dy: float = np.nan
    angle: float = np.nan
    ncc: float = np.nan
    reason: str = ""

    @property
    def kept(self) -> bool:
        """Whether the pair of patches is in the set."""
        return not self.reason


class Alignment:
    """An aligned pair of photos.

    Attributes:
        candidates: every window, kept or not.
        views: pictures for people.
    """

    def __init__(
        self, phone: Photo, dslr: Photo, coarse: Coarse, placements: Placements, settings: Settings
    ):
        self._phone, self._dslr = phone.pixels, dslr.pixels
        self._recolor = color_transform(phone.profile, dslr.profile)
        self._coarse = coarse
        self._kept = {}  # pairs of patches that the set will ask for, if they are not too many
        corners = placements.corners.reshape(-1, 2).tolist()
        self._found = dict(zip(map(tuple, corners), placements.found.ravel(), strict=True))
        self.candidates = tuple(self._judged(corner, settings) for corner in self._found)
        self.views = Views(phone.pixels, dslr.pixels, coarse, placements)

    def patches(self, candidate: Candidate) -> tuple[np.ndarray, np.ndarray]:
        """Phone and DSLR patch of a candidate that has been compared; uint8 RGB 100×100×3."""
        corner = candidate.x, candidate.y
        pair = self._kept.get(corner) or self._cut(corner)
        if pair is None:
            raise ValueError(f"{candidate} has no counterpart")
        return pair

    def placement(self, candidate: Candidate) -> Placement | None:
        """Where a candidate's content lies in the DSLR's photo; None if it was not found."""
        found = self._found[candidate.x, candidate.y]
        return found if isinstance(found, Placement) else None

    @functools.cached_property
    def summary(self) -> dict[str, float]:
        """Figures of the pair, for tables.

        Matches and inliers of the homography; DSLR pixels a phone pixel; median and largest shift
        of a kept window from the homography, phone pixels.
        """
        kept = [candidate for candidate in self.candidates if candidate.kept]
        shifts = [float(np.hypot(candidate.dx, candidate.dy)) for candidate in kept] or [np.nan]
        scales = [scale_of(self._found[c.x, c.y].affine) for c in kept] or [np.nan]
        return {
            "matches": len(self._coarse.matches),
            "inliers": int(self._coarse.inliers.sum()),
            "scale": round(float(np.median(scales)), 4),
            "median_shift": round(float(np.median(shifts)), 2),
            "largest_shift": round(max(shifts), 2),
        }

    def _cut(self, corner):
        found = self._found[corner]
        target = cut(self._dslr, found.affine, PATCH_SIZE) if isinstance(found, Placement) else None
        if target is None:
            return None
        x, y = corner
        source = self._phone[y : y + PATCH_SIZE, x : x + PATCH_SIZE]
        return source, target if self._recolor is None else self._recolor(target)

    def _judged(self, corner, settings):
        found, pair = self._found[corner], self._cut(corner)
        if not isinstance(found, Placement):
            return Candidate(*corner, reason=found)
        place = (*found.affine[:, 2].tolist(), *found.shift.tolist(), found.angle)
        if pair is None:
            return Candidate(*corner, *place, reason=OUTSIDE)
        reason, ncc = judge(*pair, settings.min_ncc)
        if not reason and len(self._kept) < MOST_HELD:
            self._kept[corner] = pair
        return Candidate(*corner, *place, ncc, reason)


def align_photos(phone: Photo, dslr: Photo, settings: Settings) -> Alignment:
    """Align two photos of one scene.

    Args:
        phone: the phone's.
        dslr: the DSLR's.
        settings: which windows to take and which to keep.

    Raises:
        AlignmentError: they do not show the same scene, or the phone's has no room for a window.
    """
    gray = [cv2.cvtColor(photo.pixels, cv2.COLOR_RGB2GRAY) for photo in (phone, dslr)]
    if min(gray[0].shape) < PATCH_SIZE:
        raise AlignmentError(f"smaller than a patch of {PATCH_SIZE}×{PATCH_SIZE} pixels")
    coarse = estimate(*gray)
    rows, columns = (range(0, side - PATCH_SIZE + 1, settings.stride) for side in gray[0].shape)
    corners = np.stack(np.meshgrid(columns, rows), axis=-1)
    placements = place_windows(*gray, coarse.matrix, corners)
    return Alignment(phone, dslr, coarse, placements, settings)
