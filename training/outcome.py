"""What a training achieved: its best network beside the input, one-click enhancement, the start."""

from __future__ import annotations

from typing import Any

import numpy as np

from common.run_folder import BEST
from data.batches import Batches
from data.packed import PatchPairs
from inference.one_click import enhance_one_click
from metrics import METRICS, paired_difference, psnr
from metrics.intervals import FEW_SCENES
from training.config import TrainConfig

MOST = 600  # pairs to compare on, which take seconds


def few_scenes_line(batches: Batches, held_out: PatchPairs) -> str | None:
    """Return a line that says that the pairs have too few scenes; None if there are enough.

    Args:
        batches: The batches of the training pairs.
        held_out: The validation pairs.
    """
    trained, seen = batches.scene_count, held_out.scene_count
    if trained is None or seen is None or trained + seen >= FEW_SCENES:
        return None
    return (
        f"only {trained + seen} scenes: a training needs {FEW_SCENES} or more. The network may "
        "fail on other scenes, and the scores cannot show it"
    )


def outcome_lines(config: TrainConfig, held_out: PatchPairs) -> list[str]:
    """Compare the best network of a run with what a user has without the run.

    Args:
        config: The resolved configuration of a finished run.
        held_out: The validation pairs, as the run scored them.

    Returns:
        Lines for the user: the PSNR of each, and for each whether the network is better. The
        intervals resample scenes where the pairs know their scenes.
    """
    from models import load_generator
    from models.shipped import shipped_file

    chosen = np.random.default_rng(0).permutation(len(held_out))[:MOST]
    held_out = held_out[np.sort(chosen)]
    phone, target = held_out.scaled()

    def enhanced(path):
        network: Any = load_generator(path)
        return np.clip(network.predict(phone, batch_size=16, verbose=0), 0, 1)

    pictures = {}
    if config.light == "learn":  # otherwise the targets are in the light of the start
        pictures["the phone"] = phone
        one_click = np.stack([enhance_one_click(x) for x in held_out.phone])
        pictures["one_click"] = one_click / np.float32(255)
    if config.start_from is not None:
        path = shipped_file(config.start_from, (".keras",)) or config.start_from
        pictures[config.start_from] = enhanced(path)
    own = psnr(enhanced(config.folder / BEST), target)
    scores = {name: psnr(images, target) for name, images in pictures.items()}
    scenes = held_out.scene_count
    where = f"{len(held_out)} pairs" + (f" of {scenes} scenes" if scenes else "")
    lines = [f"on {where} that the training did not see, your network has {own.mean():.2f} dB:"]
    statistic = METRICS["psnr"].statistic
    for name, score in scores.items():
        compared = paired_difference(own, score, statistic, held_out.scenes)
        lines.append(f"  {_verdict(*compared)} {name} ({score.mean():.2f} dB)")
    return lines


def _verdict(difference: float, low: float, high: float) -> str:
    if np.isnan(low):
        return f"{difference:+.2f} dB, on a single scene, against"
    words = "better than" if low > 0 else "worse than" if high < 0 else "not surely better than"
    return f"{difference:+.2f} dB ({low:+.2f} to {high:+.2f}), {words}"
