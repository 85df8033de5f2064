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
    from losses.recolor import recolored_photos

    parts = [pairs[start : start + CHUNK] for start in range(0, len(pairs), CHUNK)]
    lit = np.concatenate([light.predict_on_batch(part.scaled()[0]) for part in parts])
    return PatchPairs(pairs.phone, recolored_photos(pairs.target, lit), pairs.scenes)
