r"""Measure the detail part of networks for any phone: noise, JPEG artifacts, halos, blur.

    python -m benchmarks.detail_part --photos photos-free --reference ../shared/data \
        --methods input,smooth,universal

The light part changes the whole photo, so PSNR to the clean photo would mostly measure light. Here
the target is the clean photo in the light that the network decided for the faulty photo. "input"
is the faulty photo in this light, and "smooth" is a classical denoiser after the light: a bilateral
filter. The faults do not come from the generator of the training. The photos are the validation
photos of `benchmarks/any_phone.py`.
"""

if __name__ == "__main__":  # before the imports that fail without the environment
    from common.environment import check_environment

    check_environment()

import dataclasses
import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.any_phone import MissingInputError, PhotoFolders, capped_psnr, listed_photos
from benchmarks.phone_faults import Fault, compressed, noisy, several, soft
from common import command_line
from common.command_line import option
from common.contact_sheet import contact_sheet
from metrics import sharpness
from models.shipped import shipped_file

PART = 320  # pixels; side of the middle part that is scored
SIZE = 256  # side of the thumbnail, pixels
CLASSICAL = ("input", "smooth")


@dataclasses.dataclass(frozen=True)
class DetailPartConfig(PhotoFolders):
    """The photos and the methods."""

    methods: str = option(
        "input,smooth,universal",
        "comma-separated: input, smooth, names of networks, .keras files; input and smooth take "
        "the light of the first network",
    )
    sheet: str | None = option(
        None, "folder for a picture of each fault: faulty, each network, clean, in this light"
    )


def white(levels: float) -> Fault:
    """Add noise that is independent in each pixel and color; `levels` of 255."""
    return lambda x, rng: x + rng.normal(0, levels / 255, x.shape)


def blotched(levels: float) -> Fault:
    """Add color noise of some pixels' size, as a denoiser leaves it; `levels` of 255."""

    def apply(x, rng):
        noise = cv2.GaussianBlur(rng.normal(size=x.shape), (0, 0), 1.5)
        noise -= noise.mean(axis=-1, keepdims=True)
        return x + levels / 255 * noise / noise.std()

    return apply


def sharpened(amount: float) -> Fault:
    """Add the halos of an unsharp mask with a radius of 1.2 pixels."""
    return lambda x, rng: x + amount * (x - cv2.GaussianBlur(x, (0, 0), 1.2))


FAULTS: dict[str, Fault] = {
    "no fault": lambda x, rng: x,
    "noise of 3 levels": white(3),
    "noise of 8 levels": white(8),
    "noise of 15 levels": white(15),
    "photon noise": noisy(0.06),
    "color blotches": blotched(6),
    "JPEG 60": compressed(60),
    "noise, JPEG 75": several(noisy(0.04), compressed(75)),
    "halos": sharpened(0.8),
    "soft": soft(0.8),
}


@functools.cache
def find_network(method: str) -> tuple[Callable, Callable]:
    """Return the light part and the whole network, functions of a part of a photo and a thumbnail.

    Both functions take and return float32 in [0, 1] without a batch.
    """
    from models.network_files import load_generator
    from models.thumbnail_input import with_thumbnail_input
    from models.universal import light_model

    model = load_generator(shipped_file(method, (".keras",)) or method)

    def function(network) -> Callable:
        def apply(part, thumbnail):
            result: Any = network({"image": part[None], "thumbnail": thumbnail[None]})
            result = result["enhanced"] if isinstance(result, dict) else result
            return np.clip(np.asarray(result)[0], 0, 1)

        return apply

    return function(light_model(model)), function(with_thumbnail_input(model))


def measure(methods: list[str], photos: dict[str, np.ndarray], fault: Fault):
    """Apply a fault to each photo, and score the methods.

    Returns:
        Scores `(methods, photos)`, decibels; sharpness against the target `(methods, photos)`; and
        pictures of the first photo: before, after each method, target.
    """
    networks = {word: find_network(word) for word in methods if word not in CLASSICAL}
    first = next(iter(networks.values()))
    scores, sharp, shown = [], [], []
    for number, photo in enumerate(photos.values()):
        clean = photo.astype(np.float64) / 255
        faulty = np.clip(fault(clean, np.random.default_rng(number)), 0, 1)
        faulty, clean = (np.rint(255 * x).astype(np.float32) / 255 for x in (faulty, clean))
        thumbnail = cv2.resize(faulty, (SIZE, SIZE), interpolation=cv2.INTER_AREA)
        faulty, clean = (_middle(x) for x in (faulty, clean))
        results, targets = [], []
        for word in methods:
            light, network = networks.get(word, first)
            targets.append(light(clean, thumbnail))
            lit = light(faulty, thumbnail)
            if word == "smooth":
                lit = cv2.bilateralFilter(lit, 5, 0.08, 2)
            results.append(network(faulty, thumbnail) if word in networks else lit)
        pairs = list(zip(results, targets, strict=True))
        scores.append([capped_psnr(*(np.rint(255 * x) for x in pair)) for pair in pairs])
        sharp.append(sharpness(np.stack(results), np.stack(targets)))
        if not number:
            shown = [first[0](faulty, thumbnail), *results, targets[-1]]
    return np.array(scores).T, np.array(sharp).T, shown


def _middle(photo: np.ndarray) -> np.ndarray:
    top, left = ((length - PART) // 2 for length in photo.shape[:2])
    return np.ascontiguousarray(photo[top : top + PART, left : left + PART])


def main(config: DetailPartConfig) -> None:
    """Measure the methods and print a table."""
    photos = listed_photos("validate", config.photos, config.reference)
    methods = config.methods.split(",")
    if all(word in CLASSICAL for word in methods):
        raise MissingInputError("--methods: name at least one network")
    print("PSNR, dB, and in brackets sharpness relative to the clean photo's\n")
    print(f"| fault | {' | '.join(methods)} |\n|---" + "|---" * len(methods) + "|")
    for name, fault in FAULTS.items():
        scores, sharp, shown = measure(methods, photos, fault)
        cells = [
            f"{score:.1f} ({ratio:.2f})"
            for score, ratio in zip(scores.mean(1), np.nanmean(sharp, 1), strict=True)
        ]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)
        if config.sheet:
            folder = Path(config.sheet)
            folder.mkdir(parents=True, exist_ok=True)
            sheet = contact_sheet(*(picture[None] for picture in shown))
            cv2.imwrite(str(folder / f"{name}.png"), sheet[..., ::-1])


if __name__ == "__main__":
    command_line.run(main, DetailPartConfig, __doc__, [MissingInputError])
