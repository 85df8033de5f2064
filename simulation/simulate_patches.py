"""Data sets of a virtual phone and a virtual DSLR.

The pairs of `simulation.shooting`, in the folders of the DPED data set:

    python -m simulation.simulate_patches --phone blackberry --output dped
"""

import dataclasses
import hashlib
import itertools
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path

import imageio.v3 as iio
import numpy as np
from tqdm import tqdm

from common import command_line
from common.command_line import option
from common.layout import PATCH_SIZE, TARGET
from data.layout import DatasetError
from data.photo_folder import PhotoFolder
from data.shipped_photos import shipped_photos
from simulation.cameras import DSLR, PHONES, Camera, SimulationError, phone_camera
from simulation.shooting import FLATTEST, aligned_pair, check_photo, patch_pairs

VERSION = 2  # of the imaging chain and the patch choice: raise it when the same seed gives others
HELD_OUT = 0.2  # of the photos


def simulate_dataset(
    photos: Mapping[str, np.ndarray],
    phone: str | Camera,
    output_dir: str | Path,
    train_patches: int = 1000,
    test_patches: int = 100,
    seed: int = 0,
) -> Path:
    """Write a DPED data set of aligned 100×100 patches of a virtual phone and DSLR.

    A fifth of the photos, at least one, is held out for the test patches. Each photo gives about
    the same number of patches, from as many shots, each with its own pose, as that takes; patches
    of one shot do not overlap. A patch in which the standard deviation of the DSLR's gray is below
    0.02 is skipped as flat, and a photo that is flat everywhere is left out. Patches are numbered
    photo by photo.

        OUTPUT/PHONE/training_data/{PHONE,canon}/N.jpg      quality 100, 4:4:4
        OUTPUT/PHONE/test_data/patches/{PHONE,canon}/N.jpg
        OUTPUT/PHONE/test_data/full_size_test_images/N.jpg  one phone picture of each held-out photo
        OUTPUT/PHONE/simulation.json                        all that the data set follows from

    The folder appears complete or not at all. If it is there and follows from the same parameters,
    it is kept as it is. The same arguments give the same bytes.

    Args:
        photos: by name, uint8 RGB H×W×3; at least two.
        phone: name of a virtual phone, or its parameters.
        output_dir: the data set's root; created if missing.
        train_patches: number of training pairs.
        test_patches: number of test pairs.
        seed: of all random choices; 0 or more.

    Returns:
        OUTPUT/PHONE.

    Raises:
        SimulationError: unknown phone; a photo is not uint8 H×W×3, or below 128 pixels; fewer than
            two photos, or too few patches, that are not flat; OUTPUT/PHONE holds something else.
    """
    camera = phone_camera(phone)
    if camera.name == TARGET or Path(camera.name).name != camera.name:
        raise SimulationError(f"{camera.name!r} cannot name a phone's folder")
    if train_patches < 1 or test_patches < 1:
        raise SimulationError("give at least one training and one test patch")
    if seed < 0:
        raise SimulationError(f"seed {seed}: give 0 or more")
    digests, names = _survey(photos)
    if len(names) < 2:
        raise SimulationError(
            f"{len(names)} of {len(digests)} photos have detail: at least two are needed, "
            "as test photos are never trained on"
        )
    parameters = {
        "version": VERSION,
        "phone": dataclasses.asdict(camera),
        "dslr": dataclasses.asdict(DSLR),
        "train_patches": train_patches,
        "test_patches": test_patches,
        "seed": seed,
        "photos": digests,
    }
    parameters = json.loads(json.dumps(parameters))  # as reading the file gives them back
    target = Path(output_dir) / camera.name
    if target.exists():
        if _read_parameters(target) == parameters:
            return target
        raise SimulationError(
            f"{target} exists and was not simulated with these parameters: "
            "remove it or choose another output folder"
        )
    order = np.random.default_rng(seed).permutation(len(names))
    held_out = max(1, round(HELD_OUT * len(names)))
    test_names, train_names = (
        [names[i] for i in sorted(part)] for part in (order[:held_out], order[held_out:])
    )

    target.parent.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix=f".{camera.name}-", dir=target.parent) as temporary,
        tqdm(total=train_patches + test_patches, unit="patch", disable=None) as progress,
    ):
        root = Path(temporary) / camera.name
        for folder, chosen, count in (
            (root / "training_data", train_names, train_patches),
            (root / "test_data" / "patches", test_names, test_patches),
        ):
            scenes = ((photos[name], [seed, names.index(name)]) for name in chosen)
            _write_pairs(folder, scenes, len(chosen), camera, count, progress)
        whole = root / "test_data" / "full_size_test_images"
        whole.mkdir()
        for number, name in enumerate(test_names):
            rng = np.random.default_rng([seed, names.index(name), 1])
            picture, _ = aligned_pair(photos[name], camera, rng, max(camera.sensor_size))
            _write(whole / f"{number}.jpg", picture)
        text = json.dumps(parameters, indent=1, ensure_ascii=False)
        (root / "simulation.json").write_text(text + "\n", encoding="utf-8")
        root.rename(target)
    return target


def _survey(photos):
    """Digest of every photo by name, and the names of those with a patch that is not flat."""
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


def _read_parameters(folder):
    """What `simulation.json` of an existing data set says, or None."""
    try:
        return json.loads((folder / "simulation.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _write_pairs(folder, scenes, scene_count, camera, count, progress):
    """Write `count` pairs under folder/{PHONE,canon}, spread evenly over (photo, seed) scenes."""
    sides = [folder / camera.name, folder / TARGET]
    for side in sides:
        side.mkdir(parents=True)
    written = 0
    for index, (photo, seed) in enumerate(scenes):
        # Rounded up, and with what photos before this one were too flat to give.
        share = -(-(count - written) // (scene_count - index))
        pairs = patch_pairs(photo, camera, np.random.default_rng(seed))
        for pair in itertools.islice(pairs, share):
            for side, patch in zip(sides, pair, strict=True):
                _write(side / f"{written}.jpg", patch)
            written += 1
            progress.update()
    if written < count:
        raise SimulationError(
            f"only {written} of {count} patches under {folder.name} are not flat: "
            "give photos with more detail, or ask for fewer patches"
        )


def _write(path, image):
    iio.imwrite(path, image, quality=100, subsampling=0)


@dataclasses.dataclass(frozen=True)
class SimulateConfig:
    """Command line of `python -m simulation.simulate_patches`."""

    phone: str = option(help=f"virtual phone: {', '.join(sorted(PHONES))}")
    output: str = option(help="root of the data set; OUTPUT/PHONE is written")
    photos: str | None = option(None, help="folder of JPEG and PNG photos; none: shipped ones")
    train_patches: int = option(1000, help="training pairs")
    test_patches: int = option(100, help="test pairs, from other photos")
    seed: int = option(0, help="seed of all random choices")


def main(config: SimulateConfig) -> None:
    """Simulate the data set that the command line asks for."""
    phone = phone_camera(config.phone)  # fail before the photos are read
    photos = PhotoFolder(config.photos) if config.photos else shipped_photos()
    folder = simulate_dataset(
        photos, phone, config.output, config.train_patches, config.test_patches, config.seed
    )
    print(f"{folder}: {config.train_patches} training pairs, {config.test_patches} test pairs")


if __name__ == "__main__":
    command_line.run(
        main,
        SimulateConfig,
        "Simulate a DPED data set: a virtual phone and a virtual DSLR looking at photos.",
        errors=[DatasetError],
    )
