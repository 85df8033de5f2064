"""Tiles that are read and written in order while threads compute them."""

import math
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import numpy as np

from inference.tiling import Tile

Progress = Callable[[int, int], None]  # called with (tiles done, tiles in all)
Input = TypeVar("Input")
Result = TypeVar("Result")


class Counter:
    """The count of finished tiles, over all passes over a photo.

    Args:
        progress: Called after each tile with (tiles done, tiles in all), or None.
    """

    def __init__(self, progress: Progress | None = None):
        self._progress, self._done, self._total = progress, 0, 0

    def expect(self, tiles: int) -> None:
        """Announce tiles; every pass announces its tiles before the first pass starts."""
        self._total += tiles

    def tick(self) -> None:
        """Count one finished tile."""
        self._done += 1
        if self._progress:
            self._progress(self._done, self._total)


class Source:
    """Reads the tiles of an array that their own results may overwrite.

    A tile needs a halo of rows above its kept part, and the results of the tiles above have
    overwritten them. The source therefore keeps a copy of these rows for each band of tiles. The
    columns to the left are safe, because `stream` writes late enough. Farther away than the halo a
    tile may see results instead of sources; the kept part of its result does not depend on them.

    Args:
        array: `(H, W, C)`.
        halo: The halo of the tiles, pixels.
        overwritten: Whether results are written into `array` while it is read.
    """

    def __init__(self, array: np.ndarray, halo: int, overwritten: bool):
        self._array, self._halo, self._overwritten = array, halo, overwritten
        self._band = None
        self._above = self._bottom = array[:0]

    def read(self, t: Tile) -> np.ndarray:
        """Return what `Tile.read` would return if nothing had been overwritten.

        The tiles must come in the order of the plan.
        """
        if not self._overwritten:
            return t.read(self._array)
        if self._band != t.out_y:
            self._band, self._above = t.out_y, self._bottom
            rows = self._array[t.out_y : t.out_y + t.out_height]
            # A band may be lower than the halo.
            joined = np.concatenate([self._above, rows[max(len(rows) - self._halo, 0) :]])
            self._bottom = joined[max(len(joined) - self._halo, 0) :]
        pixels = t.read(self._array).copy()
        offset = t.out_y - t.rows.start
        kept = min(len(self._above), offset)
        above = self._above[len(self._above) - kept :, t.columns]
        pixels[offset - kept : offset] = above
        return pixels


def lag(plan: Sequence[Tile], halo: int) -> int:
    """Return how many tiles must be read ahead before a tile may be overwritten, at least 1."""
    first = plan[0]
    kept = first.in_width - 2 * halo  # of every tile in a row except the first and the last
    return math.ceil(halo / kept) if kept > 0 and len(plan) > 1 else 1


def stream(
    plan: Sequence[Tile],
    read: Callable[[Tile], Input],
    work: Callable[[Tile, Input], Result],
    write: Callable[[Tile, Result], None],
    workers: int,
    counter: Counter,
    ahead: int = 1,
) -> None:
    """Compute tiles in threads; read and write them in order, in the calling thread.

    A tile is written after the `ahead` tiles that follow it have been read. It is written as soon
    as `workers` allows, so that few tiles are held at a time.

    Args:
        plan: The tiles.
        read: Returns a tile's input.
        work: Turns a tile and its input into its result, in a thread.
        write: Takes a tile and its result.
        workers: The number of threads.
        counter: Counts the tiles.
        ahead: A number of tiles, at least 1.
    """
    pending: deque[tuple[Tile, Future[Result]]] = deque()

    def finish() -> None:
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
