"""Held-out pairs whose targets are in the light that a network decides: `--light keep`."""

from __future__ import annotations

from typing import Any

import numpy as np

from data.packed import PatchPairs

CHUNK = 64  # patches


def in_light(pairs: PatchPairs, light: Any) -> PatchPairs:
    """Bring the targets into the light of a network, as the training step does.

    Args:
        pairs: The pairs.
        light: See `models.gan.Gan`.
    """
    from common.backend import keras
    from losses.recolor import recolored

    targets = np.empty_like(pairs.target)
    for start in range(0, len(pairs), CHUNK):
        part = slice(start, start + CHUNK)
        phone, target = pairs[part].scaled()
        moved: Any = recolored(target, light.predict_on_batch(phone))
        moved = np.asarray(keras.ops.convert_to_numpy(moved))
        targets[part] = np.rint(255 * np.clip(moved, 0, 1))
    return PatchPairs(pairs.phone, targets, pairs.scenes)
