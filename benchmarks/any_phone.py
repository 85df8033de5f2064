r"""Measure methods on photos of phones that the methods do not know.

    python -m benchmarks.any_phone --photos photos-free --reference ../shared/data \
        --methods input,levels,one_click,iphone_3gs,universal --sheet sheet.png

Good photos show whether a method leaves a good photo as it is. Each photo also gets one fault and
one combination of faults (`benchmarks/phone_faults.py`); the faults take turns. Then come saturated
plain pictures with a gray disc, white and black pictures, dark noisy walls, and the real iPhone 3GS
pairs. `data/free_photos.py` makes the folder of photos. Lists in this module name the photos; no
network of the project was trained on them.
"""

if __name__ == "__main__":  # before the imports that fail without the environment
    from common.environment import check_environment

    check_environment()

import dataclasses
import functools
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from benchmarks.phone_faults import SEVERAL, SINGLE, faulty
from common import command_line
from common.command_line import option
from data.free_photos import reduce_photo
from enhance import find_model, load_engine
from inference.engine import ModelFileError
from inference.enhance_image import enhance_image
from inference.one_click import enhance_one_click

TEST = (
    *(f"landscape/{name}.jpg" for name in ("000", "003", "007", "101", "103")),
    *(f"urban/{name}.jpg" for name in ("010", "020", "055", "060", "080", "085")),
    *(f"city100-{name}.png" for name in ("004", "037", "058", "083")),
    "gcompris-erase-resource-toucan.png",
    "gcompris-erase-resource-goat.png",
    "gcompris-explore_monuments-egypt-redPyramid.png",
    "gcompris-explore_monuments-france-chateaudeChambord.png",
    "gcompris-explore_world_animals-animals-moose.png",
    "gcompris-explore_world_music-music-america.png",
    "lomiri-Picture_0B_by_freespace.png",
    "mate-LadyBird.png",
    "plasma-BytheWater.png",
)
# Photos for the choice between networks: not trained on, and not in the published table.
VALIDATE = (
    *(f"landscape/{name}.jpg" for name in ("001", "002", "006", "100", "104")),
    *(f"urban/{name}.jpg" for name in ("005", "025", "040", "070", "075", "090")),
    *(f"city100-{name}.png" for name in ("022", "061", "080")),
    "gcompris-erase-resource-meerkats.png",
    "gcompris-erase-resource-red_panda.png",
    "gcompris-explore_monuments-india-hawaMahal.png",
    "gcompris-explore_monuments-france-arlesAmphitheater.png",
    "gcompris-explore_world_animals-animals-dragon.png",
    "gcompris-explore_world_music-music-orchestra.png",
    "gcompris-clickgame-resource-sea2.png",
    "gcompris-explore_farm_animals-animals-dog.png",
    "mate-Blinds.png",
    "mate-TwoWings.png",
)
LISTS = {"test": TEST, "validate": VALIDATE}
SATURATED = {
    "red": (200, 20, 20),
    "green": (20, 180, 30),
    "blue": (20, 40, 200),
    "yellow": (220, 200, 10),
    "cyan": (10, 190, 200),
    "magenta": (200, 20, 180),
    "orange": (230, 120, 10),
    "violet": (110, 30, 190),
    "lime": (140, 220, 20),
}
WALLS = ((26, 26, 26), (40, 34, 28), (22, 26, 34), (52, 50, 47))
WORSE = 0.1  # decibels; a smaller loss does not count as worse
SIDE = 720  # pixels; longer side of the photos


class MissingInputError(ValueError):
    """A photo that does not exist."""


@dataclasses.dataclass(frozen=True)
class PhotoFolders:
    """The folders of photos that the benchmarks of networks for any phone read."""

    photos: str = option("photos-free", "folder that data/free_photos.py wrote")
    reference: str = option("../shared/data", "folder of the reference data")


@dataclasses.dataclass(frozen=True)
class AnyPhoneConfig(PhotoFolders):
    """The photos and the methods."""

    methods: str = option(
        "input,levels,one_click,iphone_3gs,universal",
        "comma-separated: input, levels, channel-levels, one_click, names of networks, model files",
    )
    part: str = option("test", "the list of photos", choices=tuple(LISTS))
    sheet: str | None = option(
        None, "picture file to write: a row of faulty photo, results and clean photo for each fault"
    )
    details: bool = option(False, "print all photos and faults, not only the worst five")


def stretch_levels(photo: np.ndarray, axis: tuple[int, ...] | None = None) -> np.ndarray:
    """Stretch the values to the full range, without the lowest and the highest 0.5 %.

    Args:
        photo: `(H, W, 3)` uint8.
        axis: None stretches all channels together, which keeps the hues. (0, 1) stretches each
            channel, as "auto levels" of a photo editor does.
    """
    low, high = np.percentile(photo, (0.5, 99.5), axis=axis)
    x = (photo - low) / np.maximum(high - low, 1)
    return np.rint(np.clip(x, 0, 1) * 255).astype(np.uint8)


