r"""Measure the light part of networks for any phone on many photos.

    python -m benchmarks.light_part --photos photos-free --reference ../shared/data \
        --methods levels,universal

The light part decides from a thumbnail, so the benchmark works on thumbnails, which is fast. The
photos took no part in the training and are not in the test list of `benchmarks/any_phone.py`.
Each photo gets light faults (`simulation/faults.py`) three times, and once no fault.
"""

if __name__ == "__main__":  # before the imports that fail without the environment
    from common.environment import check_environment

    check_environment()

import dataclasses
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from benchmarks.any_phone import (
    TEST,
    WORSE,
    MissingInputError,
    PhotoFolders,
    capped_psnr,
    read,
    stretch_levels,
)
from common import command_line
from common.command_line import option
from data.free_photos import part_of
from models.shipped import shipped_file
from photos import photos_in
from simulation.faults import LightFaults, apply_light, draw_light

SIZE = 256  # side of a thumbnail, pixels
COARSE = 64  # side of the picture to score, pixels
DRAWS = 3  # of faults for each photo


@dataclasses.dataclass(frozen=True)
class LightPartConfig(PhotoFolders):
    """The photos and the methods."""

    methods: str = option(
        "levels,universal", "comma-separated: levels, names of networks, .keras files"
    )
    worst: int = option(0, "how many of the worst results to print")


def held_out_photos(config: LightPartConfig) -> dict[str, np.ndarray]:
    """Return {name: photo} of the photos that took no part in the training, uint8."""
    reference = Path(config.reference) / "photos"
    paths = {}
    for folder in ("landscape", "urban"):
        paths |= {f"{folder}/{path.name}": path for path in photos_in(reference / folder)}
    free = photos_in(Path(config.photos))
    paths |= {path.name: path for path in free if part_of(path.name) == "validate"}
    return {name: read(path) for name, path in sorted(paths.items()) if name not in TEST}


def find_light(method: str) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Return a method as a function of a picture and a thumbnail, both uint8, to a picture."""
    if method == "levels":
        return lambda picture, thumbnail: stretch_levels(picture)
    from models.network_files import load_generator
    from models.universal import light_model

    light = light_model(load_generator(shipped_file(method, (".keras",)) or method))

    def apply(picture, thumbnail):
        given = {"image": picture, "thumbnail": thumbnail}
        given = {name: value[None].astype(np.float32) / 255 for name, value in given.items()}
        lit = np.asarray(light(given, training=False))[0]
        return np.rint(np.clip(lit, 0, 1) * 255).astype(np.uint8)

    return apply


def measure(method: Callable, photos: dict[str, np.ndarray]) -> list[tuple]:
    """Return rows of name, faults, PSNR before and PSNR after; `LightFaults()` is no fault."""
    rows = []
    rng = np.random.default_rng(0)
    for name, photo in photos.items():
        clean = _reduced(photo, SIZE)
        for draw in range(DRAWS + 1):
            light = LightFaults()
            while draw and light == LightFaults():
                light = draw_light(rng)
            faulty = np.rint(apply_light(clean, light) * 255).astype(np.uint8)
            before, target = _reduced(faulty, COARSE), _reduced(clean, COARSE)
            after = method(before, faulty)
            rows.append((name, light, capped_psnr(before, target), capped_psnr(after, target)))
    return rows


def _reduced(photo: np.ndarray, side: int) -> np.ndarray:
    return cv2.resize(photo, (side, side), interpolation=cv2.INTER_AREA)


def main(config: LightPartConfig) -> None:
    """Measure the methods and print a table."""
    photos = held_out_photos(config)
    lines = [
        f"| {len(photos)} photos | gain, dB | photos worse | loses, mean over all, dB "
        "| good photo to itself: mean / worst tenth / worst, dB |",
        "|---" * 5 + "|",
    ]
    for word in config.methods.split(","):
        rows = measure(find_light(word), photos)
        gains = np.array([after - before for _, light, before, after in rows if _has(light)])
        itself = np.sort([after for _, light, _, after in rows if not _has(light)])
        lines.append(
            f"| {word} | {gains.mean():+.2f} | {np.mean(gains < -WORSE):.1%} "
            f"| {np.maximum(-gains, 0).mean():.2f} "
            f"| {itself.mean():.1f} / {itself[: len(itself) // 10].mean():.1f} / {itself[0]:.1f} |"
        )
        faulty = [row for row in rows if _has(row[1])]
        for name, light, before, after in sorted(faulty, key=lambda r: r[3] - r[2])[: config.worst]:
            print(f"{word}: {name}: {before:.1f} → {after:.1f} dB, {light}")
    print("\n".join(lines))


def _has(light: LightFaults) -> bool:
    return light != LightFaults()


if __name__ == "__main__":
    command_line.run(main, LightPartConfig, __doc__, [MissingInputError])
