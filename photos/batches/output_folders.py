"""The folders in which a batch writes, for one run at a time."""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from common.atomic_files import sweep
from common.folder_lock import FolderInUseError, claimed
from photos.batches.find_jobs import Job


@contextlib.contextmanager
def output_folders(jobs: Iterable[Job], complain: Callable[[object], None]) -> Iterator[None]:
    """Keep other runs out of the folders in which jobs write.

    Two runs in place would enhance each photo twice, so the second one is refused. Runs that write
    to one folder go one after another. What killed runs left half-written is removed.

    Args:
        jobs: The jobs.
        complain: Prints that this run waits.

    Raises:
        FolderInUseError: Another run replaces photos in one of the folders.
        OSError: A folder cannot be made.
    """
    in_place: dict[Path, bool] = {}
    written = set()
    for job in jobs:
        in_place[job.folder] = in_place.get(job.folder, False) or job.in_place
        written |= {job.folder, job.target.parent}
    _allow_files(len(in_place))
    with contextlib.ExitStack() as held:
        for folder in sorted(in_place):
            try:
                held.enter_context(claimed(folder))
            except FolderInUseError:
                if in_place[folder]:
                    raise
                complain(f"{folder}: waiting for another run that writes there")
                held.enter_context(claimed(folder, wait=True))
        for folder in written:
            sweep(folder)
        yield


def _allow_files(count: int) -> None:
    """Allow as many open files as the system permits if there are many folders to lock."""
    if count < 200:
        return
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
