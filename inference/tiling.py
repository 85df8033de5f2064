"""Which tiles a photo of any size goes through a network in.

A network of zero-padded ("SAME") convolutions sees nothing farther than its receptive radius. A
tile that reaches a halo of that radius past what is kept of its result therefore gives exactly
the pixels of the whole frame, if the tile ends where the photo ends: there, and only there, the
network must meet its own padding. Whole-image statistics (instance norm) break this: `staged.py`.
The plan is specified in docs/tiling.md, with test vectors for other implementations.
"""

import itertools
import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

Progress = Callable[[int, int], None]


class Tile(NamedTuple):
    """Where one tile reads and writes, in pixels of the photo.

    Input is `[in_y, in_y + in_height) × [in_x, in_x + in_width)`; of its result the part
    `[out_y, out_y + out_height) × [out_x, out_x + out_width)` is kept. The input may end past the
    photo by less than the plan's `multiple`.
    """

    in_y: int
    in_x: int
    in_height: int
    in_width: int
    out_y: int
    out_x: int
    out_height: int
    out_width: int

    def read(self, image: np.ndarray) -> np.ndarray:
        """The tile's input, as far as the photo goes: a view of `image` `(H, W, C)`."""
        return image[self.in_y : self.in_y + self.in_height, self.in_x : self.in_x + self.in_width]

    def filled(self, pixels: np.ndarray) -> np.ndarray:
        """What `read` gave, continued to the input's size by repeating the last row and column."""
        missing = self.in_height - pixels.shape[0], self.in_width - pixels.shape[1]
        return pixels if missing == (0, 0) else continued(pixels, *missing)

    def keep(self, result: np.ndarray) -> np.ndarray:
        """The kept part of the tile's result: a view of `result` `(in_height, in_width, C)`."""
        y, x = self.out_y - self.in_y, self.out_x - self.in_x
        return result[y : y + self.out_height, x : x + self.out_width]

    def place(self, image: np.ndarray, kept: np.ndarray) -> None:
        """Write the kept part into its place in `image` `(H, W, C)`."""
        image[
            self.out_y : self.out_y + self.out_height, self.out_x : self.out_x + self.out_width
        ] = kept


def continued(pixels: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """`(H, W, C)` with its last row and column repeated below and at the right."""
    return np.pad(pixels, [(0, rows), (0, columns), (0, 0)], mode="edge")


def plan_tiles(
    height: int, width: int, tile: int | tuple[int, int], halo: int, multiple: int = 1
) -> list[Tile]:
    """Cover a photo with equal tiles so that each pixel is kept from exactly one of them.

    Every kept pixel lies at least `halo` pixels from each edge of its tile that is not an edge of
    the photo.

    Args:
        height: of the photo, pixels, at least 1.
        width: likewise.
        tile: height and width of a tile, or one size for both. A photo that is smaller on an axis
            gets one tile of its own size there.
        halo: pixels around the kept part; the network's receptive radius for an exact result.
        multiple: of what the sides and the places of all inputs are multiples, as a network at
            a fraction of the resolution needs; `tile` and `halo` must be. A photo is continued to
            a multiple by repeating its last row and column.

    Returns:
        Tiles row by row; all have the same input size.

    Raises:
        ValueError: `tile` does not exceed two halos although more than one tile is needed; or
            `tile` or `halo` is no multiple.
    """
    tile_height, tile_width = (tile, tile) if isinstance(tile, int) else tile
    if tile_height % multiple or tile_width % multiple or halo % multiple:
        raise ValueError(f"a tile of {tile} px or a halo of {halo} px is no multiple of {multiple}")
    rows = list(_spans(height, tile_height, halo, multiple))
    columns = list(_spans(width, tile_width, halo, multiple))
    return [
        Tile(in_y, in_x, size_y, size_x, out_y, out_x, end_y - out_y, end_x - out_x)
        for (in_y, size_y, out_y, end_y), (in_x, size_x, out_x, end_x) in itertools.product(
            rows, columns
        )
    ]


def _spans(photo: int, tile: int, halo: int, multiple: int) -> Iterator[tuple[int, int, int, int]]:
    """Tiles along one axis: (input start, input size, kept start, kept end)."""
    length = _rounded_up(photo, multiple)
    if length <= tile:
        yield 0, length, 0, photo
        return
    if tile <= 2 * halo:
        raise ValueError(f"a tile of {tile} px has no room for a halo of {halo} px on each side")
    kept = 0
    for start in itertools.count(0, tile - 2 * halo):
        last = start + tile >= length
        start = min(start, length - tile)
        end = photo if last else start + tile - halo
        yield start, tile, kept, end
        if last:
            return
        kept = end


def balanced_tile(length: int, tile: int, halo: int, multiple: int = 1) -> int:
    """The smallest tile that covers `length` in as many tiles as `tile` does: less to compute."""
    length = _rounded_up(length, multiple)
    if length <= tile or tile <= 2 * halo:
        return min(length, tile)
    count = 1 + math.ceil((length - tile) / (tile - 2 * halo))
    return _rounded_up(math.ceil((length + 2 * halo * (count - 1)) / count), multiple)


def _rounded_up(length: int, multiple: int) -> int:
    return -(-length // multiple) * multiple
