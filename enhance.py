"""Enhance photos of any size.

    python enhance.py photo.jpg

From Python, `enhance(photo)` returns the pixels.
"""

import sys

if __name__ == "__main__":  # before the imports that fail without the environment
    from common.environment import check_environment

    check_environment()

import dataclasses
import functools
import hashlib
from pathlib import Path

import numpy as np

from common import command_line
from common.command_line import ESSENTIAL, option, print_error
from common.did_you_mean import did_you_mean
from inference.engine import Engine, ModelFileError
from inference.keras_engine import KerasEngine
from inference.litert_engine import LiteRTEngine
from models.list_shipped import list_shipped
from models.shipped import SHIPPED, SUFFIXES, network_of_phone, shipped_file
from photos import Photo, PhotoError, camera_of, camera_of_file, load_photo
from photos.batches.enhance_files import enhance_files
from photos.batches.enhance_photo import enhance_photo
from photos.batches.enhancer import Enhancer
from photos.batches.find_jobs import Job, find_jobs
from photos.batches.options import BatchOptions, OptionError
from photos.batches.output_folders import output_folders
from photos.batches.terminal import one_line
from photos.plain import srgb_pixels

AUTO = "auto"  # the network of the phone that took the photo, or the one for any phone
ONE_CLICK = "one_click"  # enhancement without a network

FILES = "which photos, and where results go"
CONTENT = "what results hold"
RESOURCES = "memory and time"


@dataclasses.dataclass(frozen=True)
class EnhanceConfig:
    """The photos, the model, and the results of one run of the command."""

    photos: tuple[str, ...] = option(
        help="photo files, folders of photos, or quoted patterns such as 'shots/**/*.jpg'",
        positional=True,
        nargs="+",
        metavar="PHOTO_OR_DIR",
    )
    model: str = option(
        AUTO,
        f"{AUTO} (the network of the photo's phone if one ships, otherwise the one for any phone), "
        f"the name of a network ({', '.join(SHIPPED)}), a .tflite or .keras file, or {ONE_CLICK} "
        "(classical enhancement without a network)",
        group=ESSENTIAL,
    )
    output: str = option(
        "enhanced", "folder for the results, which keep their photos' names", group=ESSENTIAL
    )
    strength: float = option(
        1.0, "from 0 (the photo as it is) to 1 (all of the network's change)", group=ESSENTIAL
    )
    list_networks: bool = option(
        False,
        "show the networks that ship, with phones, size, score and terms, and exit",
        flag="list",
        prints=list_shipped,
        group=ESSENTIAL,
    )
    recursive: bool = option(
        False, "search folders in folders too; results keep their subfolders", group=FILES
    )
    in_place: bool = option(
        False, "replace the photos themselves; --output is not used", group=FILES
    )
    drop_extras: bool = option(
        False,
        "with --in_place, also replace photos whose files hold a video, a gain map or more frames",
        group=FILES,
    )
    redo: bool = option(
        False, "process photos again even if an up-to-date result exists", group=FILES
    )
    compare: bool = option(
        False, "also write NAME_compare.jpg, before and after side by side", group=CONTENT
    )
    drop_gps: bool = option(
        False,
        "leave out where the photo was taken, and all XMP, IPTC and text, which may tell",
        group=CONTENT,
    )
    exact: bool = option(
        False,
        "never approximate statistics of the whole photo, however long it takes",
        group=RESOURCES,
    )
    max_memory: float = option(
        1.0, "GB that the photos in hand may take beyond the program itself", group=RESOURCES
    )
    workers: int = option(
        2,
        "threads that read and write photos while the network runs; 0: one step at a time",
        group=RESOURCES,
    )


def main(config: EnhanceConfig) -> int:
    """Enhance every photo that can be enhanced; report each failure in one line on stderr.

    A photo is skipped if an earlier run made its result from the same photo, model and options.
    With `--in_place` a photo is skipped if it is enhanced already, whatever made it. A file that
    enhancement did not write is never replaced, except the photo itself with `--in_place`. Where
    another photo's result has the name, the result has a number.

    Args:
        config: The options.

    Returns:
        0 if all photos are enhanced, otherwise 1.

    Raises:
        ModelFileError: There is no usable model.
        OptionError: A number is out of its range.
        FolderInUseError: Another run replaces photos in the same folder.
        OSError: The output folder cannot be made.
    """
    options = BatchOptions(
        strength=config.strength,
        compare=config.compare,
        gps=not config.drop_gps,
        drop_extras=config.drop_extras,
        redo=config.redo,
        exact=config.exact,
        max_memory=config.max_memory,
        workers=config.workers,
    )
    options.check()
    output = Path(config.output)
    jobs, failures, notes = find_jobs(config.photos, output, config.recursive, config.in_place)
    for note in notes:
        print(f"enhance.py: {one_line(note, sys.stderr)}", file=sys.stderr)
    for failure in failures:
        _complain(failure)
    failed = len(failures)
    if jobs:
        with output_folders(jobs, _complain):
            failed = enhance_files(_by_enhancer(jobs, config.model), options, _complain, failed)
    return 1 if failed else 0


