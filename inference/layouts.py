"""The pixels that staged computation goes over: all of a photo, or windows spread over it."""

import math

import numpy as np

from inference.tiling import Tile, balanced_tile, plan_tiles


class WholePhoto:
    """All of a photo, every pixel measured.

    Attributes:
        pixels: the photo `(H, W, 3)`.
    """

    def __init__(self, pixels: np.ndarray):
        self.pixels = pixels

    def plan(self, halo: int, area: int) -> list[Tile]:
        """Tiles of about `area` pixels."""
        height, width = self.pixels.shape[:2]
        return plan_tiles(height, width, tile_shape(height, width, area, halo), halo)

    def measured(self, t: Tile, kept: np.ndarray) -> np.ndarray:
        """The part of a tile's kept result that counts in the statistics."""
        return kept


class SampledPhoto:
    """Windows spread evenly over a photo, one above the other, each a tile of its own.

    A window's border would see the padding of a photo's edge where there is none: only pixels
    farther than `radius` from it, or at a true edge, are measured. Windows lie in the cells of a
    grid, at random within their cell, so that no pattern of the photo can keep step with them.
    Many small windows tell more of a photo than few large ones, though most of them is border.

    Args:
        photo: `(H, W, 3)`.
        radius: how far a measured value may look.
        area: pixels of all windows together, about.
        inner: side of the measured part of a window.
    """

    def __init__(self, photo: np.ndarray, radius: int, area: int, inner: int):
        height, width = photo.shape[:2]
        side = inner + 2 * radius
        self._height, self._width = min(side, height), min(side, width)
        count = max(area // (self._height * self._width), 1)
        down = max(round(math.sqrt(count * height / width)), 1)
        across = max(count // down, 1)
        rng = np.random.default_rng(0)
        self._inner, windows = [], []
        for row in range(down):
            for column in range(across):
                y, above, below = _place(rng, height, row, down, self._height, radius)
                x, left, right = _place(rng, width, column, across, self._width, radius)
                windows.append(photo[y : y + self._height, x : x + self._width])
                self._inner.append((slice(above, below), slice(left, right)))
        self.pixels = np.concatenate(windows)

    def plan(self, halo: int, area: int) -> list[Tile]:
        """The windows, whatever the halo and area."""
        size = self._height, self._width
        starts = range(0, len(self.pixels), self._height)
        return [Tile(start, 0, *size, start, 0, *size) for start in starts]

    def measured(self, t: Tile, kept: np.ndarray) -> np.ndarray:
        """The part of a window that counts in the statistics."""
        return kept[self._inner[t.in_y // self._height]]


def tile_shape(height: int, width: int, area: int, halo: int) -> tuple[int, int]:
    """Height and width of equal tiles of at most `area` pixels, each side at most its root."""
    side = max(math.isqrt(area), 4 * halo, 8)  # below that most of the work would go into halos
    return balanced_tile(height, side, halo), balanced_tile(width, side, halo)


def _place(
    rng, length: int, index: int, count: int, size: int, radius: int
) -> tuple[int, int, int]:
    """Along one axis: where window `index` of `count` starts, and its first and end inner pixel."""
    inner = max(size - 2 * radius, 1)
    low, high = index * length / count, (index + 1) * length / count
    start = low + rng.random() * max(high - low - inner, 0) - radius
    start = int(np.clip(round(start), 0, length - size))
    return start, radius if start > 0 else 0, size - (radius if start + size < length else 0)
