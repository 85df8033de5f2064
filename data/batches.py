"""Seeded batches of flipped and rotated patch pairs.

Batch number k is a function of the seed and of k alone. A resumed run therefore sees the batches
that an uninterrupted run would have seen.
"""

import dataclasses
import functools
import zlib
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Self

import numpy as np

from data.packed import PatchPairs

MANY_SCENES = 8  # photos of a set, of which two can be spared for validation

Batch = tuple[np.ndarray, np.ndarray]  # phone and target, each float32 (B, 100, 100, 3) in [0, 1]


@dataclasses.dataclass(frozen=True)
class Part:
    """Pairs that fill a fixed number of places in every batch.

    Attributes:
        pairs: the patches; square, because they are rotated.
        size: places in a batch; may exceed the number of pairs.
        seed: seed of the order and of the symmetries.
        augment: whether to flip and rotate the patches.
    """

    pairs: PatchPairs
    size: int
    seed: int = 0
    augment: bool = True

    def choices(self, number: int) -> Iterator[tuple[PatchPairs, int, int]]:
        """Yield the pairs, the row and the symmetry for each place of batch `number`.

        Each epoch visits every pair once, in an order that no other epoch has.
        """
        count = len(self.pairs)
        places = number * self.size + np.arange(self.size)
        rows = np.concatenate(
            [
                _epoch_order(self.seed, epoch, count)[places[places // count == epoch] % count]
                for epoch in np.unique(places // count)
            ]
        )
        symmetries = np.random.default_rng([self.seed, 1, number]).integers(8, size=self.size)
        if not self.augment:
            symmetries[:] = 0
        for row, symmetry in zip(rows, symmetries, strict=True):
            yield self.pairs, row, symmetry


class Batches:
    """Numbered batches; each batch holds the places of every part, one part after the other.

    Args:
        parts: one part or more.

    Attributes:
        batch_size: pairs in a batch.
    """

    def __init__(self, parts: Sequence[Part]):
        self._parts = tuple(parts)
        self._places = slice(0, sum(part.size for part in self._parts))

    @property
    def batch_size(self) -> int:
        return self._places.stop - self._places.start

    @property
    def count(self) -> int:
        """Number of pairs from which the batches are made."""
        return sum(len(part.pairs) for part in self._parts)

    @property
    def scene_count(self) -> int | None:
        """Number of photos from which the pairs are; None if a part does not know its photos."""
        counts = [part.pairs.scene_count for part in self._parts]
        return None if None in counts else sum(count or 0 for count in counts)

    @property
    def fingerprint(self) -> int:
        """Checksum that differs between batches of different pairs."""
        fingerprints = [part.pairs.fingerprint for part in self._parts]
        if len(fingerprints) == 1:
            return fingerprints[0]
        return zlib.crc32(repr(fingerprints).encode())

    def share(self, worker: int, workers: int) -> Self:
        """Return the equal share of one worker in every batch.

        Only the pairs of the share are read.

        Args:
            worker: 0 to `workers` - 1.
            workers: number of shares; divides `batch_size`.
        """
        share = type(self)(self._parts)
        size = self.batch_size // workers
        start = self._places.start + worker * size
        share._places = slice(start, start + size)
        return share

    def __getitem__(self, number: int) -> Batch:
        """Return batch `number` ≥ 0."""
        choices = [choice for part in self._parts for choice in part.choices(number)]
        patch_shape = self._parts[0].pairs.phone.shape[1:]
        phone = np.empty((self.batch_size, *patch_shape), np.float32)
        target = np.empty_like(phone)
        for place, (pairs, row, symmetry) in enumerate(choices[self._places]):
            _scale(_transformed(pairs.phone[row], symmetry), phone[place])
            _scale(_transformed(pairs.target[row], symmetry), target[place])
        return phone, target

    def coins(self, number: int) -> np.ndarray:
        """Return one random bool for each place of batch `number`, `(B,)`."""
        whole = sum(part.size for part in self._parts)
        coins = np.random.default_rng([self._parts[0].seed, 2, number]).integers(2, size=whole)
        return coins[self._places].astype(bool)

    def between(
        self,
        first: int,
        last: int,
        ahead: int = 4,
        make: Callable[[int], tuple[np.ndarray, ...]] | None = None,
    ) -> Generator[tuple[np.ndarray, ...]]:
        """Yield batches `first` to `last` - 1 in order.

        Args:
            first: number of the first batch.
            last: number after the last batch.
            ahead: how many batches threads prepare in advance.
            make: returns the arrays of a step by its number; None for the batch of this number.
        """
        make = make or self.__getitem__
        pool = ThreadPoolExecutor(ahead)
        try:
            waiting = deque()
            for number in range(first, last + ahead):
                if number < last:
                    waiting.append(pool.submit(make, number))
                if number >= first + ahead and waiting:
                    yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)


@functools.lru_cache(maxsize=4)  # an epoch of the published data set has 2,000 batches
def _epoch_order(seed: int, epoch: int, count: int) -> np.ndarray:
    return np.random.default_rng([seed, 0, epoch]).permutation(count)


def _transformed(patch: np.ndarray, symmetry: int) -> np.ndarray:
    """Apply one of the eight symmetries of the square, 0 to 7."""
    rotated = np.rot90(patch, symmetry % 4)
    return rotated[:, ::-1] if symmetry >= 4 else rotated


def _scale(patch: np.ndarray, out: np.ndarray) -> None:
    np.divide(patch, np.float32(255), out=out)


def split_for_validation(pairs: PatchPairs, fraction: float = 0.1) -> tuple[PatchPairs, PatchPairs]:
    """Split the pairs of the training photos into training and validation pairs.

    The last `fraction` of the patches is held out, at least 10 and at most 1,000. A set of fewer
    than 20 pairs is halved. Patches are numbered photo by photo. If the photos are known and more
    than one, the split moves to the nearest border between photos, so that both parts share no
    photo. Of `MANY_SCENES` photos or more, at least two are held out, because one photo does not
    show how much scores vary. If the photos are not known, the parts share at most one photo.
    """
    count = len(pairs)
    border = count - min(max(round(count * fraction), 10), 1000, count // 2)
    if pairs.scenes is not None:
        borders = 1 + np.flatnonzero(pairs.scenes[1:] != pairs.scenes[:-1])
        if len(borders) + 1 >= MANY_SCENES:
            borders = borders[:-1]
        if len(borders):
            border = int(borders[np.argmin(np.abs(borders - border))])
    return pairs[:border], pairs[border:]
