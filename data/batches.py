"""Seeded batches of augmented patch pairs; batch number k is the same in every run."""

import functools
import zlib
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from data.packed import PatchPairs


class BatchSource:
    """Numbered batches; each is the same whenever it is asked for.

    Attributes:
        batch_size: pairs a batch.
    """

    batch_size: int

    @property
    def count(self) -> int:
        """Pairs that the batches are made of."""
        raise NotImplementedError

    @property
    def fingerprint(self) -> int:
        """A checksum that tells these pairs from others."""
        raise NotImplementedError

    def rows(self, number: int, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
        """Pairs `first` to `last` - 1 of batch `number`, as `__getitem__` gives all."""
        raise NotImplementedError

    def __getitem__(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Batch `number` ≥ 0: phone and target, each `(B, 100, 100, 3)` float32 in [0, 1]."""
        return self.rows(number, 0, self.batch_size)

    def between(self, first: int, last: int, ahead: int = 4) -> Iterator:
        """Batches `first` to `last` - 1 in order; threads keep up to `ahead` of them ready."""
        pool = ThreadPoolExecutor(ahead)
        try:
            waiting = deque()
            for number in range(first, last + ahead):
                if number < last:
                    waiting.append(pool.submit(self.__getitem__, number))
                if number >= first + ahead and waiting:
                    yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)


class Batches(BatchSource):
    """Shuffled, jointly flipped and rotated batches.

    Every batch is a function of the seed and its number alone, so a resumed run sees what an
    uninterrupted one would have seen. Each epoch visits every pair once, in an order of its own.

    Args:
        pairs: the patches; square, as rotation needs.
        batch_size: pairs a batch; may exceed the number of pairs.
        seed: of order and augmentation.
    """

    def __init__(self, pairs: PatchPairs, batch_size: int, seed: int = 0):
        self.pairs = pairs
        self.batch_size = batch_size
        self.seed = seed

    @property
    def count(self) -> int:
        return len(self.pairs)

    @property
    def fingerprint(self) -> int:
        return self.pairs.fingerprint

    def rows(self, number: int, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
        count = len(self.pairs)
        places = number * self.batch_size + np.arange(first, last)
        rows = np.concatenate(
            [self._order(epoch)[places[places // count == epoch] % count]
             for epoch in np.unique(places // count)]
        )  # fmt: skip
        symmetries = np.random.default_rng([self.seed, 1, number]).integers(8, size=self.batch_size)
        turns = symmetries[first:last]
        return tuple(
            self._turned(side, rows, turns) for side in (self.pairs.phone, self.pairs.target)
        )

    def _turned(self, side: np.ndarray, rows, symmetries) -> np.ndarray:
        batch = np.empty((len(rows), *side.shape[1:]), np.float32)
        for place, row, symmetry in zip(batch, rows, symmetries, strict=True):
            np.divide(_turn(side[row], symmetry), np.float32(255), out=place)
        return batch

    def _order(self, epoch: int) -> np.ndarray:
        return _permutation(self.seed, epoch, len(self.pairs))


@functools.lru_cache(maxsize=4)  # an epoch of the published data set has 2,000 batches
def _permutation(seed: int, epoch: int, count: int) -> np.ndarray:
    return np.random.default_rng([seed, 0, epoch]).permutation(count)


class MixedBatches(BatchSource):
    """Batches of which each is a batch of every part, one after the other."""

    def __init__(self, *parts: Batches):
        self.parts = parts
        self.batch_size = sum(part.batch_size for part in parts)

    @property
    def count(self) -> int:
        return sum(part.count for part in self.parts)

    @property
    def fingerprint(self) -> int:
        return zlib.crc32(repr([part.fingerprint for part in self.parts]).encode())

    def rows(self, number: int, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
        taken, start = [], 0
        for part in self.parts:
            own_first, own_last = max(first - start, 0), min(last - start, part.batch_size)
            if own_first < own_last:
                taken.append(part.rows(number, own_first, own_last))
            start += part.batch_size
        return tuple(np.concatenate(side) for side in zip(*taken, strict=True))


class Share(BatchSource):
    """One worker's equal share of every batch of a source, without making the rest.

    Args:
        source: the batches; their size a multiple of `workers`.
        worker: 0 to `workers` - 1.
        workers: shares of a batch.
    """

    def __init__(self, source: BatchSource, worker: int, workers: int):
        self.source = source
        self.batch_size = source.batch_size // workers
        self.start = worker * self.batch_size

    @property
    def count(self) -> int:
        return self.source.count

    @property
    def fingerprint(self) -> int:
        return self.source.fingerprint

    def rows(self, number: int, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
        return self.source.rows(number, self.start + first, self.start + last)


def _turn(patch: np.ndarray, symmetry: int) -> np.ndarray:
    """One of the eight symmetries of the square, 0 to 7."""
    turned = np.rot90(patch, symmetry % 4)
    return turned[:, ::-1] if symmetry >= 4 else turned


def split_for_validation(pairs: PatchPairs, fraction: float = 0.1) -> tuple[PatchPairs, PatchPairs]:
    """Training and validation pairs, both from the training photos.

    The last `fraction` of the patches is held out, at least 10 and at most 1,000. The numbering
    of DPED runs photo by photo, so a contiguous end shares at most one photo with the rest.
    Sets of fewer than 20 pairs are halved.
    """
    count = len(pairs)
    held_out = min(max(round(count * fraction), 10), 1000, count // 2)
    return pairs[: count - held_out], pairs[count - held_out :]
