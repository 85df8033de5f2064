"""Enhance photos of any size: `python enhance.py photo.jpg`, or from Python `enhance(photo)`."""

import os
import signal
import sys

if __name__ == "__main__":  # Ctrl-C while libraries load, when there is nothing to clean up yet
    signal.signal(
        signal.SIGINT, lambda *_: (os.write(2, b"enhance.py: interrupted\n"), os._exit(130))
    )

import dataclasses
import functools
from pathlib import Path

import numpy as np

from common import command_line
from common.command_line import option
from inference.engine import ModelFileError
from inference.keras_engine import KerasEngine
from inference.litert_engine import LiteRTEngine
from photos import Photo, PhotoError, load_photo
from photos.batches.enhance_files import BatchOptions, OptionError, enhance_files
from photos.batches.enhance_photo import enhance_photo
from photos.batches.find_jobs import find_jobs
from photos.batches.terminal import one_line
from photos.plain import srgb_pixels

PRETRAINED = Path(__file__).resolve().parent / "models" / "pretrained"
DEFAULT_MODELS = ("iphone_mobile.tflite", "iphone.tflite", "iphone.keras")
MODEL_SUFFIXES = (".tflite", ".keras")


@dataclasses.dataclass(frozen=True)
class EnhanceConfig:
    """What to enhance, with which model, and where to."""

    photos: tuple[str, ...] = option(
        help="photo files, folders of photos, or quoted patterns such as 'shots/**/*.jpg'",
        positional=True,
        nargs="+",
        metavar="PHOTO_OR_DIR",
    )
    model: str | None = option(
        None, "a .tflite or .keras file, or the name of a model in models/pretrained"
    )
    output: str = option("enhanced", "folder for the results, which keep their photos' names")
    recursive: bool = option(False, "search folders deeper, and mirror them below --output")
    in_place: bool = option(False, "replace the photos themselves; --output is not used")
    strength: float = option(1.0, "from 0 (the photo as it is) to 1 (all of the network's change)")
    compare: bool = option(False, "also write NAME_compare.jpg, before and after side by side")
    drop_gps: bool = option(False, "leave out where the photo was taken, and XMP, which may tell")
    redo: bool = option(False, "also what is done: made by this model from the photo as it is")
    exact: bool = option(
        False,
        "never approximate statistics of the whole photo, however long it takes",
    )
    max_memory: float = option(1.0, "GB that the photos in hand may take beyond the program itself")
    workers: int = option(2, "threads that read and write while the network runs; 0: in turns")


def main(config: EnhanceConfig) -> int:
    """Enhance every photo that can be; report each of the others in one line on stderr.

    What an earlier run did is not done again, if photo, model and options are the same. A result
    of others is replaced; a source, or another result of this run, never is.

    Returns:
        0 if all photos are enhanced, otherwise 1.

    Raises:
        ModelFileError: there is no usable model.
        OptionError: a number is out of its range.
        OSError: the output folder cannot be made.
    """
    options = BatchOptions(
        strength=config.strength,
        compare=config.compare,
        gps=not config.drop_gps,
        redo=config.redo,
        exact=config.exact,
        max_memory=config.max_memory,
        workers=config.workers,
    )
    options.check()
    output = Path(config.output)
    jobs, failures = find_jobs(config.photos, output, config.recursive, config.in_place)
    for failure in failures:
        _complain(failure)
    if jobs:
        model = find_model(config.model)
        failed = enhance_files(jobs, model, load_engine, options, _complain)
        return 1 if failures or failed else 0
    return 1 if failures else 0


def enhance(
    photo: str | Path | np.ndarray, model: str | Path | None = None, strength: float = 1.0
) -> np.ndarray:
    """Enhance one photo.

    Args:
        photo: a file; or sRGB pixels, uint8 or uint16 `(H, W, 3)`, which are not changed.
        model: as `--model`; it stays loaded between calls.
        strength: 0 (the photo itself) to 1 (all of the network's change).

    Returns:
        sRGB pixels `(H, W, 3)`, upright, of the photo's dtype; of a file, transparency is laid over
        white, and a colour space other than sRGB clipped to it.

    Raises:
        PhotoError: the file cannot be read.
        ModelFileError: there is no such model, or it does not run at this size.
        TypeError: the array is not one.
        OptionError: `strength` is out of its range.
    """
    BatchOptions(strength=strength).check()
    if isinstance(photo, np.ndarray):
        if photo.dtype not in (np.uint8, np.uint16) or photo.ndim != 3 or photo.shape[2] != 3:
            raise TypeError(
                f"photo must be uint8 or uint16 (H, W, 3), not {photo.dtype} {photo.shape}"
            )
        loaded = Photo(photo.copy())
    else:
        loaded = load_photo(photo)
    enhance_photo(
        _cached_engine(find_model(None if model is None else str(model))), loaded, strength
    )
    return srgb_pixels(loaded)


@functools.lru_cache(maxsize=2)
def _cached_engine(path: Path):
    return load_engine(path)


def find_model(name: str | None) -> Path:
    """The model file that `--model` means.

    Args:
        name: a file, the name of a model in `PRETRAINED`, or None for the first of
            `DEFAULT_MODELS` that is there.

    Raises:
        ModelFileError: there is none, with what there is and how to get one.
    """
    if name is None:
        candidates = [PRETRAINED / file for file in DEFAULT_MODELS]
    elif Path(name).exists():
        candidates = [Path(name)]
    else:
        candidates = [PRETRAINED / f"{name}{suffix}" for suffix in MODEL_SUFFIXES]
    for path in candidates:
        if path.is_file():
            return path
    advice = "pass --model FILE.tflite or FILE.keras, trained with `python train.py --phone NAME`"
    if name is None:
        raise ModelFileError(f"no pretrained model in models/pretrained yet: {advice}")
    files = PRETRAINED.glob("*.*") if PRETRAINED.is_dir() else []
    there = sorted({path.stem for path in files if path.suffix in MODEL_SUFFIXES})
    known = f"models/pretrained has {', '.join(there) or 'none'}"
    raise ModelFileError(f"{name}: no such model; {known}; {advice}")


def load_engine(path: Path):
    """An engine for a model file; only a `.keras` file takes TensorFlow.

    Raises:
        ModelFileError: the file cannot be used.
    """
    if path.suffix == ".tflite":
        return LiteRTEngine(path)
    if path.suffix != ".keras":
        raise ModelFileError(f"{path}: a model file ends in {' or '.join(MODEL_SUFFIXES)}")
    from models import WeightsError, load_generator, receptive_radius
    from models.inspect_network import manifest_norm, pixel_multiple
    from models.split_stages import split_stages
    from models.thumbnail_input import thumbnail_size, with_thumbnail_input

    try:
        model = load_generator(path)
        norm, halo, multiple = (
            manifest_norm(model),
            receptive_radius(model),
            pixel_multiple(model),
        )
        staged = split_stages(model) if norm == "instance" else None
        multiple = pixel_multiple(model)
        if thumbnail_size(model) is not None:
            model = with_thumbnail_input(model)
        return KerasEngine(model, norm, halo, staged, multiple)
    except WeightsError as error:
        raise ModelFileError(str(error)) from error


def _script(config: EnhanceConfig) -> int:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    return main(config)


def _complain(message: object) -> None:
    print(f"enhance.py: {one_line(message, sys.stderr)}", file=sys.stderr)


if __name__ == "__main__":
    command_line.run(
        _script, EnhanceConfig, __doc__, errors=(ModelFileError, OptionError, PhotoError)
    )
