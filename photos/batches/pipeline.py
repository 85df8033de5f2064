"""A batch in three overlapping steps, within a budget of memory.

While one photo is in the network, the next photo is read and the last one is written. All photos in
hand together stay within the budget: small photos overlap, large ones go one after another.
"""

import collections
import concurrent.futures
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple, Protocol

from photos import PhotoError
from photos.batches.memory_cost import Cost


class Steps(Protocol):
    """The steps that each job goes through. Each step may raise PhotoError."""

    def cost(self, job: Any, /) -> Cost:
        """Return the memory that a job's photo takes."""
        ...

    def read(self, job: Any, /) -> Any:
        """Return the job's photo; runs in its own thread."""
        ...

    def enhance(self, job: Any, photo: Any, room: int, /) -> Any:
        """Return the enhanced photo; `room` is the bytes that it may take beyond the photo."""
        ...

    def write(self, job: Any, photo: Any, /) -> Any:
        """Write the photo and return the outcome; runs in its own thread."""
        ...


class _Task(NamedTuple):
    """A job whose photo is read or written in a thread."""

    job: Any
    cost: Cost
    future: Future


class _NextJobs:
    """The jobs that are not started yet, and the cost of the first one."""

    def __init__(self, jobs: Iterable[Any], steps: Steps):
        self._jobs, self._steps = collections.deque(jobs), steps

    def __bool__(self) -> bool:
        return bool(self._jobs)

    def cost(self) -> Cost | PhotoError:
        """Return the cost of the first job, or the error that rules it out."""
        try:
            return self._steps.cost(self._jobs[0])
        except PhotoError as error:
            return error

    def take(self) -> Any:
        """Remove and return the first job."""
        return self._jobs.popleft()


def run_batch(
    jobs: Iterable[Any], steps: Steps, budget: int, workers: int
) -> Iterator[tuple[Any, Any]]:
    """Put jobs through three steps.

    If the caller or `enhance` is interrupted, the photos that are being written are finished and
    the rest is dropped.

    Args:
        jobs: Any objects.
        steps: The steps.
        budget: Bytes that all photos in hand may take.
        workers: Threads that read and write while the network runs; 0 for no overlap.

    Yields:
        (job, the outcome of `write` or the PhotoError that stopped the job), about in order.
    """
    waiting = _NextJobs(jobs, steps)
    ahead: collections.deque[_Task] = collections.deque()
    behind: collections.deque[_Task] = collections.deque()
    most_ahead, most_behind = workers - workers // 2, workers // 2
    pool = ThreadPoolExecutor(max(workers, 1))

    def start(cost: Cost) -> None:
        job = waiting.take()
        ahead.append(_Task(job, cost, pool.submit(steps.read, job)))

    try:
        while waiting or ahead:
            if not ahead:
                cost = waiting.cost()
                if isinstance(cost, PhotoError):
                    yield waiting.take(), cost
                    continue
                while behind and cost.read + _writing(behind) > budget:
                    yield _finished(behind.popleft())
                start(cost)
            job, own, reading = ahead.popleft()
            try:
                photo = reading.result()
            except PhotoError as error:
                yield job, error
                continue
            finally:
                del reading  # it keeps the photo
            needed = own.held + own.work
            while behind and needed + _reading(ahead) + _writing(behind) > budget:
                yield _finished(behind.popleft())
            if needed + _reading(ahead) > budget:  # photos that are read take less
                concurrent.futures.wait([task.future for task in ahead])
            while waiting and len(ahead) < most_ahead:
                cost = waiting.cost()
                if isinstance(cost, PhotoError):
                    yield waiting.take(), cost
                    continue
                together = max(cost.read + needed, cost.held + own.write)
                if together + _reading(ahead) + _writing(behind) > budget:
                    break
                if _later([*(task.cost for task in ahead), cost]) > budget:
                    break
                start(cost)
            room = budget - own.held - _reading(ahead) - _writing(behind)
            try:
                photo = steps.enhance(job, photo, max(room, 0))
            except PhotoError as error:
                yield job, error
                del photo
                continue
            while behind and own.write + _reading(ahead) + _writing(behind) > budget:
                yield _finished(behind.popleft())
            if own.write + _reading(ahead) > budget:  # photos that are read take less
                concurrent.futures.wait([task.future for task in ahead])
            behind.append(_Task(job, own, pool.submit(steps.write, job, photo)))
            del photo
            while behind and (len(behind) > most_behind or behind[0].future.done()):
                yield _finished(behind.popleft())
        while behind:
            yield _finished(behind.popleft())
    finally:
        for task in ahead:
            task.future.cancel()
        pool.shutdown()


def _reading(tasks: Iterable[_Task]) -> int:
    """Return the bytes that photos take that are read, or have been read."""
    return sum(task.cost.held if task.future.done() else task.cost.read for task in tasks)


def _writing(tasks: Iterable[_Task]) -> int:
    """Return the bytes that photos take that are written."""
    return sum(task.cost.write for task in tasks)


def _later(costs: list[Cost]) -> int:
    """Return the most bytes that photos will take when they are read, one of them at work."""
    return sum(c.held for c in costs) + max(max(c.work, c.write - c.held) for c in costs)


def _finished(task: _Task) -> tuple[Any, Any]:
    """Wait for a task that writes, and return its job and outcome."""
    try:
        return task.job, task.future.result()
    except PhotoError as error:
        return task.job, error
