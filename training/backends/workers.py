"""The processes that share a run's steps, and what they must agree on."""

import atexit
import contextlib
import dataclasses
import json
import os
import signal
import sys
import threading
import time
import zlib
from collections.abc import Iterator
from typing import Any

from common.backend import import_keras
from common.signals import ENDING
from data.batches import Batches
from training.config import GIVEN, TrainConfig, TrainingError
from training.progress import Progress

# Flags that may differ between the workers of one run: places on their machines.
LOCAL = {"data_dir", "simulated_dir", "run_dir", "cache_dir", "photos", "vgg_weights"}
LOCAL |= {"unpaired_photos", "start_from", "distill", GIVEN}

# Seconds without a step after which a worker gives up. The others wait while the chief validates.
PATIENCE = 900.0


class Workers:
    """All workers of a run, as one worker sees them; by default one worker without a strategy.

    Args:
        kind: The kind of distribution, as --distribute names it.
        index: The number of this worker; 0 is the chief, which alone validates and writes.
        count: The number of workers.
    """

    def __init__(self, kind: str = "none", index: int = 0, count: int = 1):
        self.kind = kind
        self.index = index
        self.count = count
        self.strategy: Any = None
        self._sum: Any = None

    @property
    def chief(self) -> bool:
        """Whether this worker is the one that validates and writes."""
        return self.index == 0

    def share(self, batches: Batches) -> Batches:
        """Return this worker's share of each batch.

        Raises:
            TrainingError: The share is no whole number of pairs.
        """
        self._check_divides(batches.batch_size, self.count, "workers")
        return batches.share(self.index, self.count)

    def start(self) -> None:
        """Create the strategy; with several workers, wait for all of them.

        Raises:
            TrainingError: The cluster could not be formed.
        """
        if self.kind == "none":
            return
        import_keras()  # quietly, before the next module imports TensorFlow
        from training.backends.gan_distributed import ClusterError, make_strategy, summing

        if self.count > 1 and self.chief:
            print(f"waiting for {self.count} workers", flush=True)
        # Python's own handlers run after the wait, which never ends where a worker is missing.
        handlers = {
            number: signal.signal(number, signal.SIG_DFL)
            for number in ENDING
            if signal.getsignal(number) != signal.SIG_IGN
        }
        try:
            self.strategy = make_strategy(self.kind)
        except ClusterError as error:
            raise TrainingError(f"TF_CONFIG: the cluster could not be formed ({error})") from error
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
        self._sum = summing(self.strategy)

    def scope(self):
        """Return the context in which the variables that the replicas share are made."""
        return self.strategy.scope() if self.strategy else contextlib.nullcontext()

    def check_agreement(self, config: TrainConfig, progress: Progress) -> None:
        """Check that all workers have the same facts, so that the numbers are right.

        Raises:
            TrainingError: The workers have different flags, data or checkpoints; or this worker's
                replicas do not divide the batch.
        """
        if self.strategy is None:
            return
        replicas = self.strategy.num_replicas_in_sync
        self._check_divides(config.batch_size, replicas, "replicas")
        flags = {k: v for k, v in dataclasses.asdict(config).items() if k not in LOCAL}
        given = (flags, dataclasses.asdict(progress))
        facts = [replicas, *(zlib.crc32(repr(fact).encode()) for fact in given)]
        if any(self._sum(facts) != [self.count * fact for fact in facts]):
            raise TrainingError(
                "the workers differ in flags, in GPUs, in the number of pairs, or in the "
                "checkpoint they found; all need the same command, data and run folder"
            )

    def any(self, flag) -> bool:
        """Return whether the flag is set on any worker. All workers must call this together."""
        if self.count == 1:
            return bool(flag)
        return bool(self._sum([bool(flag)])[0])

    @contextlib.contextmanager
    def watched(self, progress: Progress) -> Iterator[None]:
        """Raise TrainingError if another worker is lost in the block; all leave it together.

        Args:
            progress: Its `step` is the last step that was done.
        """
        if self.count == 1:
            yield
            return
        import_keras()  # quietly, before the next module imports TensorFlow
        from training.backends.gan_distributed import ClusterError, peer_errors_converted

        failed = True
        try:
            with peer_errors_converted(), _watchdog(progress, PATIENCE):
                yield
                self.any(False)  # wait: the first worker to leave would count as lost
            failed = False
        except ClusterError as error:
            raise TrainingError(_lost(progress)) from error
        finally:
            if failed:
                atexit.register(_leave)

    @staticmethod
    def _check_divides(batch_size: int, parts: int, name: str) -> None:
        if batch_size % parts:
            raise TrainingError(
                f"--batch_size {batch_size} counts the pairs of all machines together and must be "
                f"a multiple of the {parts} {name}"
            )


def _lost(progress: Progress) -> str:
    return (
        f"a worker was lost after step {progress.step}; restarting all workers with "
        "--resume goes on from the last checkpoint"
    )


@contextlib.contextmanager
def _watchdog(progress: Progress, patience: float) -> Iterator[None]:
    """End the process if `progress.step` stands still for `patience` seconds in the block.

    If a worker is stopped but not gone, the others wait for it inside of a step without end.
    """
    done = threading.Event()

    def watch():
        step, since = progress.step, time.monotonic()
        while not done.wait(min(5.0, patience / 4)):
            if progress.step != step:
                step, since = progress.step, time.monotonic()
            elif time.monotonic() - since > patience:
                print(f"error: {_lost(progress)}", file=sys.stderr)
                _leave()

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _leave() -> None:
    """End the process at once.

    TensorFlow's own exit waits for the other workers, and they wait for this one. They notice
    within seconds that a process is gone.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(1)


def workers_of(config: TrainConfig) -> Workers:
    """Return the workers that the configuration and, for several machines, TF_CONFIG name.

    Raises:
        TrainingError: The backend cannot distribute, or TF_CONFIG is missing or wrong.
    """
    if config.distribute == "none":
        return Workers()
    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    if backend != "tensorflow":
        raise TrainingError(
            f"--distribute {config.distribute} needs TensorFlow; unset KERAS_BACKEND={backend}"
        )
    if config.distribute == "mirrored":
        return Workers("mirrored")
    example = '{"cluster": {"worker": ["HOST:PORT", ...]}, "task": {"type": "worker", "index": 0}}'
    text = os.environ.get("TF_CONFIG")
    if not text:
        raise TrainingError(f"--distribute multiworker needs the variable TF_CONFIG: {example}")
    try:
        given = json.loads(text)
        cluster, task = given["cluster"], given["task"]
        tasks = [("chief", n) for n in range(len(cluster.get("chief", ())))]
        tasks += [("worker", n) for n in range(len(cluster.get("worker", ())))]
        addresses = [address for job in cluster.values() for address in job]
        usable = (
            set(cluster) <= {"chief", "worker"}
            and len(cluster.get("chief", ())) <= 1
            and all(isinstance(job, list) for job in cluster.values())
            and all(isinstance(a, str) and a.rpartition(":")[2].isdigit() for a in addresses)
            and len(set(addresses)) == len(addresses)
        )
        index = tasks.index((task["type"], task["index"])) if usable else None
    except (ValueError, KeyError, TypeError, AttributeError):  # no JSON, or JSON of another shape
        index = None
    if index is None:
        raise TrainingError(f"TF_CONFIG is not of the form {example}")
    return Workers("multiworker", index, len(tasks))
