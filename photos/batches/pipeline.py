"""A batch in three overlapping steps, within a budget of memory.

While one photo is in the network, the next is being read and the last written. The photos in hand
are limited so that all they take together stays within the budget: small ones overlap, large ones
go one after another.
"""

import collections
import concurrent.futures
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

from photos import PhotoError


class Cost(NamedTuple):
    """Bytes that one photo takes.

    Attributes:
        read: at most while it is read.
        held: between the steps.
        work: at least while it is in the network.
        write: at most while it is written.
    """

    read: int
    held: int
    work: int
    write: int


class Steps(NamedTuple):
    """What a batch does to each job.

    Attributes:
        cost: the job's `Cost`; may raise PhotoError.
        read: job → photo, in a thread of its own; may raise PhotoError.
        enhance: (job, photo, bytes it may take beyond the photo) → photo; may raise PhotoError.
        write: (job, photo) → result, in a thread of its own; may raise PhotoError.
    """

    cost: Callable[[Any], Cost]
    read: Callable[[Any], Any]
    enhance: Callable[[Any, Any, int], Any]
    write: Callable[[Any, Any], Any]


class _Task(NamedTuple):
    job: Any
    cost: Cost
    future: Future


def run_batch(
    jobs: Iterable[Any], steps: Steps, budget: int, workers: int
) -> Iterator[tuple[Any, Any]]:
    """Put jobs through three steps.

    If the caller or `enhance` is interrupted, what is being written is finished, the rest dropped.

    Args:
        jobs: anything.
        steps: what to do.
        budget: bytes that all photos in hand may take.
        workers: threads that read and write beside the network; 0 for no overlap.

    Yields:
        (job, what `write` returned or the PhotoError that stopped it), about in order.
    """
    waiting = collections.deque(jobs)
    ahead: collections.deque[_Task] = collections.deque()
    behind: collections.deque[_Task] = collections.deque()
    most_ahead, most_behind = workers - workers // 2, workers // 2
    pool = ThreadPoolExecutor(max(workers, 1))

    def start() -> _Task:
        return _Task(waiting[0], cost, pool.submit(steps.read, waiting.popleft()))

    try:
        while waiting or ahead:
            if not ahead:
                try:
                    cost = steps.cost(waiting[0])
                except PhotoError as error:
                    yield waiting.popleft(), error
                    continue
                while behind and cost.read + _writing(behind) > budget:
                    yield _finished(behind.popleft())
                ahead.append(start())
            job, own, reading = ahead.popleft()
            try:
                photo = reading.result()
            except PhotoError as error:
                yield job, error
                continue
            finally:
                del reading  # which keeps the photo
            needed = own.held + own.work
            while behind and needed + _reading(ahead) + _writing(behind) > budget:
                yield _finished(behind.popleft())
            if needed + _reading(ahead) > budget:  # once they are read, they fit
                concurrent.futures.wait([task.future for task in ahead])
            while waiting and len(ahead) < most_ahead:
                try:
                    cost = steps.cost(waiting[0])
                except PhotoError as error:
                    yield waiting.popleft(), error
                    continue
                together = max(cost.read + needed, cost.held + own.write)
                if together + _reading(ahead) + _writing(behind) > budget:
                    break
                if _later([*(task.cost for task in ahead), cost]) > budget:
                    break
                ahead.append(start())
            room = budget - own.held - _reading(ahead) - _writing(behind)
            try:
                photo = steps.enhance(job, photo, max(room, 0))
            except PhotoError as error:
                yield job, error
                del photo
                continue
            while behind and own.write + _reading(ahead) + _writing(behind) > budget:
                yield _finished(behind.popleft())
            if own.write + _reading(ahead) > budget:  # likewise
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
    return sum(task.cost.held if task.future.done() else task.cost.read for task in tasks)


def _writing(tasks: Iterable[_Task]) -> int:
    return sum(task.cost.write for task in tasks)


def _later(costs: list[Cost]) -> int:
    """What photos that are read will take at most, while one is in the network or written."""
    return sum(c.held for c in costs) + max(max(c.work, c.write - c.held) for c in costs)


def _finished(task: _Task) -> tuple[Any, Any]:
    try:
        return task.job, task.future.result()
    except PhotoError as error:
        return task.job, error
