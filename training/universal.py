"""Train the network for any phone on clean photos with virtual faults.

    python -m training.universal --photos photos-free --steps 40000 --run_dir runs/universal

`data/free_photos.py` makes the folder of photos. The light part of the network learns first, on
thumbnails alone, which is cheap. The detail part then learns on patches, in the light that the
light part decides. Worker processes make the samples; training draws from the latest batches.
`--resume` continues an interrupted run, or extends a finished one.

A run writes `last.keras` (the average of the weights), `state.npz`, `log.csv` and `config.json`.
"""

if __name__ == "__main__":  # before the imports that fail without the environment
    from common.environment import check_environment

    check_environment()

import collections
import dataclasses
import io
import math
import multiprocessing
import os
import queue
import signal
import time
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from common import command_line
from common.atomic_files import naming, write_whole
from common.backend import import_keras
from common.command_line import ESSENTIAL, given_options, option
from common.finite_weights import are_finite
from common.folder_lock import claimed
from common.numbers import LARGEST
from common.run_folder import LAST, STATE
from common.signals import ENDING, signals_blocked, start_resource_tracker, unblock_signals
from training.config import TrainingError, read_config, take_up, write_config

LOG = "log.csv"
KEPT = 200  # number of the latest batches from which training draws
FIRST = 20  # batches that must be ready before training starts to draw
PATIENCE = 300  # seconds to wait for a batch
LOOK = 2.0  # seconds between two checks that the worker processes live
MOST_RATE = 1e30  # of learning; larger numbers do not fit float32
SMALLEST, LARGEST_PATCH, MULTIPLE = 16, 4096, 4  # pixels of a patch
# What a resumed run may change: places of files, lengths, and how the samples are made.
MOVABLE = {"resume", "run_dir", "photos", "start_from", "light_from", "steps", "light_steps"}
MOVABLE |= {"workers", "save_every"}


@dataclasses.dataclass(frozen=True)
class UniversalConfig:
    """Options of the training of the network for any phone."""

    photos: tuple[str, ...] = option((), "folders of clean photos", nargs="+", group=ESSENTIAL)
    run_dir: str = option("runs/universal", "folder of the run", group=ESSENTIAL)
    steps: int = option(20000, "training steps of the detail part, on patches", group=ESSENTIAL)
    light_steps: int = option(
        20000, "training steps of the light part, on thumbnails", group=ESSENTIAL
    )
    batch_size: int = option(16, "patches in a step of the detail part")
    light_batch: int = option(64, "thumbnails in a step of the light part")
    patch: int = option(96, "side of a patch, pixels")
    learning_rate: float = option(
        1e-3, "learning rate at the start of each part; it falls along a cosine"
    )
    start_from: str | None = option(
        None, "a .keras file of this network whose weights to start from", group=ESSENTIAL
    )
    light_from: str | None = option(
        None,
        "a .keras file of a network for any phone, also of an earlier design, whose light "
        "part to start from",
    )
    workers: int = option(1, "processes that make samples; with 0, the trainer itself makes them")
    save_every: float = option(120.0, "seconds between checkpoints")
    seed: int = option(0, "seed of the weights, the samples and the faults")
    resume: bool = option(False, "continue the run in --run_dir", group=ESSENTIAL)
    given: frozenset[str] = given_options()

    def __post_init__(self):
        for name in ("batch_size", "light_batch"):
            if getattr(self, name) < 1:
                raise TrainingError(f"--{name} must be at least 1")
        for name in ("steps", "light_steps", "workers", "save_every"):
            if getattr(self, name) < 0:
                raise TrainingError(f"--{name} must be at least 0")
        if not 0 < self.learning_rate <= MOST_RATE:
            raise TrainingError(f"--learning_rate must be above 0 and at most {MOST_RATE:g}")
        if not SMALLEST <= self.patch <= LARGEST_PATCH or self.patch % MULTIPLE:
            raise TrainingError(
                f"--patch must be a multiple of {MULTIPLE} from {SMALLEST} to {LARGEST_PATCH}"
            )
        if not 0 <= self.seed <= LARGEST:
            raise TrainingError(f"--seed must be from 0 to {LARGEST}")


