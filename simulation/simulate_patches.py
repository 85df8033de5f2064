"""Simulation of a DPED data set: patches of a virtual phone and a virtual DSLR.

    python -m simulation.simulate_patches --phone blackberry --output dped

The command writes the patch pairs of `simulation.shooting` to dped/blackberry, in the folders of
DPED.
"""

if __name__ == "__main__":  # before the imports that fail without the environment
    from common.environment import check_environment

    check_environment()

import dataclasses
import hashlib
import itertools
import json
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

import imageio.v3 as iio
import numpy as np

from common import command_line
from common.atomic_files import naming, new_folder
from common.command_line import option
from common.layout import (
    FULL_SIZE,
    FULL_SIZE_TARGET,
    PAIRS_TABLE,
    PATCH_SIZE,
    PATCHES,
    SIMULATION,
    TARGET,
    TEST,
    TRAIN,
)
from common.long_work import Bar
from common.plain_file import read_json
from common.plural import plural
from data.pair_files import DatasetError, write_scenes
from data.photo_folder import PhotoFolder
from data.shipped_photos import shipped_photos
from simulation.cameras import DSLR, PHONES, Camera, SimulationError, phone_camera
from simulation.shooting import FLATTEST, aligned_pair, check_photo, patch_pairs

VERSION = 3  # raise the version if the same seed gives other patches or files
HELD_OUT = 0.2  # share of the photos that only give test patches
MOST_PATCHES = 10_000_000


def simulate_dataset(
    photos: Mapping[str, np.ndarray],
    phone: str | Camera,
    output_dir: str | Path,
    train_patches: int = 1000,
    test_patches: int = 100,
    seed: int = 0,
    test_photos: Collection[str] | None = None,
) -> Path:
    """Write a DPED data set of aligned 100×100 patches of a virtual phone and DSLR.

    Some of the photos are held out for the test patches. Each photo gives about
    the same number of patches, from as many shots as necessary. Each shot has its own pose, and the
    patches of one shot do not overlap. A flat patch, with a standard deviation of the gray of the
    DSLR below 0.02, is skipped. A photo without detail is left out. Patches are numbered photo by
    photo.

        OUTPUT/PHONE/training_data/{PHONE,canon}/N.jpg      quality 100, 4:4:4
        OUTPUT/PHONE/test_data/patches/{PHONE,canon}/N.jpg
        OUTPUT/PHONE/test_data/full_size_test_images/N.jpg  a phone picture of each held-out photo
        OUTPUT/PHONE/test_data/full_size_dslr_images/N.jpg  the aligned picture of the DSLR
        OUTPUT/PHONE/pairs.csv                              the photo of each test patch
        OUTPUT/PHONE/simulation.json                        parameters of the simulation

    The folder is complete or absent. An existing folder with the same parameters is kept. The same
    arguments give the same bytes.

    Args:
        photos: photos by name, uint8 RGB H×W×3; at least two.
        phone: name of a virtual phone, or its parameters.
        output_dir: root of the data set; created if missing.
        train_patches: number of training pairs.
        test_patches: number of test pairs.
        seed: seed of all random choices, 0 or more.
        test_photos: names of the photos to hold out; None for a fifth of the photos, at least one,
            at random.

    Returns:
        OUTPUT/PHONE.

    Raises:
        SimulationError: unknown phone; a photo is not uint8 H×W×3 or has a side below 128 pixels;
            fewer than two photos have detail, or too few patches do; `test_photos` names none or
            all photos with detail; OUTPUT/PHONE exists with other parameters.
    """
    camera = phone_camera(phone)
    if camera.name == TARGET or Path(camera.name).name != camera.name:
        raise SimulationError(
            f"{camera.name!r} cannot name a phone's folder: give a plain name other than {TARGET!r}"
        )
    if train_patches < 1 or test_patches < 1:
        raise SimulationError("give at least one training and one test patch")
    if max(train_patches, test_patches) > MOST_PATCHES:
        raise SimulationError(f"give at most {MOST_PATCHES:,} patches")
    if seed < 0:
        raise SimulationError(f"seed {seed}: give 0 or more")
    digests, names = _survey(photos)
    if len(names) < 2:
        raise SimulationError(
            f"{len(names)} of {len(digests)} photos have detail: give at least two, because "
            "training and test patches need different photos"
        )
    parameters = {
        "version": VERSION,
        "phone": dataclasses.asdict(camera),
        "dslr": dataclasses.asdict(DSLR),
        "train_patches": train_patches,
        "test_patches": test_patches,
        "seed": seed,
        "test_photos": None if test_photos is None else sorted(test_photos),
        "photos": digests,
    }
    parameters = json.loads(
        json.dumps(parameters)
    )  # in the form in which the file gives the parameters back
    target = Path(output_dir) / camera.name
    if target.exists():
        if _read_parameters(target) == parameters:
            return target
        raise SimulationError(
            f"{target} exists and was not simulated with these parameters: "
            "remove the folder or choose another output folder"
        )
    train_names, test_names = _split(names, seed, test_photos)
    target.parent.mkdir(parents=True, exist_ok=True)
    progress = Bar("simulating", train_patches + test_patches, "patch")
    with new_folder(target) as root, progress:
        for split, chosen, count in (
            (TRAIN, train_names, train_patches),
            (TEST, test_names, test_patches),
        ):
            scenes = ((photos[name], [seed, names.index(name)]) for name in chosen)
            counts = _write_pairs(
                root / PATCHES[split], scenes, len(chosen), camera, count, progress
            )
            if split == TEST:  # where photos are few, training needs all of them
                write_scenes(root / PAIRS_TABLE, split, dict(zip(chosen, counts, strict=True)))
        for folder in (FULL_SIZE, FULL_SIZE_TARGET):
            (root / folder).mkdir()
        for number, name in enumerate(test_names):
            rng = np.random.default_rng([seed, names.index(name), 1])
            pictures = aligned_pair(photos[name], camera, rng, max(camera.sensor_size))
            for folder, picture in zip((FULL_SIZE, FULL_SIZE_TARGET), pictures, strict=True):
                _write(root / folder / f"{number}.jpg", picture)
        text = json.dumps(parameters, indent=1, ensure_ascii=False)
        (root / SIMULATION).write_text(text + "\n", encoding="utf-8")
    return target


