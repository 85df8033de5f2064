"""What a real phone does to a scene, measured against its DSLR on aligned patch pairs.

    python -m simulation.measure --phone iphone --data_dir dped

prints as JSON the statistics that the constants of a virtual phone (`simulation.cameras`) are set
by: exposure, tone, color, noise and blur of the phone *relative to the DSLR*, whose own picture
stands for the scene. Only the training pairs are read. Real and simulated pairs are measured
alike, which is how the two are compared.

Light is code value decoded by sRGB (IEC 61966-2-1); chroma is log2 of R/G and of B/G in light.
"""

import dataclasses
import json
from pathlib import Path

import cv2
import numpy as np

from common import command_line
from common.atomic_files import replacing
from common.command_line import option
from data.layout import DatasetError, training_pairs
from data.packed import read_patch
from simulation.blocks import BLOCK, MeasurementError, quantiles
from simulation.measured_color import exposure_and_color, tone
from simulation.measured_detail import blur, jpeg_grid, noise

FARTHEST = 4.0  # pixels; a larger shift is no residual of an alignment but a failed estimate


def measure(phone: np.ndarray, dslr: np.ndarray) -> dict:
    """Measure a phone on aligned pairs.

    Args:
        phone: float32 N×H×W×3 in [0, 1], RGB; H and W at least 40.
        dslr: the same scenes by the DSLR, of the same shape.

    Returns:
        For `json.dumps`: counts, and the results of the functions below under their names.

    Raises:
        MeasurementError: shapes differ or patches are small; fewer than two pairs have ten blocks
            that are neither clipped nor full of edges.
    """
    if phone.shape != dslr.shape or phone.ndim != 4 or min(phone.shape[1:3]) < 4 * BLOCK:
        raise MeasurementError(
            f"phone {phone.shape} and DSLR {dslr.shape}: give equal N×H×W×3, 40×40 pixels or more"
        )
    shifts = [shift_between(*pair) for pair in zip(phone, dslr, strict=True)]
    moved = np.stack([_moved(image, shift) for image, shift in zip(phone, shifts, strict=True)])
    known = [float(np.hypot(*shift)) for shift in shifts if shift is not None]
    return {
        "pairs": len(phone),
        "alignment": {
            "pairs": len(known),
            "pixels": quantiles(known) if known else None,
        },
        "exposure_and_color": exposure_and_color(moved, dslr),
        "tone": tone(moved, dslr),
        "noise": noise(phone, dslr),
        "dslr_noise": noise(dslr, dslr),
        "blur": blur(phone, dslr),
        "jpeg": jpeg_grid(phone),
    }


def shift_between(phone: np.ndarray, dslr: np.ndarray) -> tuple[float, float] | None:
    """(x, y) in pixels that moves `phone` onto `dslr`, both H×W×3, or None where it is unclear.

    By phase correlation (Foroosh et al., 2002, as in OpenCV) of gray with local mean and contrast
    removed, so that exposure does not count.
    """

    def normalized(image):
        gray = np.log(image.mean(axis=-1) + 0.02)
        gray = gray - cv2.GaussianBlur(gray, (0, 0), 6)
        gray = gray / np.sqrt(cv2.GaussianBlur(gray**2, (0, 0), 10) + 1e-4)
        return np.float64(cv2.GaussianBlur(gray, (0, 0), 0.8))

    window = cv2.createHanningWindow(phone.shape[1::-1], cv2.CV_64F)
    shift, response = cv2.phaseCorrelate(normalized(phone), normalized(dslr), window)
    return shift if response > 0.5 and np.hypot(*shift) < FARTHEST else None


def _moved(image, shift):
    if shift is None:
        return image
    matrix = np.float32([[1, 0, shift[0]], [0, 1, shift[1]]])
    return cv2.warpAffine(
        image, matrix, image.shape[1::-1], flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
    )


@dataclasses.dataclass(frozen=True)
class MeasureConfig:
    """Command line of `python -m simulation.measure`."""

    phone: str = option(help="name of the phone: its folder in the data set")
    data_dir: str = option("dped", help="root of the data set")
    pairs: int = option(1000, help="pairs to measure, drawn at random where there are more")
    seed: int = option(0, help="of that draw")
    output: str | None = option(None, help="JSON file to write besides printing")


def main(config: MeasureConfig) -> None:
    """Measure the phone that the command line names."""
    if config.pairs < 1 or config.seed < 0:
        raise MeasurementError("give at least one of --pairs, and a --seed of 0 or more")
    files = training_pairs(config.data_dir, config.phone)
    order = np.random.default_rng(config.seed).permutation(len(files))
    drawn = sorted(order[: config.pairs])
    sides = [
        np.stack([read_patch(side[index]) for index in drawn]).astype(np.float32) / 255
        for side in (files.phone, files.target)
    ]
    text = json.dumps(measure(*sides), indent=1)
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
    )
