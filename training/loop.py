"""The training loop: a batch, a step, the records; at intervals a validation and a checkpoint."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import signal
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from common.long_work import Bar, say
from common.run_folder import BEST, LAST, STATE
from data.batches import Batches
from data.packed import PatchPairs
from training.backends.workers import Workers
from training.config import TrainConfig, TrainingError
from training.interruption import Interruption
from training.next_step import ADVICE, check_next_step
from training.progress import Progress
from training.recording import Recorder
from training.validation import Validation
from training.watch import Watch

if TYPE_CHECKING:  # both load Keras, which takes seconds
    from models.gan import Gan
    from training.backends.step import Step

LOG_EVERY = 10  # steps
EARLY = 20  # seconds after which the first sample picture is drawn


def run_loop(
    config: TrainConfig,
    gan: Gan,
    step: Step,
    batches: Batches,
    make: Callable[[int], tuple[np.ndarray, ...]],
    held_out: PatchPairs,
    workers: Workers,
    progress: Progress,
) -> int:
    """Train from `progress.step` to `config.steps`, or until the score rises no more.

    Args:
        config: The resolved configuration.
        gan: The networks.
        step: The step that trains the networks.
        batches: This worker's share of every batch.
        make: The arrays of a step by its number, see `training.step_batches`.
        held_out: The pairs to validate on.
        workers: All workers of the run. Only the chief validates and writes.
        progress: Where the run stands; the loop moves it on.

    Returns:
        0, or 128 + the number of the signal that ended the run.

    Raises:
        TrainingError: A loss or a validation score is not finite, or the networks are broken.
    """
    writer = RunWriter(config, gan, step, held_out, progress) if workers.chief else None
    reports: list[Mapping] = []  # of the steps since the last log, on the device
    stopping = given_up = False
    bar = writer.bar if writer is not None else contextlib.nullcontext()
    with bar, Interruption() as interruption:
        for batch in batches.between(progress.step, config.steps, make=make):
            reports.append(step(*batch))
            progress.step += 1
            # The question is asked once a step: a later signal waits for the next step.
            stopping = workers.any(interruption.received)
            finished = progress.step == config.steps
            validating = finished or progress.step % config.validate_every == 0
            saving = validating or stopping
            # To read a scalar waits for the device, so the scalars of several steps are read
            # together. Before a checkpoint they are always read, and the next step is tried: a
            # broken network is not saved.
            if saving or progress.step % LOG_EVERY == 0:
                rows = _read(reports, progress.step)
                reports.clear()
                if saving:
                    check_next_step(gan, step, batch, progress.step)
                if writer is not None:
                    writer.log(rows)
                    if validating:
                        writer.validate(rows[progress.step])
                    if saving:
                        writer.save()
            if writer is not None:
                writer.show_progress()
            if validating and config.patience:
                # Only the chief validates, so the chief decides for all workers.
                given_up = workers.any(progress.waited >= config.patience)
            if stopping or given_up:
                break
    stopped = stopping and not given_up and progress.step < config.steps
    if writer is not None:
        writer.close(stopped)
    return 128 + (interruption.received or signal.SIGTERM) if stopped else 0


def _read(reports: list[Mapping], last: int) -> dict[int, dict[str, float]]:
    """Fetch the reports of the steps up to `last` from the device; return them by step.

    Raises:
        TrainingError: A scalar is not finite.
    """
    rows = {}
    for number, report in enumerate(reports, start=last - len(reports) + 1):
        rows[number] = {name: float(value) for name, value in report.items()}
        _check_finite(rows[number], number)
    return rows


class RunWriter:
    """What the chief does beside the steps: it records, validates and saves."""

    def __init__(
        self, config: TrainConfig, gan: Gan, step: Step, held_out: PatchPairs, progress: Progress
    ):
        assert gan.ema is not None, "the loop validates and saves the average of the weights"
        self._config, self._gan, self._step, self._progress = config, gan, step, progress
        self._network = gan.ema
        self._recorder = Recorder(config.folder, progress.step)
        self._validation = Validation(held_out)
        self._watch = Watch(progress.step)
        self.bar = Bar("compiling the first step", config.steps, done=progress.step)
        self._first_step = progress.step + 1
        self._waiting_since = time.monotonic() if progress.step == 0 else math.inf

    def log(self, rows: dict[int, dict[str, float]]) -> None:
        """Record the scalars of steps."""
        for number, scalars in rows.items():
            self._recorder.losses(number, scalars)
            self._watch.step(scalars)

    def validate(self, scalars: dict[str, float]) -> None:
        """Score the average of the weights, record the scores, and save the chosen network.

        Args:
            scalars: Of the latest step, recorded beside the scores.

        Raises:
            TrainingError: The score is not a number: the last update broke the weights.
        """
        from models import save_model

        self.bar.call("validating")
        self._step.sync()
        number = self._progress.step
        scores, sheet = self._validation(self._network)
        if math.isnan(scores["psnr"]):
            _check_finite({"validation": scores["psnr"]}, number)
        self._recorder.validation(number, {**scores, **scalars}, sheet)
        for line in (_validation_line(number, scores), *self._watch.warnings(scores)):
            say(line)
        self._waiting_since = math.inf
        self._progress.waited += 1
        better = scores["psnr"] > self._progress.best_psnr
        if better:
            self._progress.best_psnr, self._progress.waited = scores["psnr"], 0
        if better or self._config.choose == "last":
            save_model(self._network, self._config.folder / BEST)

    def save(self) -> None:
        """Save the latest network, and a checkpoint to resume from."""
        from models import save_model
        from training.training_state import gan_variables, save_state

        self._step.sync()
        save_model(self._network, self._config.folder / LAST)
        progress = dataclasses.asdict(self._progress)
        save_state(self._config.folder / STATE, gan_variables(self._gan), progress)

    def show_progress(self) -> None:
        """Move the bar on; draw a sample picture early where the first validation is far."""
        self.bar.update()
        self.bar.call("training")
        if self._progress.step == self._first_step:
            self.bar.restart_clock()
        if time.monotonic() - self._waiting_since >= EARLY:
            self._waiting_since = math.inf
            self._step.sync()
            sheet = self._validation.sheet(self._network)
            path = self._recorder.sample(self._progress.step, sheet)
            say(f"{path}: input, enhanced and target, {EARLY} seconds into the training")

    def close(self, stopped: bool) -> None:
        """Finish the records, and say where the result is."""
        self._recorder.close()
        path = self._config.folder / BEST
        best = f"best validation PSNR {self._progress.best_psnr:.2f} dB"
        if stopped:
            print(f"stopped at step {self._progress.step}, saved; go on with --resume")
        elif self._config.choose == "last":
            print(f"{path}: the network of the last validation ({best})")
        else:
            print(f"{path}: {best}")


def _validation_line(step: int, scores: dict[str, float]) -> str:
    return (
        f"step {step}: validation {scores['psnr']:.2f} dB, MS-SSIM {scores['ms_ssim']:.4f} "
        f"(input {scores['input_psnr']:.2f} dB, {scores['input_ms_ssim']:.4f})"
    )


def _check_finite(report: dict[str, float], step: int) -> None:
    for name, value in report.items():
        if not math.isfinite(value):
            raise TrainingError(f"step {step}: the {name} loss is {value}; {ADVICE}")
