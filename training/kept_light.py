"""Held-out pairs whose targets are in the light that a network decides: `--light keep`."""

from __future__ import annotations

from typing import Any

from data.packed import PatchPairs

CHUNK = 64  # patches


def in_light(pairs: PatchPairs, light: Any) -> PatchPairs:
    """Bring the targets into the light of a network, as the training step does.

    Args:
        pairs: The pairs.
        light: See `models.gan.Gan`.
    """
    from losses.recolor import recolored_photos

    lit = light.predict(pairs.scaled()[0], batch_size=CHUNK, verbose=0)
    return PatchPairs(pairs.phone, recolored_photos(pairs.target, lit), pairs.scenes)
