"""Score methods on a phone's held-out test pairs.

    python evaluate.py --phone iphone --methods input,dped,some.keras,some.tflite

writes results.json, results.md and samples.png (each method | target, side by side). A method is
"input" (the photo as it is), the name of a run of this phone (dped, mobile, srcnn, johnson), or a
file: .keras, .tflite, or the prefix of a TF1 checkpoint.
"""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import imageio.v3 as iio
import numpy as np
from tqdm import tqdm

import commandline
from atomic import replacing
from commandline import option
from data.layout import DatasetError, test_pairs
from data.packed import open_pairs, read_patch
from metrics import score
from pictures import contact_sheet
from run_folder import BEST, LAST, RUNS, finished_runs

SAMPLES = 8
COLUMNS = {
    "psnr": "PSNR, dB",
    "psnr_pooled": "pooled PSNR, dB",
    "ssim": "SSIM",
    "ms_ssim": "MS-SSIM",
}


class EvaluationError(ValueError):
    """A method that cannot be scored."""


@dataclasses.dataclass(frozen=True)
class EvaluateConfig:
    """What to score, on which pairs, and where to write it."""

    phone: str = option(help="name of the phone: its folder in the data set")
    data_dir: str = option("dped", "root of the data set")
    methods: str | None = option(
        None, "comma-separated, see above; by default input and every run of this phone"
    )
    external: tuple[str, ...] = option(
        (),
        "pictures made elsewhere, named as the test patches; may be repeated",
        action="append",
        metavar="NAME=DIR",
    )
    out: str | None = option(None, "folder for the results; by default runs/PHONE/evaluation")
    cache_dir: str = option("runs/cache", "folder of packed patches")


