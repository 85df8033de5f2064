"""The areas of a photo whose statistics are measured: all of it, or windows spread over it."""

import math
from typing import NamedTuple, Protocol

import numpy as np

from inference.tiling import Tile, plan_tiles, tile_shape


class MeasuredArea(Protocol):
    """The pixels that stages run over."""

    @property
    def pixels(self) -> np.ndarray:
        """RGB `(H, W, 3)`: uint8, uint16, or float in [0, 1]."""
        ...

    def plan(self, halo: int, area: int) -> list[Tile]:
        """Return the tiles of `pixels`, each of about `area` pixels."""
        ...

    def measured(self, t: Tile, kept: np.ndarray) -> tuple[np.ndarray, float]:
        """Return the part of a tile's kept result that counts, and the weight of its pixels."""
        ...


class WholePhoto:
    """All of a photo; every pixel counts.

    Attributes:
        pixels: The photo `(H, W, 3)`.
    """

    def __init__(self, pixels: np.ndarray):
        self.pixels = pixels

    def plan(self, halo: int, area: int) -> list[Tile]:
        """Return tiles of about `area` pixels."""
        height, width = self.pixels.shape[:2]
        return plan_tiles(height, width, tile_shape(height, width, area, halo), halo)

    def measured(self, t: Tile, kept: np.ndarray) -> tuple[np.ndarray, float]:
        """Return all of a tile's kept result, and weight 1."""
        return kept, 1.0


class _Window(NamedTuple):
    """A window of the sample.

    Attributes:
        y: Its first row in the photo.
        x: Its first column in the photo.
        rows: The measured rows of the window.
        columns: The measured columns of the window.
        weight: The pixels of the photo for which each measured pixel stands.
    """

    y: int
    x: int
    rows: slice
    columns: slice
    weight: float = 1.0


class SampledPhoto:
    """Windows spread evenly over a photo, one above the other; each window is a tile.

    A window's border sees padding where the photo goes on. Only pixels that are farther than
    `radius` from the border, or at an edge of the photo, are measured. Each window lies at random
    within its cell of a grid, so that no pattern of the photo can keep step with the windows. Many
    small windows tell more of a photo than few large ones.

    The pixels within `radius` of the photo's edges see the network's padding, which can give
    extreme values: a quarter of the variance of one of PPCN's channels under a white sky. They are
    therefore a stratum, weighted by its area.

    Args:
        photo: `(H, W, 3)`.
        radius: The distance at which a pixel still changes a measured value, pixels.
        area: The pixels of all windows together, about.
        inner: The side of the measured part of a window, pixels.
    """

    def __init__(self, photo: np.ndarray, radius: int, area: int, inner: int):
        height, width = photo.shape[:2]
        side = inner + 2 * radius
        self._size = min(side, height), min(side, width)
        count = max(area // (self._size[0] * self._size[1]), 1)
        self._photo, self._rng = photo, np.random.default_rng(0)
        self._windows: list[_Window] = []
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
            [photo[w.y : w.y + high, w.x : w.x + wide] for w in self._windows]
        )

    def plan(self, halo: int, area: int) -> list[Tile]:
        """Return the windows, whatever the halo and the area."""
        starts = range(0, len(self.pixels), self._size[0])
        return [Tile(start, 0, *self._size, start, 0, *self._size) for start in starts]

    def measured(self, t: Tile, kept: np.ndarray) -> tuple[np.ndarray, float]:
        """Return the part of a window that counts, and the weight of its pixels."""
        window = self._windows[t.in_y // self._size[0]]
        return kept[window.rows, window.columns], window.weight

    def _spread(self, count: int, margin: int, radius: int) -> None:
        """Add windows all over the photo except a margin."""
        height, width = self._photo.shape[:2]
        down = max(round(math.sqrt(count * height / width)), 1)
        across = max(count // down, 1)
        for row in range(down):
            for column in range(across):
                y, rows = self._place(0, row, down, margin, radius)
                x, columns = self._place(1, column, across, margin, radius)
                self._windows.append(_Window(y, x, rows, columns))

    def _along_edges(self, count: int, radius: int) -> None:
        """Add windows at each of the four edges; only their margin is measured."""
        height, width = self._photo.shape[:2]
        first, last = slice(0, radius), slice(-radius, None)
        horizontal = max(round(count * width / (2 * (height + width))), 1)
        for index in range(horizontal):
            for y, rows in ((0, first), (height - self._size[0], last)):
                x, columns = self._place(1, index, horizontal, 0, radius)
                self._windows.append(_Window(y, x, rows, columns))
        vertical = max(count // 2 - horizontal, 1)
        for index in range(vertical):
            for x, columns in ((0, first), (width - self._size[1], last)):
                y, rows = self._place(0, index, vertical, 0, radius)
                self._windows.append(_Window(y, x, rows, columns))

    def _weigh(self, part: slice, area: int) -> None:
        """Let the measured pixels of some windows stand for `area` pixels of the photo."""
        high, wide = map(range, self._size)
        windows = self._windows[part]
        measured = sum(len(high[w.rows]) * len(wide[w.columns]) for w in windows)
        self._windows[part] = [w._replace(weight=area / measured) for w in windows]

    def _place(
        self, axis: int, index: int, count: int, margin: int, radius: int
    ) -> tuple[int, slice]:
        """Place window `index` of `count` along one axis: its start, and its measured pixels."""
        length, size = self._photo.shape[axis], self._size[axis]
        cell = (length - 2 * margin) / count
        start = margin + cell * index - radius
        start += self._rng.random() * max(cell - (size - 2 * radius), 0)
        start = int(np.clip(round(start), 0, length - size))
        if margin:
            return start, slice(radius, size - radius)
        end = size - (radius if start + size < length else 0)
        return start, slice(radius if start > 0 else 0, end)
