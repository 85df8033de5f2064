"""The plan of tiles in which a photo of any size goes through a network.

A network of zero-padded ("SAME") convolutions sees nothing farther away than its receptive radius.
A tile that extends a halo of that radius beyond the kept part of its result gives exactly the
whole frame's pixels, if the tile ends where the photo ends: there, and only there, the network
must meet its own padding. Statistics of the whole image (instance norm) break this rule; see
`run_stages.py`. `docs/tiling.md` specifies the plan, with test vectors for other implementations.
"""

import itertools
import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np


class Tile(NamedTuple):
    """The places where one tile reads and writes, in pixels of the photo.

    The input is `[in_y, in_y + in_height) × [in_x, in_x + in_width)`. The part
    `[out_y, out_y + out_height) × [out_x, out_x + out_width)` of the result is kept. The input may
    end beyond the photo by less than the plan's `multiple`.
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
        """Return the part of the input that lies in the photo: a view of `image` `(H, W, C)`."""
        return image[self.in_y : self.in_y + self.in_height, self.in_x : self.in_x + self.in_width]

    def filled(self, pixels: np.ndarray) -> np.ndarray:
        """Return `read`'s pixels, continued to the input's size by the last row and column."""
        missing = self.in_height - pixels.shape[0], self.in_width - pixels.shape[1]
        return pixels if missing == (0, 0) else continued(pixels, *missing)

    def keep(self, result: np.ndarray) -> np.ndarray:
        """Return the kept part of a result: a view of `result` `(in_height, in_width, C)`."""
        y, x = self.out_y - self.in_y, self.out_x - self.in_x
        return result[y : y + self.out_height, x : x + self.out_width]

    def place(self, image: np.ndarray, kept: np.ndarray) -> None:
        """Write the kept part into its place in `image` `(H, W, C)`."""
        image[
            self.out_y : self.out_y + self.out_height, self.out_x : self.out_x + self.out_width
        ] = kept


def continued(pixels: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Return pixels `(H, W, C)` with the last row and column repeated below and to the right."""
    return np.pad(pixels, [(0, rows), (0, columns), (0, 0)], mode="edge")


def plan_tiles(
    height: int, width: int, tile: int | tuple[int, int], halo: int, multiple: int = 1
) -> list[Tile]:
    """Cover a photo with equal tiles so that each pixel is kept from exactly one tile.

    Every kept pixel lies at least `halo` pixels from each edge of its tile that is not an edge of
    the photo.

    Args:
        height: Height of the photo, pixels, at least 1.
        width: Width of the photo, pixels, at least 1.
        tile: Height and width of a tile, or one size for both. On an axis where the photo is
            smaller, one tile has the photo's own size.
        halo: Pixels around the kept part; the network's receptive radius for an exact result.
        multiple: The sides and the positions of all inputs are multiples of this number, as a
            network at a fraction of the resolution needs. `tile` and `halo` must be multiples too.
            The last row and column of a photo are repeated until its sides are multiples.

    Returns:
        The tiles row by row; all have the same input size.

    Raises:
        ValueError: `tile` does not exceed two halos although the photo needs several tiles; or
            `tile` or `halo` is not a multiple of `multiple`.
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
    """Yield the tiles along one axis: (input start, input size, kept start, kept end)."""
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
    """Return the smallest tile that covers `length` in as many tiles as `tile` does."""
    length = _rounded_up(length, multiple)
    if length <= tile or tile <= 2 * halo:
        return min(length, tile)
    count = 1 + math.ceil((length - tile) / (tile - 2 * halo))
    return _rounded_up(math.ceil((length + 2 * halo * (count - 1)) / count), multiple)


def _rounded_up(length: int, multiple: int) -> int:
    return -(-length // multiple) * multiple


def tile_shape(height: int, width: int, area: int, halo: int, multiple: int = 1) -> tuple[int, int]:
    """Return height and width of equal tiles of about `area` pixels at most.

    No side is longer than the root of `area`. A small area gives way to the least useful side, four
    halos: below that side most of the work would go into halos.
    """
    side = max(math.isqrt(area), 4 * halo, 8)
    side -= side % multiple
    return (
        balanced_tile(height, side, halo, multiple),
        balanced_tile(width, side, halo, multiple),
    )
