"""Learn one phone's mapping from its photos to those of a DSLR.

    python train.py --phone blackberry

writes runs/blackberry/dped: best.keras and last.keras, sample pictures, curves.png, TensorBoard
scalars. With KERAS_BACKEND=jax in the environment the same runs on JAX, without TensorFlow. With
--distribute several GPUs or machines share every step.
"""

import math
import signal

from tqdm import tqdm

from common import command_line
from common.run_folder import BEST, LAST, STATE
from data.batches import Batches
from data.layout import DatasetError
from data.packed import PatchPairs
from training.backends.workers import Workers, workers_of
from training.config import TrainConfig, TrainingError, resolved, write_config
from training.interruption import Interruption
from training.networks import build
from training.pairs import training_batches
from training.recording import Recorder
from training.validation import Validation
from training.watch import Watch


def train(config: TrainConfig) -> int:
    """Train a generator; see the module for what it leaves.

    Returns:
        0, or 128 + the signal's number when SIGINT or SIGTERM ended it (after saving).

    Raises:
        TrainingError: the folder holds another run, a loss is not finite, or a worker of a
            distributed run is lost.
        DatasetError: the pairs are missing or damaged.
        models.WeightsError: VGG weights or checkpoint are missing or damaged.
    """
    config = resolved(config)
    workers = workers_of(config)
    batches, held_out = training_batches(config)
    share = workers.share(batches)
    progress = {
        "step": 0,
        "best_psnr": -math.inf,
        "pairs": batches.count,
        "fingerprint": batches.fingerprint,
    }
    with workers.watched(progress):
        return _train(config, workers, share, held_out, progress)


def _train(
    config: TrainConfig, workers: Workers, share: Batches, held_out: PatchPairs, progress: dict
) -> int:
    """The part of `train` that all workers of a distributed run go through together."""
    # Imported here: the backend takes seconds, and bad input deserves its answer before.
    from models import save_model
    from training.training_state import restore_state, save_state

    networks = build(config, workers)
    if config.resume:
        saved = restore_state(config.folder / STATE, networks.state)
        _check_goes_on(config, saved, progress)
        progress.update(saved)
    workers.check_agreement(config, progress)
    if workers.chief:
        write_config(config)

    def save():
        networks.publish()
        save_model(networks.published, config.folder / LAST)
        save_state(config.folder / STATE, networks.state, progress)

    chief, stopping = workers.chief, False
    if chief:
        recorder = Recorder(config.folder, progress["step"])
        validate, watch = Validation(held_out), Watch(progress["step"])
    quiet = None if chief else True  # None: shown on a terminal only
    bar = tqdm(total=config.steps, initial=progress["step"], unit="step", disable=quiet)
    with bar, Interruption() as interruption:
        for phone, target in share.between(progress["step"], config.steps):
            report = {name: float(value) for name, value in networks.step(phone, target).items()}
            progress["step"] += 1
            _check_finite(report, progress["step"])
            if chief:
                recorder.losses(progress["step"], report)
                watch.step(report)
            bar.update()
            # Asked once: a later signal waits for the next step.
            stopping = workers.any(interruption.received)
            finished = progress["step"] == config.steps
            if chief and (finished or progress["step"] % config.validate_every == 0):
                networks.publish()
                scores, sheet = validate(networks.published)
                if math.isnan(scores["psnr"]):  # the last update broke the weights: do not save
                    _check_finite({"validation": scores["psnr"]}, progress["step"])
                recorder.validation(progress["step"], {**scores, **report}, sheet)
                for line in (_line(progress["step"], scores), *watch.warnings(scores)):
                    bar.write(line)
                if scores["psnr"] > progress["best_psnr"]:
                    progress["best_psnr"] = scores["psnr"]
                    save_model(networks.published, config.folder / BEST)
                save()
            elif chief and stopping:
                save()
            if stopping:
                break
    stopped = stopping and progress["step"] < config.steps
    if chief:
        recorder.close()
        print(
            f"stopped at step {progress['step']}, saved; go on with --resume"
            if stopped
            else f"{config.folder / BEST}: best validation PSNR {progress['best_psnr']:.2f} dB"
        )
    return 128 + (interruption.received or signal.SIGTERM) if stopped else 0


def _check_goes_on(config: TrainConfig, saved: dict, now: dict) -> None:
    """Refuse to resume what would not be the same run."""
    if saved["pairs"] != now["pairs"]:
        raise TrainingError(
            f"{config.folder}: was trained on {saved['pairs']} pairs, now there are "
            f"{now['pairs']}; start another run with --run_dir"
        )
    if saved.get("fingerprint", now["fingerprint"]) != now["fingerprint"]:
        raise TrainingError(
            f"{config.folder}: was trained on other pairs; start another run with --run_dir"
        )
    if saved["step"] > config.steps:
        raise TrainingError(
            f"{config.folder}: is at step {saved['step']} already, past --steps {config.steps}"
        )


def _line(step: int, scores: dict[str, float]) -> str:
    return (
        f"step {step}: validation {scores['psnr']:.2f} dB, MS-SSIM {scores['ms_ssim']:.4f} "
        f"(input {scores['input_psnr']:.2f} dB, {scores['input_ms_ssim']:.4f})"
    )


def _check_finite(report: dict[str, float], step: int) -> None:
    for name, value in report.items():
        if not math.isfinite(value):
            raise TrainingError(
                f"step {step}: the {name} loss is {value}; the last checkpoint is kept. "
                f"Start again in a new --run_dir with a lower --learning_rate, or check the pairs"
            )


if __name__ == "__main__":
    user_errors = [
        TrainingError,
        DatasetError,
        "simulation.cameras.SimulationError",
        "models.files.WeightsError",
    ]
    command_line.run(train, TrainConfig, __doc__, user_errors)
