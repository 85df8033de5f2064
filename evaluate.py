"""Score methods on the held-out test pairs of a phone.

    python evaluate.py --phone mine
    python evaluate.py --phone iphone --methods input,one_click,dped,some.keras --external x=DIR

Without --methods, the command compares the newest run of the phone with the photo as it is, with
classical enhancement, and with the networks that ship and fit. A method is "input" (the photo as it
is), "one_click" (classical enhancement; "auto" is its older name), the name of a run of this phone
(dped for runs/PHONE/dped), the name of a network that ships (universal), or a file: .keras,
.tflite, or the prefix of a TensorFlow 1 checkpoint. The command writes results.json, results.md,
report.html (one file, for a browser) and samples.png. Methods that an earlier run has scored are
not computed again.
"""

if __name__ == "__main__":  # before the imports that fail without the environment
    from common.environment import check_environment

    check_environment()

import dataclasses
import json
import textwrap
from pathlib import Path

import imageio.v3 as iio
import numpy as np

from common import command_line
from common.atomic_files import replacing, write_whole
from common.command_line import ESSENTIAL, option
from common.contact_sheet import contact_sheet
from common.did_you_mean import did_you_mean
from common.long_work import counted
from common.plural import plural
from common.run_folder import RUNS, finished_runs
from data.packed import PatchPairs, open_pairs
from data.pair_files import DatasetError, full_size_photos, is_made_here, test_pairs
from evaluation.choose_methods import default_methods, users_network
from evaluation.methods import INPUT, EvaluationError, Method, external_method, find_methods
from evaluation.perceptual_distance import PerceptualDistance
from evaluation.published import PHONES
from evaluation.report import Report, write_report
from evaluation.score_method import as_pictures, run_method, score_method
from evaluation.short_table import short_table
from evaluation.summary import as_markdown, summarize
from evaluation.verdict import Verdict, judge
from photos import camera_of_file

SAMPLES = 8
CAMERAS = 5  # whole photos whose EXIF is read for the camera
REPORT = "report.html"


@dataclasses.dataclass(frozen=True)
class EvaluateConfig:
    """The methods and pairs to score, and the folder for the results."""

    phone: str = option(help="name of the phone: its folder in the data set", group=ESSENTIAL)
    data_dir: str = option("dped", "root of the data set", group=ESSENTIAL)
    methods: str | None = option(
        None,
        "comma-separated: input, one_click, names of runs and of networks that ship, files; by "
        "default input, the phone's runs, one_click, and the networks that ship and fit",
        group=ESSENTIAL,
    )
    external: tuple[str, ...] = option(
        (),
        "name and folder of pictures that another program made of the test patches, under the "
        "names of the patches; may be repeated",
        action="append",
        metavar="NAME=DIR",
    )
    reference: str | None = option(
        None, "method that all others are compared with; by default the first"
    )
    light_of: str | None = option(
        None,
        "method whose light the comparison takes: brings the colors of each DSLR patch closest to "
        "the result of this method, so that the scores compare detail alone",
        metavar="METHOD",
    )
    vgg_weights: str | None = option(
        None,
        "also measure the perceptual distance by these VGG-19 weights: imagenet (downloads), or a "
        "file; the distance takes the layers that the file has",
    )
    out: str | None = option(
        None, "folder for the results; by default runs/PHONE/evaluation", group=ESSENTIAL
    )
    cache_dir: str = option("runs/cache", "folder for packed patches and earlier scores")


