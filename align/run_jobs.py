"""Many pairs at a time: on the cores of this machine, or on a Dask cluster."""

import contextlib
import importlib.util
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import CancelledError, Executor, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.process import BaseProcess

from align.align_pair import PairJob, align_pair
from align.alignment_error import AlignmentError
from common.atomic_files import discard_open
from common.cores import cores
from common.long_work import Bar
from common.signals import (
    ENDING,
    PATIENCE,
    signals_blocked,
    start_resource_tracker,
    unblock_signals,
)

CONNECT_TIMEOUT = 10  # seconds to reach a scheduler
WORKERS_TIMEOUT = 60  # seconds until a cluster has a worker
MEMORY = "1.5 GB"
CONTINUE = "finished pairs stay: run the same command again"
# One thread a process, because there are as many processes as cores.
SINGLE_THREADED = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def run_jobs(
    jobs: Sequence[PairJob],
    workers: int | None = None,
    dask: str | None = None,
    on_done: Callable[[PairJob, str], None] = lambda job, failure: None,
) -> None:
    """Align all pairs, and show the progress.

    Args:
        jobs: One job for each pair.
        workers: The number of processes; None for one process per core. A cluster decides itself.
        dask: The address of a Dask scheduler, or None for this machine.
        on_done: Called in this process when a job ends, with the job and the reason why the job
            failed ("" for success).

    Raises:
        AlignmentError: A worker died, or the cluster cannot be used.
        OSError: A unit cannot be written.

    Finished units stay after every exception, and after Ctrl-C.
    """
    if not jobs:
        return
    executor = _cluster(dask) if dask else _processes(min(workers or cores(), len(jobs)))
    with executor as pool, Bar("aligning", len(jobs), "pair") as bar:
        futures = {pool.submit(align_pair, job): job for job in jobs}
        for future in as_completed(futures):
            failure = future.result()
            job = futures.pop(future)
            if not job.folder.is_dir() and not failure:
                raise AlignmentError(
                    f"{job.folder.parent}: the results of a worker are missing; "
                    "put the photos and --output on a disk that all workers share"
                )
            on_done(job, failure)
            bar.update()


@contextlib.contextmanager
def _processes(count: int) -> Iterator[Executor]:
    """Yield a pool of new processes, all of which end with the block, even if the block raises."""
    others = set(multiprocessing.active_children())
    context = multiprocessing.get_context("spawn")
    start_resource_tracker()
    pool = ProcessPoolExecutor(count, context, initializer=_start_worker)
    try:
        with _environment(dict.fromkeys(SINGLE_THREADED, "1")):
            with signals_blocked():
                pool.submit(os.getpid)  # the first job starts all processes
            yield pool
        pool.shutdown()
    except BrokenProcessPool:
        raise AlignmentError(
            f"a worker died, perhaps for lack of memory ({MEMORY} each); {CONTINUE}, with fewer "
            "--workers"
        ) from None
    finally:
        _end(set(multiprocessing.active_children()) - others)
        # The thread of the pool has to end before the interpreter does: at its exit, Python would
        # wake the thread through a pipe that the thread may close at that moment.
        pool.shutdown(cancel_futures=True)


def _end(processes: Collection[BaseProcess]) -> None:
    """End processes; one that does not react to SIGTERM in time is killed."""
    for process in processes:
        process.terminate()
    for process in processes:
        process.join(PATIENCE)
        if process.is_alive():
            process.kill()
            process.join()


def _start_worker() -> None:
    """Leave signals to the parent process, and end with the parent even if the parent is killed.

    The parent ends its workers by SIGTERM, after which they remove their temporary folders.
    """
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: leave())
    parent = multiprocessing.parent_process()
    assert parent is not None

    def leave():  # at once: an exception would end the job and not the worker
        discard_open()
        os._exit(1)

    def follow():
        parent.join()
        leave()

    threading.Thread(target=follow, daemon=True).start()
    unblock_signals()


@contextlib.contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """Set environment variables for the processes that the block starts."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextlib.contextmanager
def _cluster(address: str) -> Iterator[Executor]:
    """Yield the executor of a Dask cluster. Jobs that have not started are canceled at the end."""
    try:
        import distributed
        from distributed.comm.addressing import get_address_host_port
    except ImportError:
        raise AlignmentError("--dask needs `pip install -e '.[dask]'`") from None
    try:
        get_address_host_port(address)  # checked first, because a failing client prints a lot
        client = distributed.Client(address, timeout=CONNECT_TIMEOUT, set_as_default=False)
    except (OSError, ValueError) as error:
        raise AlignmentError(f"--dask {address}: no scheduler there ({error})") from error
    try:
        try:
            client.wait_for_workers(1, timeout=WORKERS_TIMEOUT)
        except TimeoutError:
            raise AlignmentError(f"--dask {address}: the scheduler has no workers") from None
        try:
            # A scheduler without the project would end without a message, and leave the client
            # waiting for another scheduler.
            client.run_on_scheduler(importlib.util.find_spec, align_pair.__module__)
            client.run(importlib.util.find_spec, align_pair.__module__)
        except ImportError as error:
            raise AlignmentError(
                f"--dask {address}: {error} there; install this project where the scheduler and "
                "its workers run"
            ) from error
        pool = client.get_executor()
        try:
            yield pool
        except CancelledError:
            raise AlignmentError(f"--dask {address}: the scheduler is gone; {CONTINUE}") from None
        except distributed.KilledWorker:
            raise AlignmentError(
                f"--dask {address}: workers died, perhaps for lack of memory ({MEMORY} for each "
                f"of their threads); {CONTINUE}, with fewer threads"
            ) from None
        finally:
            pool.shutdown(wait=False)
    finally:
        client.close()
