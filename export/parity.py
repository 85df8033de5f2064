"""A comparison of an exported file with the Keras model that it was made from."""

import math

import numpy as np

from export.precisions import PROPERTIES, Precision


class ParityError(ValueError):
    """An exported file that differs too much from its source."""


def measure_parity(engine, model, patches: np.ndarray) -> dict[str, float]:
    """Compare an engine with a Keras model on patches, in images of the engine's own size.

    Both results are clipped to [0, 1] first, as every user of the result does.

    Args:
        engine: an `inference.litert_engine.LiteRTEngine`.
        model: the Keras model that the file was exported from.
        patches: `(N, P, P, 3)` float32 RGB in [0, 1].

    Returns:
        "max_difference" (range [0, 1]), "psnr" (decibels, at most 200) and "images" compared.
    """
    images = patches if engine.tile is None else mosaics(patches, engine.tile)
    exported = np.concatenate([engine(image[None]) for image in images])
    expected = np.concatenate([model.predict_on_batch(image[None]) for image in images])
    difference = np.abs(np.clip(exported, 0, 1, dtype=np.float64) - np.clip(expected, 0, 1))
    error = np.mean(np.square(difference))
    return {
        "max_difference": float(difference.max()),
        "psnr": float(min(-10 * math.log10(max(error, 1e-20)), 200.0)),
        "images": len(images),
    }


def check_parity(measured: dict[str, float], precision: Precision | str) -> None:
    """Check the result of `measure_parity` against the precision's limits.

    Raises:
        ParityError: a difference beyond the limits, or one that is not a number.
    """
    limits = PROPERTIES[Precision(precision)]
    if math.isnan(measured["max_difference"]):
        raise ParityError(f"the network is broken: the {precision} model gives values that are NaN")
    # `not` and the comparisons of the good case: comparisons with NaN are false.
    if not (
        measured["max_difference"] <= limits.max_difference and measured["psnr"] >= limits.min_psnr
    ):
        raise ParityError(
            f"the exported {precision} model differs from Keras by up to "
            f"{measured['max_difference']:.4f} ({measured['psnr']:.1f} dB); the limits are "
            f"{limits.max_difference:.4f} and {limits.min_psnr:.0f} dB; try another --precision"
        )


def mosaics(patches: np.ndarray, size: int) -> np.ndarray:
    """Cover square images of `size` pixels with patches. Each patch appears at least once.

    Args:
        patches: `(N, P, P, 3)`.
        size: height and width of the images, pixels.

    Returns:
        `(M, size, size, 3)`, cropped at the right and at the bottom.
    """
    across = math.ceil(size / patches.shape[1])
    count = math.ceil(len(patches) / across**2)
    grid = np.resize(patches, (count, across, across, *patches.shape[1:]))
    full = across * patches.shape[1]
    return grid.transpose(0, 1, 3, 2, 4, 5).reshape(count, full, full, 3)[:, :size, :size]
