r"""Compare designs of a mobile generator: quality against multiply-adds, after equal training.

    python -m benchmarks.mobile_designs --data_dir $DPED_REFERENCE_DATA/dped \
        --teacher $DPED_REFERENCE_DATA/checkpoints/ppcn_teacher

Every design learns the teacher's results for patches of unpaired iPhone photos, from the same
batches. The 60 real training pairs, which no design has seen, give the scores. The benchmark
prints a Markdown table and writes docs/mobile_designs.png. It keeps finished designs in a file and
does not train them again.
"""

if __name__ == "__main__":  # before the imports that fail without the environment
    from common.environment import check_environment

    check_environment()

import dataclasses
import json
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.mobile_networks import DESIGNS
from common import command_line
from common.atomic_files import replacing
from common.command_line import ESSENTIAL, option
from data.batches import Batches, Part
from data.packed import open_pairs
from data.pair_files import full_size_photos, training_pairs
from data.photo_folder import PhotoFolder

PICTURE = Path(__file__).resolve().parent.parent / "docs" / "mobile_designs.png"


@dataclasses.dataclass(frozen=True)
class DesignsConfig:
    """The designs, the data and the length of the training."""

    data_dir: str = option(help="root of the DPED data set", group=ESSENTIAL)
    teacher: str = option(help="the PPCN teacher's checkpoint", group=ESSENTIAL)
    phone: str = option("iphone", "phone that made the photos and pairs", group=ESSENTIAL)
    designs: str = option(",".join(DESIGNS), "designs to compare, comma-separated", group=ESSENTIAL)
    steps: int = option(1500, "training steps of each design")
    batch_size: int = option(16, "patches a step")
    learning_rate: float = option(2e-3, "initial learning rate; a cosine schedule ends at 0")
    distilled_pairs: int = option(24_000, "patches that the teacher enhances")
    cache_dir: str = option("runs/cache", "folder for patches and the teacher's results")
    results: str = option("runs/mobile_designs.json", "file of finished designs", group=ESSENTIAL)


def main(config: DesignsConfig) -> None:
    """Train and score the designs, print the table and draw the plot."""
    from training.distillation import distilled_pairs

    photos = full_size_photos(config.data_dir, config.phone)
    pairs = distilled_pairs(
        [Path(config.teacher)],
        PhotoFolder(photos[0].parent),
        config.distilled_pairs,
        config.cache_dir,
    )
    held_out = open_pairs(training_pairs(config.data_dir, config.phone), config.cache_dir)
    path = Path(config.results)
    done = json.loads(path.read_text()) if path.exists() else {}
    for name in config.designs.split(","):
        key = f"{name} {config.steps} {config.batch_size}"
        if key not in done:
            done[key] = {"design": name, **_trained(name, config, pairs, held_out)}
            path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(path) as temporary:
                temporary.write_text(json.dumps(done, indent=1))
        print(_row(done[key]), flush=True)
    ending = f" {config.steps} {config.batch_size}"
    _draw([row for key, row in done.items() if key.endswith(ending)], config.steps)


def _trained(name: str, config: DesignsConfig, pairs, held_out) -> dict:
    import keras

    import metrics
    from losses.presets import PRESETS
    from models import multiply_adds
    from models.gan import Gan
    from training.backends.step import make_step

    build = DESIGNS[name]
    keras.utils.set_random_seed(0)
    ema, generator = build(), build()
    ema.set_weights(generator.get_weights())
    rate: Any = keras.optimizers.schedules.CosineDecay(config.learning_rate, config.steps)
    optimizer = keras.optimizers.Adam(rate)
    optimizer.build(generator.trainable_variables)
    gan = Gan(generator, optimizer, PRESETS["distortion"], ema=ema, ema_decay=0.999)
    step = make_step(gan)
    started = time.monotonic()
    batches = Batches([Part(pairs, config.batch_size)])
    for phone, target in batches.between(0, config.steps):
        step(phone, target)
    step.sync()
    phone, target = held_out.scaled()
    found = metrics.score(ema.predict(phone, batch_size=10, verbose=0), target)
    return {
        "multiply_adds": multiply_adds(ema),
        "weights": ema.count_params(),
        "psnr": float(found["psnr"]),
        "ms_ssim": float(found["ms_ssim"]),
        "minutes": (time.monotonic() - started) / 60,
    }


def _row(row: dict) -> str:
    return (
        f"| {row['design']} | {row['multiply_adds'] / 1000:.1f}k | {row['weights'] / 1000:.1f}k "
        f"| {row['psnr']:.2f} | {row['ms_ssim']:.4f} | {row['minutes']:.1f} |"
    )


def _draw(rows: list[dict], steps: int) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(11, 4.4), layout="constrained")
    for axis, name, label in zip(
        axes, ("psnr", "ms_ssim"), ("PSNR per image, dB", "MS-SSIM"), strict=True
    ):
        x = np.array([row["multiply_adds"] for row in rows]) / 1000
        y = np.array([row[name] for row in rows])
        axis.plot(*_front(x, y), color="0.75", zorder=0)
        axis.scatter(x, y, s=22)
        for row, across, up in zip(rows, x, y, strict=True):
            axis.annotate(
                *(row["design"], (across, up)),
                xytext=(4, 3),
                textcoords="offset points",
                fontsize=7,
            )
        axis.set_xscale("log")
        axis.xaxis.set_major_formatter("{x:g}")
        axis.xaxis.set_minor_formatter("{x:g}")
        axis.set_xlabel("thousand multiply-adds a pixel")
        axis.set_ylabel(label)
        axis.spines[["top", "right"]].set_visible(False)
    figure.suptitle(f"60 unseen iPhone pairs after {steps} steps of distillation", fontsize=10)
    with replacing(PICTURE) as path:
        figure.savefig(path, format="png", dpi=110)


def _front(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the points that no other point beats at the same or lower cost."""
    order = np.lexsort((-y, x))
    best = np.maximum.accumulate(y[order])
    chosen = order[y[order] >= best]
    return x[chosen], y[chosen]


if __name__ == "__main__":
    command_line.run(main, DesignsConfig, __doc__, [])