def enhance(
    photo: str | Path | np.ndarray, model: str | Path = AUTO, strength: float = 1.0
) -> np.ndarray:
    """Enhance one photo.

    Args:
        photo: A file, or sRGB pixels, uint8 or uint16 `(H, W, 3)`, which are not changed.
        model: As `--model`. A network stays loaded between calls.
        strength: From 0 (the photo itself) to 1 (all of the network's change).

    Returns:
        sRGB pixels `(H, W, 3)`, upright, of the photo's dtype. Transparency of a file is laid over
        white, and colors of another color space are clipped to sRGB.

    Raises:
        PhotoError: The file cannot be read.
        ModelFileError: There is no such model, or it does not run at this size.
        TypeError: The array is not uint8 or uint16 RGB.
        ValueError: The array has no pixels.
        OptionError: `strength` is out of its range.
    """
    BatchOptions(strength=strength).check()
    if isinstance(photo, np.ndarray):
        if photo.dtype not in (np.uint8, np.uint16) or photo.ndim != 3 or photo.shape[2] != 3:
            raise TypeError(
                f"photo must be uint8 or uint16 (H, W, 3), not {photo.dtype} {photo.shape}"
            )
        if not photo.size:
            raise ValueError("photo has no pixels")
        loaded = Photo(photo.copy())
    else:
        loaded = load_photo(photo)
    name = network_of_phone(*camera_of(loaded.exif)) if str(model) == AUTO else str(model)
    enhance_photo(_cached_engine(name), loaded, strength)
    return srgb_pixels(loaded)


@functools.lru_cache(maxsize=2)
def _cached_engine(model: str) -> Engine:
    return find_enhancer(model).load()


def _by_enhancer(jobs: list[Job], model: str) -> dict[Enhancer, list[Job]]:
    """Sort jobs by what enhances them, in the order of the first job of each."""
    if model != AUTO:
        return {find_enhancer(model): jobs}
    groups: dict[str, list[Job]] = {}
    for job in jobs:
        groups.setdefault(network_of_phone(*camera_of_file(job.source)), []).append(job)
    found = {}
    for name, group in groups.items():
        shown = f"{name} ({SHIPPED[name].label})"
        found[dataclasses.replace(find_enhancer(name), name=shown)] = group
    return found


def find_enhancer(model: str) -> Enhancer:
    """Return what `--model` means, except `AUTO`.

    Args:
        model: A file, the name of a network that ships, or `ONE_CLICK`.

    Raises:
        ModelFileError: There is no such model; the message says which models there are and how to
            get one.
    """
    if model == ONE_CLICK:
        from inference.one_click import TUNED
        from inference.one_click_engine import OneClickEngine

        return Enhancer(f"{ONE_CLICK} {_checksum(str(TUNED).encode())}", OneClickEngine)
    path = find_model(model)
    load = functools.partial(load_engine, path)
    return Enhancer(_checksum(path.read_bytes()), load, network=path.stem)


def _checksum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def find_model(name: str) -> Path:
    """Return the file of a network.

    Args:
        name: A file, or the name of a network that ships.

    Raises:
        ModelFileError: There is no such network; the message says which networks there are.
    """
    path = Path(name) if Path(name).is_file() else shipped_file(name)
    if path is None:
        there = [known for known in SHIPPED if shipped_file(known)]
        how = "pass --model FILE.tflite or FILE.keras, trained with `python train.py --phone NAME`"
        raise ModelFileError(
            f"{name}: no such model; models/pretrained has {', '.join(there) or 'none'}"
            f"{did_you_mean(name, [AUTO, ONE_CLICK, *there]) or f'; {how}'}"
        )
    return path


def load_engine(path: Path) -> Engine:
    """Load a model file; only a `.keras` file takes TensorFlow.

    Args:
        path: A `.tflite` or `.keras` file.

    Raises:
        ModelFileError: The file cannot be used.
    """
    if path.suffix == ".tflite":
        return LiteRTEngine(path)
    if path.suffix != ".keras":
        raise ModelFileError(f"{path}: a model file ends in {' or '.join(SUFFIXES)}")
    from models import WeightsError, load_generator, receptive_radius
    from models.inspect_network import manifest_norm, pixel_multiple
    from models.split_stages import split_stages
    from models.thumbnail_input import thumbnail_size, with_thumbnail_input

    try:
        model = load_generator(path)
        norm, halo, multiple = manifest_norm(model), receptive_radius(model), pixel_multiple(model)
        staged = split_stages(model) if norm == "instance" else None
        if thumbnail_size(model) is not None:
            model = with_thumbnail_input(model)
        return KerasEngine(model, norm, halo, staged, multiple, name=str(path))
    except WeightsError as error:
        raise ModelFileError(str(error)) from error


def _complain(message: object) -> None:
    print_error("enhance.py", one_line(message, sys.stderr))


if __name__ == "__main__":
    command_line.run(main, EnhanceConfig, __doc__, errors=(ModelFileError, OptionError, PhotoError))