def find_method(method: str) -> Callable[[np.ndarray], np.ndarray]:
    """Return a method as a function from a uint8 photo to a uint8 photo."""
    known = {
        "input": lambda photo: photo,
        "levels": stretch_levels,
        "channel-levels": functools.partial(stretch_levels, axis=(0, 1)),
        "one_click": enhance_one_click,
    }
    if method in known:
        return known[method]
    engine = load_engine(find_model(method))
    return lambda photo: enhance_image(engine, photo)


def capped_psnr(a: np.ndarray, b: np.ndarray) -> float:
    """Return the PSNR of two uint8 pictures, decibels; equal pictures have 60."""
    error = np.mean((a.astype(np.float64) - b) ** 2)
    return float(10 * np.log10(255**2 / max(error, 0.065)))


def read(path: Path) -> np.ndarray:
    """Read a photo as uint8 RGB, at most `SIDE` pixels long."""
    photo = cv2.imread(str(path))
    if photo is None:
        raise MissingInputError(f"{path}: not a readable photo; give --photos and --reference")
    return np.ascontiguousarray(reduce_photo(photo, SIDE)[..., ::-1])


def listed_photos(part: str, photos: str | Path, reference: str | Path) -> dict[str, np.ndarray]:
    """Return {name: photo} of a list in `LISTS`, uint8 RGB.

    Args:
        part: The name of the list.
        photos: The folder that `data/free_photos.py` wrote.
        reference: The folder of the reference data.

    Raises:
        MissingInputError: A photo is not there.
    """
    folders = {True: Path(reference) / "photos", False: Path(photos)}
    return {name: read(folders["/" in name] / name) for name in LISTS[part]}


def measure_method(method: Callable, photos: dict, pairs: list) -> tuple[dict, list]:
    """Return the figures of a method, and the rows of its contact sheet.

    Args:
        method: Function from a uint8 photo to a uint8 photo.
        photos: {name: good photo}.
        pairs: Pairs of a phone's photo and a DSLR's photo.

    Returns:
        {name of a figure: its values}, and a list of (name of the photo, name of the fault, PSNR
        before, PSNR after, faulty photo, result, good photo).
    """
    figures: dict = {}
    shown = []
    itself = [capped_psnr(method(photo), photo) for photo in photos.values()]
    figures["itself"] = np.mean(itself), min(itself)
    for kind, faults in (("single", SINGLE), ("several", SEVERAL)):
        rows = []
        for index, (name, photo) in enumerate(photos.items()):
            fault = list(faults)[index % len(faults)]
            before = faulty(photo, faults[fault], index)
            after = method(before)
            row = (name, fault, capped_psnr(before, photo), capped_psnr(after, photo))
            rows.append(row)
            shown.append((*row, before, after, photo))
        figures[kind] = rows
    figures["discs"] = disc_brightness(method)
    figures["white"] = method(np.full((256, 256, 3), 255, np.uint8))
    figures["white_part"] = white_wall(method)
    figures["black"] = method(np.zeros((256, 256, 3), np.uint8))
    figures["walls"] = wall_noise(method)
    figures["pairs"] = [capped_psnr(method(phone), dslr) for phone, dslr in pairs]
    return figures, shown


def disc_brightness(method: Callable) -> dict[str, float]:
    """Return the brightness of a gray disc on saturated grounds: ratios of result to input."""
    ratios = {}
    for name, color in SATURATED.items():
        picture = np.full((256, 256, 3), color, np.uint8)
        cv2.circle(picture, (128, 128), 40, (128, 128, 128), -1)
        center = method(picture)[118:138, 118:138].astype(float)
        ratios[name] = center.mean() / 128
    return ratios


def white_wall(method: Callable) -> np.ndarray:
    """Return the result's white part, of a picture with a white wall above a gray ramp."""
    picture = np.full((256, 256, 3), 255, np.uint8)
    picture[128:] = np.linspace(0, 255, 256)[None, :, None].astype(np.uint8)
    return method(picture)[16:112, 16:-16]


def wall_noise(method: Callable) -> float:
    """Return the largest ratio of color noise, result to input, of dark plain walls with a lamp."""
    ratios = []
    for seed, color in enumerate(WALLS):
        picture = np.full((320, 320, 3), color, float)
        cv2.circle(picture, (250, 70), 40, (250, 240, 225), -1)
        noise = np.random.default_rng(seed).normal(0, 5, picture.shape)
        noise = cv2.GaussianBlur(noise, (0, 0), 0.7) * 1.6
        picture = np.rint(np.clip(picture + noise, 0, 255)).astype(np.uint8)
        chroma = [
            cv2.cvtColor(x[140:, :200], cv2.COLOR_RGB2YCrCb)[..., 1:].astype(float).std((0, 1))
            for x in (picture, method(picture))
        ]
        ratios.append(chroma[1].mean() / chroma[0].mean())
    return max(ratios)