def main(config: UniversalConfig) -> None:
    """Train both parts of the network."""
    from training.photo_crops import training_files

    folder = Path(config.run_dir)
    with claimed(folder):
        if config.resume and not (folder / STATE).exists():
            raise TrainingError(f"{folder}: holds no run to continue; leave --resume out")
        if not config.resume and (folder / STATE).exists():
            raise TrainingError(f"{folder}: holds a run; give --resume or another --run_dir")
        if config.resume:
            earlier = read_config(folder, UniversalConfig)
            config = take_up(config, earlier, MOVABLE, folder)
        if not config.photos:
            raise TrainingError(
                "no photos to train on; give --photos FOLDER (data/free_photos.py makes one)"
            )
        # An error of the worker processes would come late.
        run = Run(config, folder, fingerprint(training_files(config.photos, "train")))
        write_config(folder, config)
        run.train("light", config.light_steps)
        run.train("detail", config.steps)


class Run:
    """A training run: the network, the state of its optimizer, and the files in the run's folder.

    Args:
        config: The options.
        folder: The folder of the run.
        photos: The checksum of the names and sizes of the photos.

    Raises:
        TrainingError: The state of the run to continue is damaged, or belongs to other photos.
        WeightsError: A network to start from has another design.
    """

    def __init__(self, config: UniversalConfig, folder: Path, photos: int):
        keras = import_keras()
        from models.network_files import WeightsError, load_generator
        from models.thumbnail_input import with_thumbnail_input
        from models.universal import (
            FIXED,
            build_universal,
            light_model,
            light_variables,
            take_light,
        )

        keras.utils.set_random_seed(config.seed)
        self.config, self.folder, self.photos = config, folder, photos
        self.model = load_generator(config.start_from) if config.start_from else build_universal()
        if config.light_from:
            take_light(self.model, load_generator(config.light_from))
        names = {layer.name for layer in self.model.layers}
        if not names.issuperset(FIXED):
            raise WeightsError(f"{config.start_from}: not a network for any phone")
        for name in FIXED:
            self.model.get_layer(name).trainable = False
        light = {v.path for v in light_variables(self.model)}
        self.variables = self.model.trainable_variables
        self.parts = {
            "light": [i for i, v in enumerate(self.variables) if v.path in light],
            "detail": [i for i, v in enumerate(self.variables) if v.path not in light],
        }
        self.light = light_model(self.model)
        self.network = with_thumbnail_input(self.model)
        zeros = [np.zeros(v.shape, np.float32) for v in self.variables]
        self.state = {
            "first": zeros,
            "second": [z.copy() for z in zeros],
            "average": [v.numpy() for v in self.variables],
        }
        self.done = {"light": 0, "detail": 0}
        if config.resume:
            self._restore()

    def train(self, part: str, steps: int) -> None:
        """Train one part, "light" or "detail", until the part has made `steps` steps."""
        if self.done[part] >= steps:
            return
        import tensorflow

        from training.universal_step import LIGHT_DECAY, detail_losses, light_losses, make_step

        if part == "detail" and self.done[part] == 0:  # keep the averaged light from here on
            for index in self.parts["light"]:
                self.variables[index].assign(self.state["average"][index])
        tf: Any = tensorflow  # TensorFlow has no types for the names below
        indices = self.parts[part]
        variables = [self.variables[i].value for i in indices]
        state = {k: [tf.Variable(v[i]) for i in indices] for k, v in self.state.items()}
        losses = {
            "light": lambda: light_losses(self.light),
            "detail": lambda: detail_losses(self.light, self.network),
        }[part]()
        step = make_step(losses, variables, state, LIGHT_DECAY if part == "light" else 0.0)
        samples = Samples(self.config, part, self.done[part])
        saved = logged = time.time()
        start, started, totals = self.done[part], time.time(), []
        try:
            for number in range(start, steps):
                rate = learning_rate(number, steps, self.config.learning_rate)
                batch = [tf.constant(x) for x in samples.next()]
                totals.append(step(*batch, tf.constant(rate), tf.constant(number + 1.0)))
                self.done[part] = number + 1
                now = time.time()
                if now - logged > 15 or number + 1 == steps:
                    # Reading results waits for the device, so it happens at the interval only.
                    means = np.mean([t.numpy() for t in totals], axis=0)
                    speed = (number + 1 - start) / (now - started)
                    self._log(part, number + 1, steps, means, speed)
                    logged, totals = now, []
                if now - saved > self.config.save_every or number + 1 == steps:
                    for kind, values in state.items():
                        for index, value in zip(indices, values, strict=True):
                            self.state[kind][index] = value.numpy()
                    self.save()
                    saved = now
        finally:
            samples.close()

    def save(self) -> None:
        """Write the state, and the network with its averaged weights.

        Raises:
            TrainingError: A weight is not finite; the last checkpoint is kept.
        """
        from models.network_files import save_model

        weights = [variable.numpy() for variable in self.variables]
        if not are_finite([*weights, *self.state["average"]]):
            raise TrainingError(
                f"{self.folder}: training broke the network, and the last checkpoint is kept; "
                "start again in a new --run_dir with a lower --learning_rate"
            )
        arrays: dict[str, Any] = {f"weight_{i}": v for i, v in enumerate(weights)}
        for kind, values in self.state.items():
            arrays |= {f"{kind}_{i}": value for i, value in enumerate(values)}
        arrays |= {f"done_{part}": steps for part, steps in self.done.items()}
        arrays["photos"] = self.photos
        content = io.BytesIO()
        np.savez(content, **arrays)
        write_whole(self.folder / STATE, content.getvalue())
        for variable, value in zip(self.variables, self.state["average"], strict=True):
            variable.assign(value)
        save_model(self.model, self.folder / LAST)
        for variable, value in zip(self.variables, weights, strict=True):
            variable.assign(value)

    def _restore(self) -> None:
        """Read the state that `save` wrote."""
        path, shapes = self.folder / STATE, [tuple(v.shape) for v in self.variables]
        try:
            with np.load(path) as arrays:
                found = {
                    kind: [arrays[f"{kind}_{index}"] for index in range(len(shapes))]
                    for kind in ("weight", *self.state)
                }
                self.done = {part: int(arrays[f"done_{part}"]) for part in self.done}
                photos = int(arrays["photos"])
            if any([array.shape for array in values] != shapes for values in found.values()):
                raise ValueError("the state of another network")
        except Exception as error:  # a damaged archive raises almost anything
            raise TrainingError(
                f"{path}: damaged or of another version; start again in a new --run_dir"
            ) from error
        if photos != self.photos:
            raise TrainingError(f"{self.folder}: was trained with other photos than --photos has")
        for variable, value in zip(self.variables, found.pop("weight"), strict=True):
            variable.assign(value)
        self.state = found

    def _log(self, part: str, step: int, steps: int, means: np.ndarray, speed: float) -> None:
        """Print the means since the last line, and write them to the log."""
        names = ("loss", "error", "error_before", "worse")
        values = dict(zip(names, means.tolist(), strict=True))
        path = self.folder / LOG
        with naming(path), path.open("a") as file:
            if not file.tell():
                file.write("part,step," + ",".join(names) + "\n")
            file.write(f"{part},{step}," + ",".join(f"{v:.5f}" for v in values.values()) + "\n")
        left = (steps - step) / max(speed, 1e-6)
        shown = "  ".join(f"{k} {v:.4f}" for k, v in values.items())
        print(f"{part} {step}/{steps}  {shown}  {speed:.1f}/s  {left / 60:.0f} min", flush=True)


