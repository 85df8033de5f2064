"""The plans of tiles in which a photo of any size goes through a network.

A network of zero-padded ("SAME") convolutions sees nothing farther away than its receptive radius.
A tile that extends a halo of that radius beyond the kept part of its result gives exactly the
whole frame's pixels, if tile and frame see the same beyond the photo's edges. There are two plans:

- `plan_continued`: the photo's border pixels are repeated beyond its edges. The kept pixels never
  see the network's zero padding, which would leave a frame in plain areas.
- `plan_tiles`: tiles end where the photo ends. There, and only there, the network meets its own
  padding. Networks with statistics of the whole image (instance norm; see `run_stages.py`) take
  this plan, because they measure the photo alone, as in training.

`docs/tiling.md` specifies both plans, with test vectors for other implementations.
"""

import itertools
import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np


class Tile(NamedTuple):
    """The places where one tile reads and writes, in pixels of the photo.

    The input is `[in_y, in_y + in_height) × [in_x, in_x + in_width)`, which may start before the
    photo and end beyond it. The part `[out_y, out_y + out_height) × [out_x, out_x + out_width)` of
    the result is kept.
    """

    in_y: int
    in_x: int
    in_height: int
    in_width: int
    out_y: int
    out_x: int
    out_height: int
    out_width: int

    @property
    def rows(self) -> slice:
        """The rows of the input that lie in the photo; NumPy cuts the end."""
        return slice(max(self.in_y, 0), self.in_y + self.in_height)

    @property
    def columns(self) -> slice:
        """The columns of the input that lie in the photo; NumPy cuts the end."""
        return slice(max(self.in_x, 0), self.in_x + self.in_width)

    def read(self, image: np.ndarray) -> np.ndarray:
        """Return the part of the input that lies in the photo: a view of `image` `(H, W, C)`."""
        return image[self.rows, self.columns]

    def filled(self, pixels: np.ndarray) -> np.ndarray:
        """Return `read`'s pixels, continued to the input's size by repeating the border pixels."""
        above, left = max(-self.in_y, 0), max(-self.in_x, 0)
        below = self.in_height - above - pixels.shape[0]
        right = self.in_width - left - pixels.shape[1]
        if not any((above, below, left, right)):
            return pixels
        return np.pad(pixels, [(above, below), (left, right), (0, 0)], mode="edge")

    def keep(self, result: np.ndarray) -> np.ndarray:
        """Return the kept part of a result: a view of `result` `(in_height, in_width, C)`."""
        y, x = self.out_y - self.in_y, self.out_x - self.in_x
        return result[y : y + self.out_height, x : x + self.out_width]

    def place(self, image: np.ndarray, kept: np.ndarray) -> None:
        """Write the kept part into its place in `image` `(H, W, C)`."""
        image[
            self.out_y : self.out_y + self.out_height, self.out_x : self.out_x + self.out_width
        ] = kept


def plan_continued(
    height: int, width: int, tile: int | tuple[int, int], halo: int, multiple: int = 1
) -> list[Tile]:
    """Cover a photo, continued beyond its edges, so that each pixel is kept from exactly one tile.

    Every kept pixel lies at least `halo` pixels from each edge of its tile, also at the photo's
    edges. Tiles of any size give the same result.

    Args:
        height: Height of the photo, pixels, at least 1.
        width: Width of the photo, pixels, at least 1.
        tile: Height and width of a tile, or one size for both; a photo may be smaller.
        halo: Pixels around the kept part; the network's receptive radius for an exact result.
        multiple: The sides of all inputs, and the distances between them, are multiples of this
            number, as a network at a fraction of the resolution needs. `tile` and `halo` must be
            multiples too.

    Returns:
        The tiles row by row; all have the size `tile`.

    Raises:
        ValueError: `tile` does not exceed two halos; or `tile` or `halo` is not a multiple of
            `multiple`.
    """
    tile_height, tile_width = _pair(tile)
    if tile_height % multiple or tile_width % multiple or halo % multiple:
        raise ValueError(f"a tile of {tile} px or a halo of {halo} px is no multiple of {multiple}")
    _check_room(min(tile_height, tile_width), halo)
    down, across = tile_height - 2 * halo, tile_width - 2 * halo
    return [
        Tile(
            *(y - halo, x - halo, tile_height, tile_width),
            *(y, x, min(down, height - y), min(across, width - x)),
        )
        for y, x in itertools.product(range(0, height, down), range(0, width, across))
    ]


