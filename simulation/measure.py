"""Measurement of a phone against its DSLR on aligned patch pairs.

    python -m simulation.measure --phone iphone --data_dir dped

The command prints exposure, tone, color, noise and blur of the phone as JSON, *relative to the
DSLR*: the picture of the DSLR stands for the scene. Only the training pairs are read. The constants
of a virtual phone (`simulation.cameras`) are set with these numbers: real and simulated pairs go
through the same measurement and are then compared.

Light is the code value decoded by sRGB (IEC 61966-2-1). Chroma is log2 of R/G and of B/G in light.
"""

if __name__ == "__main__":  # before the imports that fail without the environment
    from common.environment import check_environment

    check_environment()

import dataclasses
import json
from pathlib import Path

import cv2
import numpy as np

from common import command_line
from common.atomic_files import replacing
from common.command_line import option
from data.packed import read_patch
from data.pair_files import DatasetError, training_pairs
from simulation.measured_blocks import BLOCK, MeasurementError, quantiles
from simulation.measured_color import measure_exposure_and_color, measure_tone
from simulation.measured_detail import measure_blur, measure_jpeg_grid, measure_noise

FARTHEST = 4.0  # pixels; an aligned pair has no larger shift, so the estimate has failed


def measure(phone: np.ndarray, dslr: np.ndarray) -> dict:
    """Measure a phone on aligned pairs.

    Args:
        phone: float32 N×H×W×3 in [0, 1], RGB; H and W at least 40.
        dslr: the same scenes by the DSLR, of the same shape.

    Returns:
        Counts, and the results of all measurements by name, ready for `json.dumps`.

    Raises:
        MeasurementError: the shapes differ, the patches are too small, or fewer than two pairs
            have ten blocks that are neither clipped nor full of edges.
    """
    if phone.shape != dslr.shape or phone.ndim != 4 or min(phone.shape[1:3]) < 4 * BLOCK:
        raise MeasurementError(
            f"phone {phone.shape} and DSLR {dslr.shape}: give equal N×H×W×3 with at least "
            f"{4 * BLOCK}×{4 * BLOCK} pixels"
        )
    shifts = [estimate_shift(*pair) for pair in zip(phone, dslr, strict=True)]
    moved = np.stack([_shifted(image, shift) for image, shift in zip(phone, shifts, strict=True)])
    known = [float(np.hypot(*shift)) for shift in shifts if shift is not None]
    return {
        "pairs": len(phone),
        "alignment": {
            "pairs": len(known),
            "pixels": quantiles(known) if known else None,
        },
        "exposure_and_color": measure_exposure_and_color(moved, dslr),
        "tone": measure_tone(moved, dslr),
        "noise": measure_noise(phone, dslr),
        "dslr_noise": measure_noise(dslr, dslr),
        "blur": measure_blur(phone, dslr),
        "jpeg": measure_jpeg_grid(phone),
    }


def estimate_shift(phone: np.ndarray, dslr: np.ndarray) -> tuple[float, float] | None:
    """Estimate the shift (x, y), in pixels, that moves `phone` onto `dslr`, both H×W×3.

    The method is phase correlation (Foroosh et al., 2002, as in OpenCV). Local mean and contrast
    are removed from gray first, so that exposure has no influence.

    Returns:
        The shift, or None if the estimate is unclear.
    """

    def normalized(image):
        gray = np.log(image.mean(axis=-1) + 0.02)
        gray = gray - cv2.GaussianBlur(gray, (0, 0), 6)
        gray = gray / np.sqrt(cv2.GaussianBlur(gray**2, (0, 0), 10) + 1e-4)
        return cv2.GaussianBlur(gray, (0, 0), 0.8).astype(np.float64)

    window = cv2.createHanningWindow(phone.shape[1::-1], cv2.CV_64F)
    (x, y), response = cv2.phaseCorrelate(normalized(phone), normalized(dslr), window)
    return (x, y) if response > 0.5 and np.hypot(x, y) < FARTHEST else None


def _shifted(image: np.ndarray, shift: tuple[float, float] | None) -> np.ndarray:
    if shift is None:
        return image
    matrix = np.array([[1, 0, shift[0]], [0, 1, shift[1]]], np.float32)
    return cv2.warpAffine(
        image, matrix, image.shape[1::-1], flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
    )


@dataclasses.dataclass(frozen=True)
class MeasureConfig:
    """Options of `python -m simulation.measure`."""

    phone: str = option(help="name of the phone: its folder in the data set")
    data_dir: str = option("dped", help="root of the data set")
    pairs: int = option(
        1000, help="number of pairs to measure; a random choice if the data set has more"
    )
    seed: int = option(0, help="seed of the random choice")
    output: str | None = option(None, help="JSON file to write in addition")


def main(config: MeasureConfig) -> None:
    """Measure the phone that the command line names."""
    if config.pairs < 1:
        raise MeasurementError(f"--pairs {config.pairs}: give 1 or more")
    if config.seed < 0:
        raise MeasurementError(f"--seed {config.seed}: give 0 or more")
    files = training_pairs(config.data_dir, config.phone)
    order = np.random.default_rng(config.seed).permutation(len(files))
    chosen = sorted(order[: config.pairs])
    phone, dslr = (
        np.stack([read_patch(side[index]) for index in chosen]).astype(np.float32) / 255
        for side in (files.phone, files.target)
    )
    text = json.dumps(measure(phone, dslr), indent=1)
    if config.output:
        with replacing(Path(config.output)) as temporary:
            temporary.write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    command_line.run(
        main,
        MeasureConfig,
        "Measure a phone against its DSLR on the training pairs of a data set.",
        errors=[MeasurementError, DatasetError],
        prog="python -m simulation.measure",
    )
