"""Tiles of an array read, computed in threads and written, also over the array itself."""

import math
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from inference.tiling import Progress, Tile


class Counter:
    """Tiles done of the tiles of all passes over a photo.

    Args:
        progress: called with (tiles done, tiles in all), or None.
    """

    def __init__(self, progress: Progress | None = None):
        self._progress, self._done, self._total = progress, 0, 0

    def expect(self, tiles: int) -> None:
        """More tiles are to come; called for all passes before the first."""
        self._total += tiles

    def tick(self) -> None:
        """A tile is done."""
        self._done += 1
        if self._progress:
            self._progress(self._done, self._total)


class Source:
    """The tiles of an array that their results may overwrite.

    A tile needs a halo of rows above, which the results of the tiles above have overwritten: they
    are kept aside, band of tiles by band. To its left `stream` writes late enough. Farther than
    the halo a tile may see results instead of sources; what is kept of it does not depend on them.

    Args:
        array: `(H, W, C)`.
        halo: of the tiles to be read, pixels.
        overwritten: whether results are written into `array` while it is read.
    """

    def __init__(self, array: np.ndarray, halo: int, overwritten: bool):
        self._array, self._halo, self._overwritten = array, halo, overwritten
        self._band = None
        self._above = self._bottom = array[:0]

    def read(self, t: Tile) -> np.ndarray:
        """The input of a tile `(in_height, in_width, C)`; tiles come in the order of the plan."""
        if not self._overwritten:
            return t.read(self._array)
        if self._band != t.out_y:
            self._band, self._above = t.out_y, self._bottom
            rows = self._array[t.out_y : t.out_y + t.out_height]
            # A band may be lower than the halo.
            joined = np.concatenate([self._above, rows[max(len(rows) - self._halo, 0) :]])
            self._bottom = joined[max(len(joined) - self._halo, 0) :]
        pixels = t.read(self._array).copy()
        offset = t.out_y - t.in_y
        kept = min(len(self._above), offset)
        above = self._above[len(self._above) - kept :, t.in_x : t.in_x + t.in_width]
        pixels[offset - kept : offset] = above
        return pixels


def lag(plan: list[Tile], halo: int) -> int:
    """How many tiles must be read ahead before one may be overwritten, at least 1."""
    first = plan[0]
    kept = first.in_width - 2 * halo  # of every tile in a row but the first and the last
    return math.ceil(halo / kept) if kept > 0 and len(plan) > 1 else 1


def stream(
    plan: list[Tile],
    read: Callable[[Tile], object],
    work: Callable[[Tile, object], object],
    write: Callable[[Tile, object], None],
    workers: int,
    counter: Counter,
    ahead: int = 1,
) -> None:
    """Compute tiles in threads; read and write them in order, in the calling thread.

    A tile is written after the `ahead` tiles that follow it have been read, and before that as
    soon as `workers` allows, so that few are held at a time.

    Args:
        plan: tiles.
        read: a tile's input.
        work: a tile and its input to its result, in a thread.
        write: what to do with the result.
        workers: threads.
        counter: ticks after each tile.
        ahead: tiles, at least 1.
    """
    pending = deque()

    def finish():
        t, future = pending.popleft()
        write(t, future.result())
        counter.tick()

    pool = ThreadPoolExecutor(workers)
    try:
        for t in plan:
            pending.append((t, pool.submit(work, t, read(t))))
            if len(pending) > max(workers, ahead):
                finish()
        while pending:
            finish()
    finally:
        pool.shutdown(cancel_futures=True)
