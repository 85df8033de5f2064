"""Colors for pixels that nobody sees, from their visible neighbors.

A file stores colors of transparent pixels too, and they may be anything. A network looks at the
surroundings of each pixel and at a thumbnail of the photo, and codecs mix neighbors. So hidden
colors would change what is seen. This module replaces them by pulling weighted means of ever larger
cells, and pushing them back to where nothing is visible (Gortler et al., The Lumigraph, 1996,
section 3.4.3).
"""

from collections.abc import Callable

import numpy as np

from photos.photo import BAND, Photo, bands

CELL = 8  # pixels; the side of the smallest cell
SEEN_AS_IT_IS = 0.25  # the least alpha, as a share, of a pixel whose own color counts in full
_WEIGHT = 1.0  # of the larger cell's color, in visible pixels
_EMPTY = 1.0  # the color of a photo without a visible pixel: white


class HiddenColors:
    """The colors to take in the place of hidden ones.

    The grid takes 1/4 byte a pixel.
    """

    def __init__(self, photo: Photo, colors: Callable[[slice], np.ndarray]):
        """Prepare the colors.

        Args:
            photo: A photo with alpha.
            colors: Returns the colors of rows, float32 `(h, W, C)`.
        """
        self._alpha = photo.pixels[..., -1]
        self._top = np.float32(np.iinfo(self._alpha.dtype).max)
        height, width = self._alpha.shape
        across = np.arange(0, width, CELL)
        step = max(1, BAND // max(width, 1) // CELL) * CELL
        sums = []
        for top in range(0, height, step):
            rows = slice(top, min(top + step, height))
            weight = self._share(rows) ** 2  # so that many pixels that are hardly seen hardly count
            weighted = np.concatenate([colors(rows) * weight, weight], -1)
            cells = np.add.reduceat(weighted, np.arange(0, rows.stop - top, CELL), 0)
            sums.append(np.add.reduceat(cells, across, 1))
        self._grid = _filled(np.concatenate(sums))

    @classmethod
    def of(cls, photo: Photo, colors: Callable[[slice], np.ndarray]) -> "HiddenColors | None":
        """Return the colors to take, or None for a photo in which every pixel is seen."""
        if not photo.has_alpha:
            return None
        least = SEEN_AS_IT_IS * np.iinfo(photo.pixels.dtype).max
        rows = bands(*photo.pixels.shape[:2])
        seen = all((photo.pixels[band][..., -1] >= least).all() for band in rows)
        return None if seen else cls(photo, colors)

    def replaced(self, rows: slice, colors: np.ndarray) -> np.ndarray:
        """Return colors without hidden ones.

        A pixel's own color counts by how visible the pixel is, in full from `SEEN_AS_IT_IS` on. So
        a color that is hardly seen hardly counts.

        Args:
            rows: The rows of the photo.
            colors: Their colors, float32 `(h, W, C)`.
        """
        own = np.minimum(self._share(rows) / np.float32(SEEN_AS_IT_IS), 1)
        if own.min(initial=1) == 1:
            return colors
        return np.where(own < 1, own * colors + (1 - own) * self.of_rows(rows), colors)

    def of_rows(self, rows: slice) -> np.ndarray:
        """Return the colors of the surroundings of each pixel, float32 `(h, W, C)`."""
        return _enlarged(self._grid, rows, self._alpha.shape[1], CELL)

    def _share(self, rows: slice) -> np.ndarray:
        return (self._alpha[rows] / self._top)[..., None]


def _filled(sums: np.ndarray) -> np.ndarray:
    """Return the color of each cell.

    Args:
        sums: Sums of weighted colors and of weights, float32 `(h, w, C + 1)`.

    Returns:
        float32 `(h, w, C)`; a cell without weight has the color of its surroundings.
    """
    height, width = sums.shape[:2]
    if height * width == 1:
        larger = np.full((1, 1, sums.shape[2] - 1), _EMPTY, np.float32)
    else:
        halves = np.add.reduceat(sums, np.arange(0, height, 2), 0)
        halves = np.add.reduceat(halves, np.arange(0, width, 2), 1)
        larger = _enlarged(_filled(halves), slice(0, height), width, 2)
    return (sums[..., :-1] + _WEIGHT * larger) / (sums[..., -1:] + _WEIGHT)


def _enlarged(grid: np.ndarray, rows: slice, width: int, factor: int) -> np.ndarray:
    """Return rows of a grid that is enlarged by a factor, with straight lines between centers."""
    above, below, down = _neighbors(np.arange(rows.start, rows.stop), factor, grid.shape[0])
    lines = grid[above] + down[:, None, None] * (grid[below] - grid[above])
    left, right, across = _neighbors(np.arange(width), factor, grid.shape[1])
    return lines[:, left] + across[:, None] * (lines[:, right] - lines[:, left])


def _neighbors(places: np.ndarray, factor: int, count: int) -> tuple[np.ndarray, ...]:
    """Return for each place the cells before and after, and the share of the one after."""
    position = np.clip((places + 0.5) / factor - 0.5, 0, count - 1)
    before = position.astype(int)
    return before, np.minimum(before + 1, count - 1), (position - before).astype(np.float32)
