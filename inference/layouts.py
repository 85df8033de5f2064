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

    def measured(self, t: Tile, kept: np.ndarray) -> tuple[np.ndarray, float]:
        """The part of a tile's kept result that counts in the statistics, and its weight."""
        return kept, 1.0


class SampledPhoto:
    """Windows spread evenly over a photo, one above the other, each a tile of its own.

    A window's border sees padding where the photo goes on: only pixels farther than `radius` from
    it, or at a true edge, are measured. Windows lie in the cells of a grid, at random within their
    cell, so that no pattern can keep step with them; many small ones tell more of a photo than few
    large ones. What lies within `radius` of the photo's edges sees the network's padding, which can
    give extreme values (a quarter of the variance of one of PPCN's channels under a white sky), so
    it is a stratum of its own, weighted by its area.

    Args:
        photo: `(H, W, 3)`.
        radius: how far a measured value may look.
        area: pixels of all windows together, about.
        inner: side of the measured part of a window.
    """

    def __init__(self, photo: np.ndarray, radius: int, area: int, inner: int):
        height, width = photo.shape[:2]
        side = inner + 2 * radius
        self._size = min(side, height), min(side, width)
        count = max(area // (self._size[0] * self._size[1]), 1)
        self._photo, self._rng, self._windows = photo, np.random.default_rng(0), []
        if min(height, width) <= 2 * side:  # no room for an inside
            self._spread(count, 0, radius)
        else:
            edges = min(max(count // 4, 4), 2 * (height + width) // inner)
            self._spread(max(count - edges, 1), radius, radius)
            inside = len(self._windows)
            self._along_edges(edges, radius)
            self._weigh(slice(0, inside), (height - 2 * radius) * (width - 2 * radius))
            self._weigh(slice(inside, None), 2 * radius * (height + width - 2 * radius))
        high, wide = self._size
        self.pixels = np.concatenate(
            [photo[y : y + high, x : x + wide] for y, x, *_ in self._windows]
        )

    def plan(self, halo: int, area: int) -> list[Tile]:
        """The windows, whatever the halo and area."""
        starts = range(0, len(self.pixels), self._size[0])
        return [Tile(start, 0, *self._size, start, 0, *self._size) for start in starts]

    def measured(self, t: Tile, kept: np.ndarray) -> tuple[np.ndarray, float]:
        """The part of a window that counts in the statistics, and the weight of its pixels."""
        _, _, rows, columns, weight = self._windows[t.in_y // self._size[0]]
        return kept[rows, columns], weight

    def _spread(self, count: int, margin: int, radius: int) -> None:
        """Windows all over the photo but for a margin."""
        height, width = self._photo.shape[:2]
        down = max(round(math.sqrt(count * height / width)), 1)
        across = max(count // down, 1)
        for row in range(down):
            for column in range(across):
                y, rows = self._place(0, row, down, margin, radius)
                x, columns = self._place(1, column, across, margin, radius)
                self._windows.append((y, x, rows, columns, 1.0))

    def _along_edges(self, count: int, radius: int) -> None:
        """Windows flush with each of the four edges, of which only the margin is measured."""
        height, width = self._photo.shape[:2]
        first, last = slice(0, radius), slice(-radius, None)
        horizontal = max(round(count * width / (2 * (height + width))), 1)
        for index in range(horizontal):
            for y, rows in ((0, first), (height - self._size[0], last)):
                x, columns = self._place(1, index, horizontal, 0, radius)
                self._windows.append((y, x, rows, columns, 1.0))
        vertical = max(count // 2 - horizontal, 1)
        for index in range(vertical):
            for x, columns in ((0, first), (width - self._size[1], last)):
                y, rows = self._place(0, index, vertical, 0, radius)
                self._windows.append((y, x, rows, columns, 1.0))

    def _weigh(self, part: slice, area: int) -> None:
        """Let the measured pixels of some windows stand for `area` pixels of the photo."""
        high, wide = map(range, self._size)
        windows = self._windows[part]
        measured = sum(len(high[rows]) * len(wide[columns]) for _, _, rows, columns, _ in windows)
        self._windows[part] = [(*window[:4], area / measured) for window in windows]

    def _place(self, axis: int, index: int, count: int, margin: int, radius: int):
        """Along one axis: where window `index` of `count` starts, and its measured pixels."""
        length, size = self._photo.shape[axis], self._size[axis]
        cell = (length - 2 * margin) / count
        start = margin + cell * index - radius
        start += self._rng.random() * max(cell - (size - 2 * radius), 0)
        start = int(np.clip(round(start), 0, length - size))
        if margin:
            return start, slice(radius, size - radius)
        end = size - (radius if start + size < length else 0)
        return start, slice(radius if start > 0 else 0, end)


def tile_shape(height: int, width: int, area: int, halo: int, multiple: int = 1) -> tuple[int, int]:
    """Height and width of equal tiles of at most `area` pixels, each side at most its root."""
    side = max(math.isqrt(area), 4 * halo, 8)  # below that most of the work would go into halos
    side -= side % multiple
    return (
        balanced_tile(height, side, halo, multiple),
        balanced_tile(width, side, halo, multiple),
    )