def fingerprint(files: Sequence[Path]) -> int:
    """Return a checksum of the names and sizes of files."""
    facts = [(path.name, path.stat().st_size) for path in files]
    return zlib.crc32(repr(facts).encode())


def learning_rate(step: int, steps: int, largest: float) -> float:
    """Return the learning rate: a rise over 500 steps, then half a cosine down to 1 %."""
    fall = 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * step / steps))
    return float(np.float32(largest * fall * min((step + 1) / 500, 1)))


class Samples:
    """Batches of samples that worker processes make ahead of the training.

    Args:
        config: The options.
        part: The part to train, "light" or "detail".
        step: The step at which the training starts; other steps give other samples.
    """

    def __init__(self, config: UniversalConfig, part: str, step: int):
        self._config, self._part = config, part
        self._seed = (config.seed, step, 0 if part == "light" else 1)
        self._kept: collections.deque = collections.deque(maxlen=KEPT)
        self._rng = np.random.default_rng((*self._seed, 99))
        self._processes = []
        if config.workers:
            context = multiprocessing.get_context("spawn")
            start_resource_tracker()
            self._queue = context.Queue(8)
            for worker in range(config.workers):
                arguments = (config, part, (*self._seed, worker), self._queue, os.getpid())
                self._processes.append(context.Process(target=_work, args=arguments, daemon=True))
                with signals_blocked():
                    self._processes[-1].start()
        else:
            self._made = sample_batches(config, part, (*self._seed, 0))

    def next(self) -> tuple[np.ndarray, ...]:
        """Return one of the latest batches, and take in at most one new batch that is ready."""
        if not self._processes:
            return next(self._made)
        end = time.monotonic() + PATIENCE
        while True:
            try:
                batch = self._queue.get(block=len(self._kept) < FIRST, timeout=LOOK)
            except queue.Empty:
                living = all(process.is_alive() for process in self._processes)
                if len(self._kept) >= FIRST or not living or time.monotonic() > end:
                    break
                continue
            self._kept.append(batch)
            if len(self._kept) >= FIRST:
                break
        if not self._kept:
            raise TrainingError("the worker processes make no batches; give --workers 0 to see why")
        return self._kept[self._rng.integers(len(self._kept))]

    def close(self) -> None:
        """End the worker processes."""
        for process in self._processes:
            process.terminate()
            process.join()


