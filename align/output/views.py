"""Small pictures of an aligned pair, to judge it by eye."""

import functools

import cv2
import numpy as np

from align.matching.estimate_homography import Coarse, transform
from align.matching.place_windows import Placements
from common.layout import PATCH_SIZE

SIDE = 900  # pixels, the longest


class Views:
    """Pictures of a pair, each made when asked for; uint8 RGB, longest side at most 900 pixels.

    Args:
        phone: uint8 RGB H×W×3.
        dslr: uint8 RGB.
        coarse: homography and matches.
        placements: windows.
    """

    def __init__(self, phone: np.ndarray, dslr: np.ndarray, coarse: Coarse, placements: Placements):
        self._phone, self._dslr, self._coarse = phone, dslr, coarse
        self._placements = placements

    @functools.cached_property
    def phone(self) -> np.ndarray:
        """The phone's photo."""
        return _shrunk(self._phone)

    @functools.cached_property
    def dslr(self) -> np.ndarray:
        """The DSLR's photo."""
        return _shrunk(self._dslr)

    @property
    def matches(self) -> np.ndarray:
        """Feature matches: x and y in `phone`, x and y in `dslr`; float64 M×4."""
        scales = _ratio(self.phone, self._phone), _ratio(self.dslr, self._dslr)
        return (self._coarse.matches + 0.5) * np.concatenate(scales) - 0.5

    @property
    def inliers(self) -> np.ndarray:
        """Which matches agree with the homography; bool M."""
        return self._coarse.inliers

    @property
    def before(self) -> np.ndarray:
        """The DSLR's photo, merely scaled to the size of `phone`."""
        height, width = self.phone.shape[:2]
        return cv2.resize(self.dslr, (width, height), interpolation=cv2.INTER_AREA)

    @property
    def after(self) -> np.ndarray:
        """The DSLR's photo on the grid of `phone`, black where it does not reach."""
        height, width = self.phone.shape[:2]
        x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
        points = (np.stack([x, y], axis=-1) + 0.5) / _ratio(self.phone, self._phone) - 0.5
        points += self._shift_at(points)
        seen = transform(self._coarse.matrix, points.reshape(-1, 2))
        maps = (
            ((seen + 0.5) * _ratio(self.dslr, self._dslr) - 0.5)
            .astype(np.float32)
            .reshape(height, width, 2)
        )
        return cv2.remap(self.dslr, maps, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)

    def _shift_at(self, points):
        """Shift at points h×w×2 of the phone's photo, linear between the windows' centers."""
        corners, shift = self._placements.corners, self._placements.shift
        first = corners[0, 0]
        steps = np.maximum(corners[-1, -1] - first, 1) / np.maximum(
            np.array(corners.shape[1::-1]) - 1, 1
        )
        place = ((points - first - (PATCH_SIZE - 1) / 2) / steps).astype(np.float32)
        return np.stack(
            [
                cv2.remap(
                    np.ascontiguousarray(shift[..., axis], np.float32),
                    place,
                    None,
                    cv2.INTER_LINEAR,
                    borderMode=cv2.BORDER_REPLICATE,
                )
                for axis in range(2)
            ],
            axis=-1,
        )


def _ratio(small, large):
    """Of widths and of heights: whole pixels make them differ a little."""
    return np.array(small.shape[1::-1]) / large.shape[1::-1]


def _shrunk(image):
    factor = SIDE / max(image.shape)
    if factor >= 1:
        return image
    size = tuple(max(1, round(side * factor)) for side in image.shape[1::-1])
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)