def _split(
    names: list[str], seed: int, test_photos: Collection[str] | None
) -> tuple[list[str], list[str]]:
    """Return the names of the photos for training and for testing."""
    order = np.random.default_rng(seed).permutation(len(names))
    drawn = [names[i] for i in order[: max(1, round(HELD_OUT * len(names)))]]
    held_out = set(drawn if test_photos is None else test_photos)
    train, test = ([n for n in names if n not in held_out], [n for n in names if n in held_out])
    if not train or not test:
        raise SimulationError(
            f"test photos {', '.join(sorted(held_out)) or 'none'}: name some and not all of "
            f"{', '.join(names)}"
        )
    return train, test


def _survey(photos: Mapping[str, np.ndarray]) -> tuple[dict[str, str], list[str]]:
    """Return the digest of every photo by name, and the names of the photos with detail."""
    digests, detailed = {}, []
    for name in sorted(photos):
        photo = photos[name]
        check_photo(photo, name)
        digests[name] = hashlib.sha256(repr(photo.shape).encode() + photo.tobytes()).hexdigest()
        rows, columns = (side // PATCH_SIZE for side in photo.shape[:2])
        gray = photo[: rows * PATCH_SIZE, : columns * PATCH_SIZE].mean(axis=-1) / 255
        tiles = gray.reshape(rows, PATCH_SIZE, columns, PATCH_SIZE)
        if tiles.std(axis=(1, 3)).max() >= FLATTEST:
            detailed.append(name)
    return digests, detailed


def _read_parameters(folder: Path) -> dict | None:
    """Read `simulation.json` of an existing data set; None if the file is missing or damaged."""
    try:
        return read_json(folder / SIMULATION)
    except (OSError, ValueError):
        return None


def _write_pairs(
    folder: Path,
    scenes: Iterable[tuple[np.ndarray, list[int]]],
    scene_count: int,
    camera: Camera,
    count: int,
    progress: Bar,
) -> list[int]:
    """Write `count` pairs under folder/{PHONE,canon}, evenly from scenes of (photo, seed).

    Returns:
        The number of pairs of each scene.
    """
    sides = [folder / camera.name, folder / TARGET]
    for side in sides:
        side.mkdir(parents=True)
    written, counts = 0, []
    for index, (photo, seed) in enumerate(scenes):
        # Rounded up. Later photos replace the patches that earlier photos were too flat to give.
        share = -(-(count - written) // (scene_count - index))
        pairs = patch_pairs(photo, camera, np.random.default_rng(seed))
        before = written
        for pair in itertools.islice(pairs, share):
            for side, patch in zip(sides, pair, strict=True):
                _write(side / f"{written}.jpg", patch)
            written += 1
            progress.update()
        counts.append(written - before)
    if written < count:
        raise SimulationError(
            f"only {written} of {count} patches under {folder.name} have detail: "
            "give photos with more detail, or ask for fewer patches"
        )
    return counts


def _write(path: Path, image: np.ndarray) -> None:
    content = iio.imwrite("<bytes>", image, extension=".jpg", quality=100, subsampling=0)
    with naming(path):
        path.write_bytes(content)


@dataclasses.dataclass(frozen=True)
class SimulatePatchesConfig:
    """Options of `python -m simulation.simulate_patches`."""

    phone: str = option(help=f"virtual phone: {', '.join(sorted(PHONES))}")
    output: str = option(help="root of the data set; the command writes OUTPUT/PHONE")
    photos: str | None = option(
        None, help="folder of JPEG and PNG photos; without it: photos that ship with scikit-image"
    )
    train_patches: int = option(1000, help="number of training pairs")
    test_patches: int = option(100, help="number of test pairs; they come from other photos")
    seed: int = option(0, help="seed of all random choices")


def main(config: SimulatePatchesConfig) -> None:
    """Simulate a data set."""
    phone = phone_camera(config.phone)  # an unknown phone is an error before the photos are read
    photos = PhotoFolder(config.photos) if config.photos else shipped_photos()
    folder = simulate_dataset(
        photos, phone, config.output, config.train_patches, config.test_patches, config.seed
    )
    train, test = (plural(n, "pair") for n in (config.train_patches, config.test_patches))
    print(f"{folder}: {train} for training, {test} for testing")


if __name__ == "__main__":
    command_line.run(
        main,
        SimulatePatchesConfig,
        "Simulate a DPED data set: patches of photos by a virtual phone and a virtual DSLR.",
        errors=[DatasetError],
        prog="python -m simulation.simulate_patches",
    )