def figures_table(results: dict[str, dict]) -> str:
    """Return a Markdown table: one row a figure, one column a method."""
    rows = [["", *results], ["---"] * (len(results) + 1)]

    def row(name, value):
        rows.append([name, *(value(figures) for figures in results.values())])

    def gains(figures, kind):
        return np.array([after - before for _, _, before, after in figures[kind]])

    row(
        "result of a good photo to the photo: mean / worst PSNR, dB",
        lambda f: "{:.1f} / {:.1f}".format(*f["itself"]),
    )
    for kind, words in (("single", "one fault"), ("several", "several faults")):
        row(f"{words}: PSNR, dB", lambda f, k=kind: f"{np.mean([r[3] for r in f[k]]):.2f}")
        row(f"{words}: gain over the input, dB", lambda f, k=kind: f"{gains(f, k).mean():+.2f}")
        row(
            f"{words}: made worse",
            lambda f, k=kind: f"{(gains(f, k) < -WORSE).sum()} of {len(f[k])}",
        )
    row(
        "gray disc on saturated grounds, brightness",
        lambda f: f"×{min(f['discs'].values()):.2f} to ×{max(f['discs'].values()):.2f}",
    )
    row("white picture: lowest values of R, G, B", lambda f: str(_color(f["white"], np.min)))
    row(
        "white wall beside a ramp: lowest values of R, G, B",
        lambda f: str(_color(f["white_part"], np.min)),
    )
    row("black picture: highest values of R, G, B", lambda f: str(_color(f["black"], np.max)))
    row("largest color noise of dark walls, relative to the input", lambda f: f"×{f['walls']:.2f}")
    if all(f["pairs"] for f in results.values()):
        row(
            "real iPhone 3GS pairs: mean / median, dB",
            lambda f: f"{np.mean(f['pairs']):.2f} / {np.median(f['pairs']):.2f}",
        )
    return "\n".join("| " + " | ".join(map(str, cells)) + " |" for cells in rows)


def faults_table(results: dict[str, dict]) -> str:
    """Return a Markdown table: the mean PSNR for each fault."""
    lines = ["| fault | " + " | ".join(results) + " |", "|---" * (len(results) + 1) + "|"]
    for kind, faults in (("single", SINGLE), ("several", SEVERAL)):
        for fault in faults:
            cells = [
                f"{np.mean([r[3] for r in f[kind] if r[1] == fault]):.1f}" for f in results.values()
            ]
            lines.append(f"| {fault} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _color(picture, reduce) -> tuple[int, ...]:
    return tuple(int(reduce(picture[..., c])) for c in range(3))


def _write_sheet(path: str, shown: dict[str, list]) -> None:
    """Write the contact sheet."""

    def cell(picture):
        scale = min(300 / picture.shape[1], 220 / picture.shape[0])
        size = [max(int(side * scale), 1) for side in picture.shape[1::-1]]
        small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        framed = np.full((224, 304, 3), 255, np.uint8)
        framed[: small.shape[0], : small.shape[1]] = small
        return framed

    rows = []
    for entries in zip(*shown.values(), strict=True):
        before, clean = entries[0][4], entries[0][6]
        rows.append(np.hstack([cell(before), *(cell(e[5]) for e in entries), cell(clean)]))
    cv2.imwrite(path, np.vstack(rows)[..., ::-1])


def main(config: AnyPhoneConfig) -> None:
    """Measure the methods and print the tables."""
    reference = Path(config.reference)
    photos = listed_photos(config.part, config.photos, reference)
    patches = reference / "dped/iphone/test_data/patches"
    pairs = [
        (read(path), read(patches / "canon" / path.name))
        for path in sorted((patches / "iphone").glob("*"))
        if config.part == "test"
    ]
    results, shown = {}, {}
    for word in config.methods.split(","):
        name = Path(word).stem if "/" in word else word
        results[name], shown[name] = measure_method(find_method(word), photos, pairs)
    print(figures_table(results) + "\n\n" + faults_table(results))
    for name, figures in results.items():
        if name == "input":
            continue
        worst = sorted(figures["single"] + figures["several"], key=lambda r: r[3] - r[2])
        chosen = worst if config.details else worst[:5]
        print(f"\n{name}, worst: " if not config.details else f"\n{name}:")
        for photo, fault, before, after in chosen:
            print(f"  {photo}, {fault}: {before:.1f} → {after:.1f} dB")
        print("  discs: " + ", ".join(f"{k} ×{v:.2f}" for k, v in figures["discs"].items()))
    if config.sheet:
        _write_sheet(config.sheet, {k: v for k, v in shown.items() if k != "input"} or shown)


if __name__ == "__main__":
    command_line.run(main, AnyPhoneConfig, __doc__, [MissingInputError, ModelFileError])