def evaluate(config: EvaluateConfig) -> dict[str, dict]:
    """Score every method and write the results.

    Returns:
        What `evaluation.summary.summarize` returns.

    Raises:
        DatasetError: the pairs are missing or damaged.
        EvaluationError: a method is unknown or named twice, or its pictures hold NaN.
    """
    files = test_pairs(config.data_dir, config.phone)
    runs = finished_runs(config.phone)
    if config.methods is None:
        photos = full_size_photos(config.data_dir, config.phone)[:CAMERAS]
        words = default_methods(config.phone, runs, map(camera_of_file, photos))
    else:
        words = list(filter(None, map(str.strip, config.methods.split(","))))
    methods = find_methods(words, config.phone, runs)
    users = users_network(methods, runs)
    for word in config.external:
        method = external_method(word, files.phone)
        if method.name in methods:
            raise EvaluationError(f"--external {method.name}: another method has that name")
        methods[method.name] = method
    if not methods:
        raise EvaluationError("--methods names no method")
    reference = config.reference or next(iter(methods))
    if reference not in methods:
        hint = did_you_mean(reference, methods)
        raise EvaluationError(f"--reference {reference}: not among {', '.join(methods)}{hint}")

    pairs = open_pairs(files, config.cache_dir)
    cache = Path(config.cache_dir) / "scores"
    if config.light_of:
        (light,) = find_methods([config.light_of], config.phone, runs).values()
        pairs = _in_light_of(light, pairs)
    perceptual = PerceptualDistance(config.vgg_weights) if config.vgg_weights else None
    results = {
        name: score_method(method, pairs, cache, perceptual)
        for name, method in counted(methods.items(), "scoring", "method")
    }
    found = summarize(results, reference, pairs.scenes)
    verdict = judge(users, results, found, pairs.scenes) if users else None
    folder = Path(config.out or RUNS / config.phone / "evaluation")
    report = Report(
        config.phone,
        reference,
        found,
        {name: result.per_image for name, result in results.items()},
        np.asarray(pairs.phone),
        np.asarray(pairs.target),
        {name: result.pictures for name, result in results.items()},
        pairs.scene_count,
        first=users,
        verdict=verdict.text if verdict else "",
        published=config.phone.lower() in PHONES
        and not is_made_here(config.data_dir, config.phone)
        and not config.light_of,
        light_of=config.light_of,
    )
    _write(folder, report, pairs, verdict, perceptual)
    light = f", in the light of {config.light_of}" if config.light_of else ""
    print(f"{_counted(pairs)} of {config.phone}{light}\n\n{short_table(found)}")
    if verdict:
        print(f"{textwrap.fill(str(verdict), 100)}\n")
    if config.methods is None and not runs:
        print(f"{config.phone} has no run yet: `python train.py --phone {config.phone}` makes one")
    print(f"report: {folder / REPORT}")
    return found


def _in_light_of(method: Method, pairs: PatchPairs) -> PatchPairs:
    """Bring the DSLR's patches into the light of a method's results."""
    from losses.recolor import recolored_photos

    _, enhanced = run_method(method, pairs.scaled()[0])
    targets = recolored_photos(pairs.target, as_pictures(enhanced))
    return PatchPairs(pairs.phone, targets, pairs.scenes)


def _write(
    folder: Path,
    report: Report,
    pairs: PatchPairs,
    verdict: Verdict | None,
    perceptual: PerceptualDistance | None,
) -> None:
    """Write the four files, each whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    phone, reference, found = report.phone, report.reference, report.methods
    facts = {"phone": phone, "pairs": len(pairs), "reference": reference, "methods": found}
    if report.light_of:
        facts["light_of"] = report.light_of
    if pairs.scene_count is not None:
        facts["scenes"] = pairs.scene_count
    if perceptual:
        facts["perceptual_layers"] = list(perceptual.layers)
    if verdict:
        facts["verdict"] = dataclasses.asdict(verdict)
    with replacing(folder / "results.json") as path:
        path.write_text(json.dumps(facts, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    with replacing(folder / "results.md") as path:
        said = str(verdict) if verdict else ""
        parts = [f"# {phone}: {_counted(pairs)}", report.light, said, as_markdown(found, reference)]
        path.write_text("\n\n".join(filter(None, parts)), encoding="utf-8")
    before = [] if INPUT in found else [pairs.phone]
    columns = [*before, *report.pictures.values(), pairs.target]
    sheet = contact_sheet(*(np.asarray(c[:SAMPLES], np.float32) / 255 for c in columns))
    write_whole(folder / "samples.png", iio.imwrite("<bytes>", sheet, extension=".png"))
    write_report(folder / REPORT, report)


def _counted(pairs: PatchPairs) -> str:
    """Return the number of pairs, and of scenes if the dataset names them."""
    text = plural(len(pairs), "test pair")
    if pairs.scene_count is not None:
        text += f" of {plural(pairs.scene_count, 'scene')}"
    return text


def main(config: EvaluateConfig) -> None:
    """Run the command."""
    evaluate(config)


if __name__ == "__main__":
    user_errors = [
        EvaluationError,
        DatasetError,
        "inference.engine.ModelFileError",
        "models.network_files.WeightsError",
    ]
    command_line.run(main, EvaluateConfig, __doc__, user_errors)