def evaluate(config: EvaluateConfig) -> dict[str, dict[str, float]]:
    """Score every method and write the results.

    Returns:
        By method what `metrics.score` returns; in results.json an infinite PSNR is null.

    Raises:
        DatasetError: the pairs are missing or damaged.
        EvaluationError: a method is unknown, named twice, or gives values that are not numbers.
    """
    files = test_pairs(config.data_dir, config.phone)
    methods = _methods(config)
    for name, load in _external(config, files.phone).items():
        if name in methods:
            raise EvaluationError(f"--external {name}: another method has that name")
        methods[name] = load
    if not methods:
        raise EvaluationError("--methods names no method")
    pairs = open_pairs(files, config.cache_dir)
    phone, target = pairs.scaled()

    results, pictures = {}, []
    for name, load in tqdm(methods.items(), "methods", disable=None):
        enhanced = load()(phone)
        if not np.isfinite(enhanced).all():
            raise EvaluationError(f"method {name}: its pictures hold values that are not numbers")
        results[name] = score(enhanced, target)
        pictures.append(enhanced[:SAMPLES])

    folder = Path(config.out or RUNS / config.phone / "evaluation")
    folder.mkdir(parents=True, exist_ok=True)
    table = as_markdown(results)
    finite = {
        name: {key: value if np.isfinite(value) else None for key, value in scores.items()}
        for name, scores in results.items()
    }
    report = {"phone": config.phone, "pairs": len(pairs), "methods": finite}
    before = [] if "input" in results else [phone[:SAMPLES]]
    with replacing(folder / "results.json") as path:
        path.write_text(json.dumps(report, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    with replacing(folder / "results.md") as path:
        text = f"# {config.phone}: {len(pairs)} test pairs\n\n{table}"
        path.write_text(text, encoding="utf-8")
    with replacing(folder / "samples.png") as path:
        iio.imwrite(path, contact_sheet(*before, *pictures, target[:SAMPLES]))
    print(table, end="")
    print(folder / "results.json")
    return results


def as_markdown(results: dict[str, dict[str, float]]) -> str:
    """The results as a Markdown table, one row a method."""
    lines = [
        "| method | " + " | ".join(COLUMNS.values()) + " | pairs |",
        "|---|" + "---|" * (len(COLUMNS) + 1),
    ]
    for name, scores in results.items():
        values = [f"{scores[c]:.4f}" if "ssim" in c else f"{scores[c]:.3f}" for c in COLUMNS]
        identical = f" ({scores['identical']} identical)" if scores["identical"] else ""
        lines.append(f"| {name} | " + " | ".join(values) + f" | {scores['n']}{identical} |")
    return "\n".join(lines) + "\n"


def _methods(config: EvaluateConfig) -> dict[str, Callable]:
    """Loaders by name; each returns a function from `(N, H, W, 3)` to the same shape."""
    runs = finished_runs(config.phone)
    words = ["input", *runs] if config.methods is None else config.methods.split(",")
    methods = {}
    for word in filter(None, map(str.strip, words)):
        path = Path(word)
        if word == "input":
            name, load = word, lambda: lambda images: images
        elif word in runs:
            name, load = word, lambda path=runs[word]: _keras(path)
        elif path.suffix == ".keras":
            # Every run's best is best.keras: the run is what tells them apart.
            named_after_run = {BEST: path.parent.name, LAST: f"{path.parent.name}_last"}
            name = named_after_run.get(path.name, path.stem)
            load = lambda path=path: _keras(path)  # noqa: E731
        elif path.suffix == ".tflite":
            name, load = path.stem, lambda path=path: _tflite(path)
        elif Path(f"{word}.index").exists():
            name, load = path.name, lambda path=path: _checkpoint(path)
        else:
            known = ", ".join(["input", *runs])
            raise EvaluationError(
                f"method {word!r}: not {known}, nor a .keras, .tflite or TF1 checkpoint file; "
                f"`python train.py --phone {config.phone}` makes a run"
            )
        if name in methods:
            raise EvaluationError(f"method {word!r}: {name!r} is named twice")
        if path.suffix in (".keras", ".tflite") and not path.is_file():
            raise EvaluationError(f"method {word!r}: no such file")
        methods[name] = load
    return methods


def _external(config: EvaluateConfig, files: tuple[Path, ...]) -> dict[str, Callable]:
    """Loaders of folders with pictures made elsewhere, one for each test patch."""
    methods = {}
    for word in config.external:
        name, _, folder = word.partition("=")
        if not name or not folder or not Path(folder).is_dir():
            raise EvaluationError(f"--external {word}: expected NAME=DIR with an existing folder")
        found = {path.stem: path for path in Path(folder).iterdir()}
        missing = [path.name for path in files if path.stem not in found]
        if missing:
            raise EvaluationError(f"{folder}: {len(missing)} pictures missing, e.g. {missing[0]}")
        pictures = [found[path.stem] for path in files]
        methods[name] = lambda pictures=pictures: (
            lambda _: np.stack([read_patch(path).astype(np.float32) / 255 for path in pictures])
        )
    return methods


def _keras(path: Path) -> Callable:
    from models import load_generator

    return _predictor(load_generator(path))


def _checkpoint(prefix: Path) -> Callable:
    from models.checkpoints import import_checkpoint

    return _predictor(import_checkpoint(prefix))


def _predictor(model) -> Callable:
    return lambda images: model.predict(images, batch_size=16, verbose=0)


def _tflite(path: Path) -> Callable:
    from inference.engines import LiteRTEngine

    # Whole patches, unclipped as the pooled PSNR wants them: the engine resizes a fixed input.
    engine = LiteRTEngine(path)
    return lambda images: np.concatenate([engine(image[None]) for image in images])


def main(config: EvaluateConfig) -> None:
    """Evaluate as the command line says."""
    evaluate(config)


if __name__ == "__main__":
    user_errors = [
        EvaluationError,
        DatasetError,
        "inference.engines.ModelFileError",
        "models.files.WeightsError",
    ]
    commandline.run(main, EvaluateConfig, __doc__, user_errors)
