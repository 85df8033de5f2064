"""Batches for a network that sees the whole photo, from patches of 100×100 pixels.

The network decides the light of a photo from the photo's thumbnail. A patch is a poor thumbnail:
in use the network sees whole photos. So some batches arrange their patches as one picture, a
*mosaic*, with the variety of a photo.

Few pairs show few colors. A network that learns from few pairs alone changes all other colors at
random. So a share of each batch is a *rehearsal*: photos with other colors, whose targets are the
results of the network at the start of the training.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Mapping

import cv2
import numpy as np

from common.layout import PATCH_SIZE
from data.batches import Batches
from data.shipped_photos import shipped_photos
from simulation.faults import apply_light, draw_light

PHOTOS = 60  # photos to rehearse, if the user names no photos
LEAST_SHARE = 0.6  # of a shipped photo's shorter side, for a view of the photo
CHUNK = 4  # photos that the network enhances together


@dataclasses.dataclass(frozen=True)
class Rehearsal:
    """Photos to rehearse, and the results that the network shall keep.

    Attributes:
        photos: `(N, S, S, 3)` uint8 RGB.
        targets: As `photos`.
    """

    photos: np.ndarray
    targets: np.ndarray

    def whole(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Draw a photo and its target, `(1, S, S, 3)` float32 in [0, 1]."""
        index = int(rng.integers(len(self.photos)))
        return _scaled(self.photos[index][None]), _scaled(self.targets[index][None])

    def patch(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Draw a patch and its target, `(PATCH_SIZE, PATCH_SIZE, 3)` float32 in [0, 1]."""
        index = int(rng.integers(len(self.photos)))
        free = self.photos.shape[1] - PATCH_SIZE + 1
        y, x = (int(v) for v in rng.integers(0, free, 2))
        place = index, slice(y, y + PATCH_SIZE), slice(x, x + PATCH_SIZE)
        return _scaled(self.photos[place]), _scaled(self.targets[place])


class AdaptiveBatches:
    """Batches of patches and of mosaics, with a rehearsal.

    A batch is a function of the seed and of its number alone, as in `data.batches`.

    Args:
        batches: Batches of the pairs.
        mosaics: The share of the batches that are mosaics.
        seed: The seed of the choices here.
        rehearsed: The share of each batch that is rehearsal.
        rehearsal: The photos to rehearse; None for no rehearsal.
    """

    def __init__(
        self,
        batches: Batches,
        mosaics: float,
        seed: int,
        rehearsed: float = 0.0,
        rehearsal: Rehearsal | None = None,
    ):
        self._batches, self._mosaics, self._seed = batches, mosaics, seed
        self._rehearsed, self._rehearsal = rehearsed, rehearsal

    def __call__(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Return phone and target of batch `number`, both `(N, S, S, 3)` float32 in [0, 1]."""
        rng = np.random.default_rng([self._seed, 3, number])
        phone, target = self._batches[number]
        if rng.random() < self._mosaics:
            phone, target = mosaic(phone), mosaic(target)
            # A mosaic is the whole batch, so the rehearsal comes beside it, not instead of it.
            if self._rehearsal is not None:
                photo, kept = self._rehearsal.whole(rng)
                phone, target = np.concatenate([phone, photo]), np.concatenate([target, kept])
        elif self._rehearsal is not None:
            for place in range(round(self._rehearsed * len(phone))):
                phone[place], target[place] = self._rehearsal.patch(rng)
        return phone, target


def mosaic(patches: np.ndarray) -> np.ndarray:
    """Arrange patches as one square picture: `(N, P, P, C)` to `(1, n·P, n·P, C)`, n = ⌊√N⌋."""
    side = math.isqrt(len(patches))
    height, width, channels = patches.shape[1:]
    grid = patches[: side * side].reshape(side, side, height, width, channels)
    return grid.transpose(0, 2, 1, 3, 4).reshape(1, side * height, side * width, channels)


def make_rehearsal(
    enhance: Callable[[np.ndarray], np.ndarray],
    batches: Batches,
    seed: int,
    photos: Mapping[str, np.ndarray] | None = None,
) -> Rehearsal:
    """Return photos with colors that pairs may lack, and the results of a network for the photos.

    Without `photos`, half of the photos are mosaics of the phone's patches, and half are views of
    the photos that ship with scikit-image. All have their colors exchanged, strengthened, and made
    darker or brighter, and show a white and a black square. With `photos`, each photo gives a view
    as it is, and a view with virtual faults of its light.

    Args:
        enhance: Function from `(N, S, S, 3)` float32 in [0, 1] to the same shape, not clipped.
        batches: Batches of the pairs.
        seed: The seed of the choices.
        photos: Photos by name, uint8 RGB, each side at least 100 pixels.
    """
    rng = np.random.default_rng([seed, 4])
    side = math.isqrt(batches.batch_size) * PATCH_SIZE
    if photos is None:
        chosen = _photos_with_other_colors(batches, side, rng)
    else:
        chosen = [
            picture
            for name in photos
            for picture in _photo_and_faulty_photo(photos[name], side, rng)
        ]
    results = [
        np.rint(255 * np.clip(enhance(_scaled(np.stack(chosen[start : start + CHUNK]))), 0, 1))
        for start in range(0, len(chosen), CHUNK)
    ]
    return Rehearsal(np.stack(chosen), np.concatenate(results).astype(np.uint8))


def _photos_with_other_colors(batches, side, rng) -> list[np.ndarray]:
    shipped = list(shipped_photos().values())
    photos = []
    for number in range(PHOTOS):
        if number % 2:
            photo = np.rint(255 * mosaic(batches[number][0])[0]).astype(np.uint8)
        else:
            photo = _view(shipped[int(rng.integers(len(shipped)))], side, rng)
        photos.append(_with_white_and_black(_recolored(photo, rng), rng))
    return photos


def _photo_and_faulty_photo(photo, side, rng) -> Iterator[np.ndarray]:
    yield _view(photo, side, rng)
    faulty = apply_light(_view(photo, side, rng), draw_light(rng))
    yield np.rint(255 * faulty).astype(np.uint8)


def _view(photo: np.ndarray, side: int, rng: np.random.Generator) -> np.ndarray:
    """Return a square part of a photo, uint8, reduced or enlarged to `side` pixels."""
    taken = int(min(photo.shape[:2]) * rng.uniform(LEAST_SHARE, 1))
    y, x = (int(rng.integers(0, length - taken + 1)) for length in photo.shape[:2])
    part = photo[y : y + taken, x : x + taken]
    return cv2.resize(part, (side, side), interpolation=cv2.INTER_AREA)


def _recolored(photo: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Exchange the channels of a photo, change saturation and brightness; uint8 to uint8."""
    x = photo[..., rng.permutation(3)].astype(np.float32) / 255
    gray = x.mean(axis=-1, keepdims=True)
    x = np.clip(gray + rng.uniform(0.8, 2.2) * (x - gray), 0, 1)
    return np.rint(255 * x ** np.exp(rng.normal(0, 0.3))).astype(np.uint8)


def _with_white_and_black(photo: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Put a white and a black square on a photo: few pairs show pure white, which must stay."""
    photo = photo.copy()
    half = len(photo) // 2
    for value, part in ((255, photo[:half]), (0, photo[half:])):
        side = int(half * rng.uniform(0.2, 0.7))
        y, x = int(rng.integers(half - side + 1)), int(rng.integers(len(photo) - side + 1))
        part[y : y + side, x : x + side] = value
    return photo


def _scaled(picture: np.ndarray) -> np.ndarray:
    return picture.astype(np.float32) / 255
