"""Patches of photos that have no partner: what a teacher network is asked about."""

import zlib
from collections.abc import Mapping

import cv2
import numpy as np

from common.layout import PATCH_SIZE
from data.layout import DatasetError

VERSION = 1  # raise it when the same arguments give other patches
FLATTEST = 6.0  # standard deviation, 8-bit levels
KEPT_FLAT = 0.3  # of the flatter patches: skies have to be learned too


def sample_patches(photos: Mapping[str, np.ndarray], count: int, seed: int = 0) -> np.ndarray:
    """Patches from random places of photos, as many of each photo.

    Every fifth is of the photo at half its size, where detail is finer and more of the scene is
    seen. Every other one is relit: exposed by 0.35 to 1.4 times, with another gamma (σ = 0.2 in its
    logarithm), white balance (σ = 0.08) and a little noise, so that few photos show many lights.

    Args:
        photos: by name, uint8 RGB H×W×3, at least 200 pixels on each side.
        count: of patches.
        seed: 0 or more.

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
            patch = _patch(half if index % 5 == 4 else photo, rng)
            patches[order[done]] = _relit(patch, rng) if index % 2 else patch
            done += 1
    return patches


def digest(photos: Mapping[str, np.ndarray]) -> str:
    """What tells these photos from others."""
    return " ".join(f"{name}:{zlib.crc32(photos[name]):08x}" for name in sorted(photos))


def _patch(photo: np.ndarray, rng: np.random.Generator) -> np.ndarray:
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
