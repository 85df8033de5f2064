"""Patches of photos without a partner; distillation lets a teacher network enhance them."""

import zlib
from collections.abc import Mapping

import cv2
import numpy as np

from common.layout import PATCH_SIZE
from data.pair_files import DatasetError

VERSION = 1  # raise it when the same arguments give other patches
FLATTEST = 6.0  # standard deviation, 8-bit levels
KEPT_FLAT = 0.3  # share of the flatter patches that is kept: a network must learn skies too


def sample_patches(photos: Mapping[str, np.ndarray], count: int, seed: int = 0) -> np.ndarray:
    """Cut patches from random places, the same number from each photo.

    Every fifth patch comes from the photo at half its size. Such a patch has finer detail and shows
    more of the scene. Every second patch is relit, so that few photos show many kinds of light:
    exposure times 0.35 to 1.4, another gamma (σ = 0.2 in its logarithm), another white balance
    (σ = 0.08) and a little noise.

    Args:
        photos: photos by name, uint8 RGB H×W×3, at least 200 pixels on each side.
        count: number of patches.
        seed: seed of all random choices, 0 or more.

    Returns:
        `(count, 100, 100, 3)` uint8, in random order.

    Raises:
        DatasetError: a photo is too small.
    """
    patches = np.empty((count, PATCH_SIZE, PATCH_SIZE, 3), np.uint8)
    order = np.random.default_rng([seed, 0]).permutation(count)
    done = 0
    for number, name in enumerate(sorted(photos)):
        photo, rng = photos[name], np.random.default_rng([seed, 1, number])
        if min(photo.shape[:2]) < 2 * PATCH_SIZE:
            raise DatasetError(f"{name}: photos need {2 * PATCH_SIZE} pixels on each side")
        half = cv2.resize(photo, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        for index in range(-(-(count - done) // (len(photos) - number))):
            patch = _random_patch(half if index % 5 == 4 else photo, rng)
            patches[order[done]] = _relit(patch, rng) if index % 2 else patch
            done += 1
    return patches


def digest(photos: Mapping[str, np.ndarray]) -> str:
    """Return the names and checksums of the photos as one line."""
    return " ".join(f"{name}:{zlib.crc32(photos[name].data):08x}" for name in sorted(photos))


def _random_patch(photo: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    patch = photo[:0]
    for _ in range(100):
        y, x = (rng.integers(side - PATCH_SIZE + 1) for side in photo.shape[:2])
        patch = photo[y : y + PATCH_SIZE, x : x + PATCH_SIZE]
        if patch.std() >= FLATTEST or rng.random() < KEPT_FLAT:
            break
    return patch


def _relit(patch: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    exposure = np.exp(rng.uniform(np.log(0.35), np.log(1.4)))
    gamma, balance = np.exp(rng.normal(0, 0.2)), np.exp(rng.normal(0, 0.08, 3))
    values = (patch / 255.0) ** gamma * exposure * balance
    values += rng.normal(0, rng.uniform(0, 0.015), values.shape)
    return np.rint(255 * np.clip(values, 0, 1)).astype(np.uint8)
