"""Patches in small blocks: what the measurements of `simulation.measure` average over."""

import numpy as np

BLOCK = 10  # pixels; a side of the blocks that are averaged, or looked at for noise
UNCLIPPED = 0.97  # code value
EVEN = 0.12  # standard deviation within a block, code value: no strong edge in it
LEVELS = (0.0, 0.08, 0.15, 0.25, 0.35, 0.5, 0.65, 0.8, 0.95)  # code values


class MeasurementError(ValueError):
    """Pairs from which nothing can be measured."""


def tiles(images: np.ndarray) -> np.ndarray:
    """N×H×W×3 as N×rows×columns×(pixels of a block)×3; what is left at the edges is dropped."""
    rows, columns = (side // BLOCK for side in images.shape[1:3])
    images = images[:, : rows * BLOCK, : columns * BLOCK]
    parted = images.reshape(-1, rows, BLOCK, columns, BLOCK, 3).swapaxes(2, 3)
    return parted.reshape(-1, rows, columns, BLOCK**2, 3)


def blocks(images: np.ndarray) -> np.ndarray:
    """Means of the blocks, N×rows×columns×3."""
    return tiles(images).mean(axis=3)


def usable(phone: np.ndarray, dslr: np.ndarray) -> np.ndarray:
    """Which blocks, bool N×rows×columns, have no edge, no clipping, and more light than noise."""
    even = tiles(dslr).std(axis=3).max(axis=-1) < EVEN
    values = np.concatenate([blocks(phone), blocks(dslr)], axis=-1)
    return even & (values.max(axis=-1) < UNCLIPPED) & (values.min(axis=-1) > 0.04)


def middles() -> np.ndarray:
    """Middles of the bins between `LEVELS`."""
    return (np.array(LEVELS[1:]) + LEVELS[:-1]) / 2


def quantiles(values: np.ndarray) -> dict[str, float]:
    """The values' spread, for JSON."""
    names = ("5%", "25%", "50%", "75%", "95%")
    return dict(zip(names, map(rounded, np.percentile(values, [5, 25, 50, 75, 95])), strict=True))


def rounded(value: float) -> float:
    """Three decimals, for JSON."""
    return round(float(value), 3)
