"""How many photos are enough: score against the number of training photos.

    python -m benchmarks.training_photos --data_dir dped --phone mine

The benchmark takes a data set of `python -m align`, whose pairs.csv names the photo of each patch.
It draws training photos at random, and every larger draw contains the smaller ones. It trains
on the patches of each draw with one recipe, scores the same test patches, and prints Markdown.
Finished trainings are kept and interrupted ones go on, so the command can be repeated at any time.
"""

if __name__ == "__main__":  # before the imports that fail without the environment
    from common.environment import check_environment

    check_environment()

import csv
import dataclasses
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np

from common import command_line
from common.command_line import ESSENTIAL, option
from common.layout import PAIRS_TABLE, TARGET, TEST, TRAIN
from common.run_folder import BEST, STATE
from data.pair_files import DatasetError, training_pairs

ROOT = Path(__file__).resolve().parent.parent
COLUMNS = {"psnr": "PSNR, dB", "ssim": "SSIM", "ms_ssim": "MS-SSIM"}
DONE = "done"  # file in the folder of a run that needs no further step
DIGITS = {"psnr": 2, "ssim": 4, "ms_ssim": 4}


class CurveError(RuntimeError):
    """An unsuitable data set, or a training or an evaluation that printed why it failed."""


@dataclasses.dataclass(frozen=True)
class CurveConfig:
    """The data set, the numbers of photos, and the budget of each training."""

    phone: str = option(help="name of the phone: its folder in the data set", group=ESSENTIAL)
    data_dir: str = option("dped", "root of the set that align wrote", group=ESSENTIAL)
    photos: tuple[int, ...] = option(
        (3, 5, 10, 20, 50), "numbers of photos", nargs="+", group=ESSENTIAL
    )
    draws: int = option(1, "how often the photos are drawn; the scores are means over the draws")
    recipe: str = option("quick", "as for train.py")
    steps: int | None = option(None, "training steps; by default the recipe's", group=ESSENTIAL)
    mixed_precision: bool = option(False, "as for train.py")
    also: str | None = option(
        None, "root of another data set of this phone; its test pairs are scored too"
    )
    folder: str = option(
        "runs/training_photos", "folder of the subsets, the runs and results", group=ESSENTIAL
    )
    seed: int = option(0, "of the draws")


def main(config: CurveConfig) -> None:
    """Train the missing networks, score all, print a table for each set of test pairs."""
    source, folder = Path(config.data_dir, config.phone), Path(config.folder)
    patches = patches_by_photo(source)
    if min(config.photos) < 1 or max(config.photos) > len(patches):
        raise CurveError(f"{source} has {len(patches)} training photos: give --photos up to that")
    counts, runs = {}, {}
    for draw in range(config.draws):
        order = np.random.default_rng([config.seed, draw]).permutation(sorted(patches))
        for number in sorted(config.photos):
            name = f"{number}_{draw}"
            chosen = [patch for photo in order[:number] for patch in patches[photo]]
            link_subset(source, folder / "sets" / name / config.phone, chosen)
            runs[number, draw] = folder / name
            counts.setdefault(number, []).append(len(chosen))
            _train(config, name)
    methods = ",".join(["input", *(str(run / BEST) for run in runs.values())])
    for title, root in (("aligned", config.data_dir), ("also", config.also)):
        if root is None:
            continue
        out = folder / f"results_{title}"
        _call(
            *("evaluate.py", "--phone", config.phone, "--data_dir", root, "--out", str(out)),
            *("--cache_dir", str(folder / "cache"), "--methods", methods),
        )
        scores = json.loads((out / "results.json").read_text())["methods"]
        _print_table(root, scores, counts, {key: run.name for key, run in runs.items()})


def patches_by_photo(folder: Path) -> dict[str, list[str]]:
    """Return the file stems of the training patches by their photo.

    Raises:
        CurveError: There is no pairs.csv, or it names no training patch.
    """
    try:
        with (folder / "pairs.csv").open(encoding="utf-8", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row["split"] == "train" and row["patch"]]
    except FileNotFoundError as error:
        raise CurveError(f"{folder} has no pairs.csv: give a set that align wrote") from error
    patches = {}
    for row in rows:
        patches.setdefault(row["photo"], []).append(row["patch"])
    if not patches:
        raise CurveError(f"{folder}: pairs.csv names no training patch")
    return patches


def link_subset(source: Path, target: Path, chosen: list[str]) -> None:
    """Make a data set of links to some training patches of `source` and to all its test data.

    The new set has a pairs.csv of its own, so that the training splits its pairs by photos.
    """
    if target.is_dir():
        shutil.rmtree(target)  # only links: the run of an earlier call keeps its pack
    pairs = training_pairs(source.parent, source.name)
    for side, files in ((source.name, pairs.phone), (TARGET, pairs.target)):
        folder = target / "training_data" / side
        folder.mkdir(parents=True)
        named = {path.stem: path.resolve() for path in files}
        for number, patch in enumerate(chosen):
            (folder / f"{number}{named[patch].suffix}").symlink_to(named[patch])
    (target / "test_data").symlink_to((source / "test_data").resolve())
    with (source / PAIRS_TABLE).open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["patch"]]
    photos = {row["patch"]: row["photo"] for row in rows if row["split"] == TRAIN}
    table = [(photos[patch], TRAIN, number) for number, patch in enumerate(chosen)]
    table += [(row["photo"], TEST, row["patch"]) for row in rows if row["split"] == TEST]
    with (target / PAIRS_TABLE).open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("photo", "split", "patch"), *table])


def _train(config: CurveConfig, name: str) -> None:
    folder = Path(config.folder)
    run = folder / name
    if (run / DONE).exists():
        return
    _call(
        *("train.py", "--phone", config.phone, "--data_dir", str(folder / "sets" / name)),
        *("--run_dir", str(run), "--cache_dir", str(folder / "cache")),
        *("--recipe", config.recipe),
        *(["--steps", str(config.steps)] if config.steps else []),
        *(["--mixed_precision"] if config.mixed_precision else []),
        *(["--resume"] if (run / STATE).exists() else []),
    )
    (run / DONE).touch()


def _print_table(root, scores, counts, names) -> None:
    """Print Markdown: the input, then for each number the mean over the draws and the range."""
    print(f"\nTest pairs of {root}:\n")
    print(f"| photos | patches | {' | '.join(COLUMNS.values())} |")
    print(f"|---|---|{'---|' * len(COLUMNS)}")
    cells = [f"{scores['input'][key]:.{DIGITS[key]}f}" for key in COLUMNS]
    print(f"| input | | {' | '.join(cells)} |")
    for number, patches in counts.items():
        own = [scores[names[number, draw]] for draw in range(len(patches))]
        cells = [_cell([values[key] for values in own], DIGITS[key]) for key in COLUMNS]
        print(f"| {number} | {round(np.mean(patches))} | {' | '.join(cells)} |")


def _cell(values, digits):
    spread = f" ({min(values):.{digits}f} to {max(values):.{digits}f})" if len(values) > 1 else ""
    return f"{np.mean(values):.{digits}f}{spread}"


def _call(script: str, *words: str) -> None:
    print(script, *words, flush=True)
    if subprocess.run([sys.executable, str(ROOT / script), *words]).returncode:
        raise CurveError(f"{script} failed")


if __name__ == "__main__":
    command_line.run(
        main,
        CurveConfig,
        __doc__,
        errors=[CurveError, DatasetError],
        prog="python -m benchmarks.training_photos",
    )
