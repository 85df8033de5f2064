"""The thesis' comparison on one budget: SRCNN, Johnson et al., the method with each preset.

    python benchmarks/comparison.py --data_dir dped --photos FOLDER --vgg_weights FILE

The benchmark trains each method on the real iPhone pairs, on pairs simulated from the photos, and
on both. It also trains on simulated BlackBerry and Sony pairs. It scores all networks on the
held-out pairs of the real iPhone and of the simulated phones, and prints the table. Finished
trainings are kept and interrupted ones go on, so the command can be repeated at any time.
"""

if __name__ == "__main__":  # before the imports that fail without the environment
    from common.environment import check_environment

    check_environment()

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

from common import command_line
from common.command_line import option
from common.run_folder import LAST, STATE
from training.recording import read_curve

ROOT = Path(__file__).resolve().parent.parent
# A quarter of the width and half the discriminator's: two cores train that in minutes. Johnson et
# al. take the layer of their own super-resolution network, relu2_2. `thesis` and `iccv` are the
# losses of these sources in the recipe `stable`, which trains well in so few steps.
METHODS = {
    "srcnn": ("--model", "srcnn"),
    "johnson": ("--model", "johnson", "--channels", "16", "--content_layer", "block2_conv2"),
    "thesis": ("--preset", "thesis", "--channels", "16", "--discriminator_width", "0.5"),
    "iccv": (
        *("--preset", "iccv", "--channels", "16", "--discriminator_width", "0.5"),
        *("--label_smoothing", "0", "--discriminator_learning_rate", "5e-4"),
    ),
    "fidelity": ("--preset", "fidelity", "--channels", "16"),
}
# phone, --dataset, share of the steps
SETS = {
    "real": ("iphone", "dped", 1.0),
    "sim": ("iphone", "simulated", 1.0),
    "both": ("iphone", "both", 1.0),
    "blackberry": ("blackberry", "simulated", 0.5),
    "sony": ("sony", "simulated", 0.5),
}


class ComparisonError(RuntimeError):
    """A training or an evaluation that failed and has printed the reason."""


@dataclasses.dataclass(frozen=True)
class ComparisonConfig:
    """The budget, and the folders."""

    data_dir: str = option("dped", "root of the data set with the real iPhone pairs")
    photos: str | None = option(
        None, "folder of photos to simulate from; by default the photos that ship"
    )
    vgg_weights: str = option("imagenet", "as for train.py; a file may end at --content_layer")
    content_layer: str = option("block3_conv4", "VGG-19 layer of the method's content loss")
    steps: int = option(400, "training steps; half of them on BlackBerry and Sony")
    batch_size: int = option(8, "pairs a step")
    simulated_pairs: int = option(2000, "simulated training pairs of each phone")
    folder: str = option("runs/comparison", "folder of the runs, the simulated pairs and results")


def main(config: ComparisonConfig) -> None:
    """Train the missing networks, score all, print the table."""
    folder = Path(config.folder)
    rows = []
    for name, (phone, dataset, share) in SETS.items():
        steps = round(config.steps * share)
        for method, flags in METHODS.items():
            _train(config, folder / f"{name}_{method}", phone, dataset, steps, flags)
        runs = [str(folder / f"{name}_{method}" / LAST) for method in METHODS]
        data = config.data_dir if phone == "iphone" else str(folder / "simulated")
        out = folder / f"{name}_results"
        _call(
            *("evaluate.py", "--phone", phone, "--data_dir", data, "--out", str(out)),
            *("--cache_dir", str(folder / "cache"), "--methods", ",".join(["input", *runs])),
        )
        scores = json.loads((out / "results.json").read_text())["methods"]
        for method, values in scores.items():
            shown = method.removeprefix(f"{name}_").removesuffix(f"_{Path(LAST).stem}")
            rows.append((name, phone, shown, values))
    print("| trained on | tested on | method | PSNR, dB | pooled, dB | SSIM | MS-SSIM |")
    print("|---|---|---|---|---|---|---|")
    for name, phone, method, values in rows:
        tested = "real iPhone" if phone == "iphone" else f"simulated {phone}"
        print(
            f"| {name} | {tested} | {method} | {values['psnr']:.2f} | {values['psnr_pooled']:.2f} "
            f"| {values['ssim']:.4f} | {values['ms_ssim']:.4f} |"
        )


def _train(config: ComparisonConfig, run: Path, phone: str, dataset: str, steps: int, flags):
    curve = read_curve(run)
    if curve and curve[-1]["step"] >= steps:
        return
    if dataset != "dped":
        flags = (*flags, "--simulated_dir", str(Path(config.folder) / "simulated"))
        flags = (*flags, "--simulated_pairs", str(config.simulated_pairs))
        if config.photos:
            flags = (*flags, "--photos", config.photos)
    if "--content_layer" not in flags:
        flags = (*flags, "--content_layer", config.content_layer)
    _call(
        *("train.py", "--phone", phone, "--dataset", dataset, "--data_dir", config.data_dir),
        *("--run_dir", str(run), "--cache_dir", str(Path(config.folder) / "cache")),
        *("--steps", str(steps), "--batch_size", str(config.batch_size)),
        *("--learning_rate", "2e-3", "--schedule", "cosine", "--validate_every", "100"),
        *("--vgg_weights", config.vgg_weights, "--mixed_precision", *flags),
        *(["--resume"] if (run / STATE).exists() else []),
    )


def _call(script: str, *words: str) -> None:
    print(script, *words, flush=True)
    if subprocess.run([sys.executable, str(ROOT / script), *words]).returncode:
        raise ComparisonError(f"{script} failed")


if __name__ == "__main__":
    command_line.run(main, ComparisonConfig, __doc__, errors=[ComparisonError])
