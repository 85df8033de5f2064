"""When the loop reads from the device, and what stops it."""

import math

import numpy as np
import pytest

from data.batches import Batches, Part
from data.packed import PatchPairs
from training.backends.workers import Workers
from training.config import TrainConfig, TrainingError, with_recipe
from training.loop import LOG_EVERY, run_loop
from training.progress import Progress


class Scalar:
    """A scalar on a device, which notes when it is read."""

    def __init__(self, value, step, reads):
        self.value, self.step, self.reads = value, step, reads

    def __float__(self):
        self.reads.append((self.step, len(self.step.losses)))
        return self.value


class Step:
    """A step that trains nothing; `losses` are those of the steps that were done."""

    def __init__(self, losses):
        self.planned, self.losses, self.reads = losses, [], []

    def __call__(self, *batch):
        self.losses.append(self.planned[len(self.losses)])
        return {"generator": Scalar(self.losses[-1], self, self.reads)}

    def sync(self):
        pass


@pytest.fixture(autouse=True)
def no_trial(monkeypatch):
    """Leave out the trial of the next step, which `test_broken_training.py` tests."""
    monkeypatch.setattr("training.loop.check_next_step", lambda *_: None)


def run(losses, recipe="mobile"):
    """Run the loop as a worker that is not the chief, so that nothing is validated or saved."""
    sides = np.zeros((2, 5, 6, 6, 3), np.uint8)
    pairs = PatchPairs(*sides)
    options = {"steps": len(losses), "batch_size": 2, "validate_every": 500}
    config = with_recipe(TrainConfig("x", recipe=recipe, **options))
    workers = Workers(index=1)
    step, progress = Step(losses), Progress(pairs=5, fingerprint=0)
    batches = Batches([Part(pairs, 2)])
    make = batches.__getitem__
    status = run_loop(config, None, step, batches, make, pairs, workers, progress)
    return status, step, progress


def test_the_loop_reads_the_scalars_of_many_steps_together():
    status, step, progress = run([float(number) for number in range(2 * LOG_EVERY + 5)])
    assert (status, progress.step) == (0, 2 * LOG_EVERY + 5)
    when = [done for _, done in step.reads]
    expected = [LOG_EVERY] * LOG_EVERY + [2 * LOG_EVERY] * LOG_EVERY + [2 * LOG_EVERY + 5] * 5
    assert when == expected


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_loss_that_is_not_finite_is_named_by_its_own_step(value):
    losses = [1.0] * (3 * LOG_EVERY)
    losses[LOG_EVERY + 2] = value
    with pytest.raises(TrainingError, match=f"step {LOG_EVERY + 3}: the generator loss is"):
        run(losses)


def test_the_last_steps_are_read_too():
    with pytest.raises(TrainingError, match="step 3: the generator loss is nan"):
        run([1.0, 1.0, math.nan])
