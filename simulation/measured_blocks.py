"""Patches cut into small blocks, and the statistics that `simulation.measure` takes from blocks."""

from collections.abc import Sequence

import numpy as np

BLOCK = 10  # pixels; side of a block
UNCLIPPED = 0.97  # code value
EVEN = 0.12  # code value; a block with a smaller standard deviation has no strong edge
BIN_EDGES = (0.0, 0.08, 0.15, 0.25, 0.35, 0.5, 0.65, 0.8, 0.95)  # code values
BIN_CENTERS = (np.array(BIN_EDGES[1:]) + BIN_EDGES[:-1]) / 2


class MeasurementError(ValueError):
    """Pairs from which nothing can be measured."""


def split_into_blocks(images: np.ndarray) -> np.ndarray:
    """Cut N×H×W×3 into N×rows×columns×(pixels of a block)×3; the rest at the edges is dropped."""
    rows, columns = (side // BLOCK for side in images.shape[1:3])
    images = images[:, : rows * BLOCK, : columns * BLOCK]
    blocks = images.reshape(-1, rows, BLOCK, columns, BLOCK, 3).swapaxes(2, 3)
    return blocks.reshape(-1, rows, columns, BLOCK**2, 3)


def block_means(images: np.ndarray) -> np.ndarray:
    """Return the mean of each block, N×rows×columns×3."""
    return split_into_blocks(images).mean(axis=3)


def comparable_blocks(phone: np.ndarray, dslr: np.ndarray) -> np.ndarray:
    """Return which blocks have no edge, no clipping, and more light than noise.

    Returns:
        bool N×rows×columns.
    """
    even = split_into_blocks(dslr).std(axis=3).max(axis=-1) < EVEN
    values = np.concatenate([block_means(phone), block_means(dslr)], axis=-1)
    return even & (values.max(axis=-1) < UNCLIPPED) & (values.min(axis=-1) > 0.04)


def quantiles(values: Sequence[float] | np.ndarray) -> dict[str, float]:
    """Return five quantiles of the values, for JSON."""
    names = ("5%", "25%", "50%", "75%", "95%")
    return dict(zip(names, map(rounded, np.percentile(values, [5, 25, 50, 75, 95])), strict=True))


def rounded(value: float | np.floating) -> float:
    """Round to three decimals, for JSON."""
    return round(float(value), 3)
