"""Seeded batches of augmented patch pairs; batch number k is the same in every run."""

import queue
import threading
from collections.abc import Iterator

import numpy as np

from data.packed import PatchPairs


class BatchSource:
    """Numbered batches; each is the same whenever it is asked for."""

    @property
    def count(self) -> int:
        """Pairs that the batches are made of."""
        raise NotImplementedError

    def __getitem__(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Batch `number` ≥ 0: phone and target, each `(B, 100, 100, 3)` float32 in [0, 1]."""
        raise NotImplementedError

    def between(self, first: int, last: int, ahead: int = 4) -> Iterator:
        """Batches `first` to `last` - 1, made by a thread that keeps up to `ahead` waiting."""
        ready = queue.Queue(maxsize=ahead)
        leaving = threading.Event()

        def produce():
            for number in range(first, last):
                try:
                    item = self[number]
                except Exception as error:  # handed over: the consumer raises it
                    item = error
                while not leaving.is_set():
                    try:
                        ready.put(item, timeout=0.1)
                        break
                    except queue.Full:
                        continue
                if leaving.is_set() or isinstance(item, Exception):
                    return

        thread = threading.Thread(target=produce, daemon=True)
        thread.start()
        try:
            for _ in range(first, last):
                item = ready.get()
                if isinstance(item, Exception):
                    raise item
                yield item
        finally:
            leaving.set()
            thread.join()


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

    def __getitem__(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        count = len(self.pairs)
        places = np.arange(number * self.batch_size, (number + 1) * self.batch_size)
        rows = np.concatenate(
            [self._order(epoch)[places[places // count == epoch] % count]
             for epoch in np.unique(places // count)]
        )  # fmt: skip
        symmetries = np.random.default_rng([self.seed, 1, number]).integers(8, size=len(rows))
        return tuple(
            np.stack([_turn(side[row], turn) for row, turn in zip(rows, symmetries, strict=True)])
            .astype(np.float32) / np.float32(255)
            for side in (self.pairs.phone, self.pairs.target)
        )  # fmt: skip

    def _order(self, epoch: int) -> np.ndarray:
        return np.random.default_rng([self.seed, 0, epoch]).permutation(len(self.pairs))


class MixedBatches(BatchSource):
    """Batches of which each is a batch of every part, one after the other."""

    def __init__(self, *parts: Batches):
        self.parts = parts

    @property
    def count(self) -> int:
        return sum(part.count for part in self.parts)

    def __getitem__(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        sides = zip(*(part[number] for part in self.parts), strict=True)
        return tuple(np.concatenate(side) for side in sides)


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