def balanced_continued(length: int, tile: int, halo: int, multiple: int = 1) -> int:
    """Return the smallest tile with which `plan_continued` needs as many tiles as with `tile`."""
    count = math.ceil(length / (tile - 2 * halo))
    return _rounded_up(math.ceil(length / count), multiple) + 2 * halo


def continued_shape(
    height: int, width: int, area: int, halo: int, multiple: int = 1
) -> tuple[int, int]:
    """Return height and width of `plan_continued`'s tiles of about `area` pixels at most.

    The rules for `area` are those of `tile_shape`.
    """
    side = _longest_side(area, halo)
    side -= side % multiple
    return (
        balanced_continued(height, side, halo, multiple),
        balanced_continued(width, side, halo, multiple),
    )


def plan_tiles(height: int, width: int, tile: int | tuple[int, int], halo: int) -> list[Tile]:
    """Cover a photo with equal tiles, all inside it, so that each pixel is kept from exactly one.

    Every kept pixel lies at least `halo` pixels from each edge of its tile that is not an edge of
    the photo.

    Args:
        height: Height of the photo, pixels, at least 1.
        width: Width of the photo, pixels, at least 1.
        tile: Height and width of a tile, or one size for both. On an axis where the photo is
            smaller, one tile has the photo's own size.
        halo: Pixels around the kept part; the network's receptive radius for an exact result.

    Returns:
        The tiles row by row; all have the same input size.

    Raises:
        ValueError: `tile` does not exceed two halos although the photo needs several tiles.
    """
    tile_height, tile_width = _pair(tile)
    rows = list(_spans(height, tile_height, halo))
    columns = list(_spans(width, tile_width, halo))
    return [
        Tile(in_y, in_x, size_y, size_x, out_y, out_x, end_y - out_y, end_x - out_x)
        for (in_y, size_y, out_y, end_y), (in_x, size_x, out_x, end_x) in itertools.product(
            rows, columns
        )
    ]


def _spans(length: int, tile: int, halo: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield the tiles along one axis: (input start, input size, kept start, kept end)."""
    if length <= tile:
        yield 0, length, 0, length
        return
    _check_room(tile, halo)
    kept = 0
    for start in itertools.count(0, tile - 2 * halo):
        last = start + tile >= length
        start = min(start, length - tile)
        end = length if last else start + tile - halo
        yield start, tile, kept, end
        if last:
            return
        kept = end


def balanced_tile(length: int, tile: int, halo: int) -> int:
    """Return the smallest tile with which `plan_tiles` needs as many tiles as with `tile`."""
    if length <= tile or tile <= 2 * halo:
        return min(length, tile)
    count = 1 + math.ceil((length - tile) / (tile - 2 * halo))
    return math.ceil((length + 2 * halo * (count - 1)) / count)


def tile_shape(height: int, width: int, area: int, halo: int) -> tuple[int, int]:
    """Return height and width of `plan_tiles`'s tiles of about `area` pixels at most.

    No side is longer than the root of `area`. A small area gives way to the least useful side, four
    halos: below that side most of the work would go into halos.
    """
    side = _longest_side(area, halo)
    return balanced_tile(height, side, halo), balanced_tile(width, side, halo)


def _longest_side(area: int, halo: int) -> int:
    return max(math.isqrt(area), 4 * halo, 8)


def _pair(tile: int | tuple[int, int]) -> tuple[int, int]:
    return (tile, tile) if isinstance(tile, int) else tile


def _check_room(tile: int, halo: int) -> None:
    if tile <= 2 * halo:
        raise ValueError(f"a tile of {tile} px has no room for a halo of {halo} px on each side")


def _rounded_up(length: int, multiple: int) -> int:
    return -(-length // multiple) * multiple
