"""Enhance photos of any size: `python enhance.py photo.jpg`."""

import dataclasses
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tqdm import tqdm

import commandline
from commandline import option
from inference.engines import KerasEngine, LiteRTEngine, ModelFileError, enhance_image
from photo_files import PHOTO_SUFFIXES, PhotoError, photos_in, read_photo, write_photo

PRETRAINED = Path(__file__).resolve().parent / "models" / "pretrained"
DEFAULT_MODELS = ("iphone_mobile.tflite", "iphone.tflite", "iphone.keras")
MODEL_SUFFIXES = (".tflite", ".keras")


@dataclasses.dataclass(frozen=True)
class EnhanceConfig:
    """What to enhance, with which model, and where to."""

    photos: tuple[str, ...] = option(
        help="photo files, or folders of photos (not searched deeper)",
        positional=True,
        nargs="+",
        metavar="PHOTO_OR_DIR",
    )
    model: str | None = option(
        None, "a .tflite or .keras file, or the name of a model in models/pretrained"
    )
    output: str = option("enhanced", "folder for the results, which keep their photos' names")


def main(config: EnhanceConfig) -> int:
    """Enhance every photo that can be; report each of the others in one line on stderr.

    A result of an earlier run is replaced; a source, or another result of this run, never is.

    Returns:
        0 if all photos were enhanced, otherwise 1.

    Raises:
        ModelFileError: there is no usable model.
        OSError: the output folder cannot be made.
    """
    jobs, failures = plan(config.photos, Path(config.output))
    if jobs:
        engine = load_engine(find_model(config.model))
    for number, (source, target) in enumerate(jobs, 1):
        label = f"{source.name} ({number}/{len(jobs)})" if len(jobs) > 1 else source.name
        try:
            print(enhance_file(engine, source, target, label), flush=True)
        except PhotoError as error:
            failures.append(str(error))
            _complain(error)
    return 1 if failures else 0


def enhance_file(engine, source: Path, target: Path, label: str) -> str:
    """Enhance one photo file.

    Returns:
        One line: the target, its width × height in pixels, the seconds it took.

    Raises:
        PhotoError: the source cannot be read, or the target not written.
        ModelFileError: the network does not run at this size.
    """
    start = time.perf_counter()
    photo = read_photo(source)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tqdm(desc=label, unit="tile", leave=False, disable=None) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        enhanced = enhance_image(engine, photo, progress=progress)
    write_photo(target, enhanced, source)
    height, width = enhanced.shape[:2]
    return f"{target}  {width}×{height}  {time.perf_counter() - start:.1f} s"


def plan(arguments: tuple[str, ...], output: Path) -> tuple[list[tuple[Path, Path]], list[str]]:
    """Pair every source with its target, before any work is done.

    Returns:
        (source, target) pairs, and the reasons why others are left out, already printed.
    """
    failures, sources = [], {}
    for argument in map(Path, arguments):
        try:
            # By resolved path: a photo that is named twice is one photo.
            sources.update((path.resolve(), path) for path in _photos_of(argument))
        except PhotoError as error:
            failures.append(str(error))
    jobs, taken = [], {}
    for resolved, source in sources.items():
        target = output / source.name
        if target.resolve() in sources:
            reason = "would overwrite a source" if target.resolve() != resolved else "is the source"
            failures.append(f"{source}: {target} {reason}; choose another --output")
        elif target in taken:
            failures.append(f"{source}: {target} is the result of {taken[target]} already")
        else:
            taken[target] = source
            jobs.append((source, target))
    for failure in failures:
        _complain(failure)
    return jobs, failures


def _photos_of(path: Path) -> Iterator[Path]:
    """The photo itself, or the photos in a folder by name."""
    if path.is_dir():
        photos = photos_in(path)
        if not photos:
            raise PhotoError(f"{path}: no photos in this folder ({_suffixes()})")
        yield from photos
    elif not path.exists():
        raise PhotoError(f"{path}: no such file or folder")
    elif path.suffix.lower() not in PHOTO_SUFFIXES:
        raise PhotoError(f"{path}: not a photo by its name ({_suffixes()})")
    else:
        yield path


def _suffixes() -> str:
    return "photos end in " + " ".join(sorted(PHOTO_SUFFIXES))


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
    from models import WeightsError, load_generator, normalization_of, receptive_radius

    try:
        model = load_generator(path)
        return KerasEngine(model, norm=normalization_of(model), halo=receptive_radius(model))
    except WeightsError as error:
        raise ModelFileError(str(error)) from error


def _complain(message: object) -> None:
    print(f"enhance.py: {message}", file=sys.stderr)


if __name__ == "__main__":
    commandline.run(main, EnhanceConfig, __doc__, errors=(ModelFileError,))
