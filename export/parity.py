"""Does an exported file compute what the Keras model computes?"""

import dataclasses
import math

import numpy as np


@dataclasses.dataclass(frozen=True)
class Tolerance:
    """How far an exported file may be from Keras.

    Attributes:
        difference: largest absolute difference of any value, range [0, 1].
        psnr: decibels over all values.
    """

    difference: float
    psnr: float


# fp32 differs by the order of sums alone. fp16 rounds weights to 11 bits; measured, the released
# generators stay within a third of an 8-bit step (docs/results.md). Of 8 bits any network loses
# something, each its own amount, seldom evenly: what is refused is a file that is worse than its
# source to the eye or the metrics. An error at 36 dB costs a photo that is 21 dB from the DSLR's
# 0.13 dB if the two are independent. The largest of some millions of differences says less.
TOLERANCES = {
    "fp32": Tolerance(1e-3, 80.0),
    "fp16": Tolerance(2 / 255, 60.0),
    "dynamic": Tolerance(0.2, 36.0),
    "int8": Tolerance(0.2, 36.0),
}


class ParityError(ValueError):
    """An exported file that is too far from its source."""


def measure_parity(engine, model, patches: np.ndarray) -> dict[str, float]:
    """Compare an engine with a Keras model on patches, in images of the engine's own size.

    Both are clipped to [0, 1] first, as whoever uses them does.

    Args:
        engine: an `inference.litert_engine.LiteRTEngine`.
        model: the Keras model it was exported from.
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


def check_parity(measured: dict[str, float], precision: str) -> None:
    """Raise ParityError where `measure_parity` found more than the precision allows."""
    allowed = TOLERANCES[precision]
    # Negated, so that NaN fails too.
    if not (measured["max_difference"] <= allowed.difference and measured["psnr"] >= allowed.psnr):
        raise ParityError(
            f"the exported {precision} model differs from Keras by up to "
            f"{measured['max_difference']:.4f} ({measured['psnr']:.1f} dB); allowed are "
            f"{allowed.difference:.4f} and {allowed.psnr:.0f} dB"
        )


def mosaics(patches: np.ndarray, size: int) -> np.ndarray:
    """Cover square images of `size` pixels with patches, using each patch at least once.

    Args:
        patches: `(N, P, P, 3)`.
        size: height and width of the images, pixels.

    Returns:
        `(M, size, size, 3)`, cropped at the right and below.
    """
    across = math.ceil(size / patches.shape[1])
    count = math.ceil(len(patches) / across**2)
    grid = np.resize(patches, (count, across, across, *patches.shape[1:]))
    full = across * patches.shape[1]
    return grid.transpose(0, 1, 3, 2, 4, 5).reshape(count, full, full, 3)[:, :size, :size]