def sample_batches(
    config: UniversalConfig, part: str, seed: tuple[int, ...]
) -> Iterator[tuple[np.ndarray, ...]]:
    """Yield batches without end: thumbnails for the light part, patches for the detail part."""
    import cv2

    from training.photo_crops import PhotoCrops

    cv2.setNumThreads(1)
    crops = PhotoCrops(config.photos, "train", patch=config.patch)
    rng = np.random.default_rng(seed)
    while True:
        if part == "light":
            samples = [crops.thumbnail_pair(rng) for _ in range(config.light_batch)]
        else:
            samples = [crops.sample(rng) for _ in range(config.batch_size)]
        yield tuple(np.stack(values) for values in zip(*samples, strict=True))


def _work(config: UniversalConfig, part: str, seed: tuple[int, ...], output, parent: int) -> None:
    """Fill the queue `output` with batches as long as the process `parent` lives."""
    for number in ENDING:  # signals are for the trainer, which ends its processes by SIGTERM
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    unblock_signals()
    # At its end, a process waits until all its batches are read. Nobody reads them any more when
    # the trainer is gone.
    output.cancel_join_thread()
    for batch in sample_batches(config, part, seed):
        while True:
            if os.getppid() != parent:
                return
            try:
                output.put(batch, timeout=5)
                break
            except queue.Full:
                continue


if __name__ == "__main__":
    errors = [
        TrainingError,
        "training.photo_crops.NoPhotosError",
        "models.network_files.WeightsError",
    ]
    command_line.run(main, UniversalConfig, __doc__, errors)
