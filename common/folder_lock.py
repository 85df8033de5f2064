"""Folders that one process has for itself."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path


class FolderInUseError(OSError):
    """A folder in which another process works; the message is one line."""


@contextlib.contextmanager
def locked(folder: str | Path, wait: bool = False) -> Iterator[None]:
    """Lock a folder against other processes that lock it too.

    The lock leaves no file, and it ends with the process, even if the process is killed. Where the
    system or the disk knows no locks, there is no lock.

    Args:
        folder: An existing folder. One process locks a folder once at a time.
        wait: Whether to wait until the folder is free.

    Raises:
        FolderInUseError: Another process works in the folder, and `wait` is false.
    """
    handle = _lock(folder, wait)
    try:
        yield
    finally:
        if handle is not None:
            os.close(handle)


@contextlib.contextmanager
def claimed(folder: str | Path, wait: bool = False) -> Iterator[None]:
    """Make a folder for this process alone, and remove at the end what is empty of it.

    Args:
        folder: The folder. Missing parents are made.
        wait: Whether to wait until the folder is free.

    Raises:
        FolderInUseError: Another process works in the folder, and `wait` is false.
        OSError: The folder cannot be made.
    """
    folder = Path(folder)
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with locked(folder, wait):
            yield
    finally:
        for path in made:
            with contextlib.suppress(OSError):
                path.rmdir()


def _lock(folder: str | Path, wait: bool) -> int | None:
    """Return the open folder with a lock on it, or None where there are no locks."""
    try:
        import fcntl

        handle = os.open(folder, os.O_RDONLY)
    except (ImportError, OSError):
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        os.close(handle)
        raise FolderInUseError(
            f"{folder}: another run uses this folder: wait until that run ends"
        ) from None
    except OSError:
        os.close(handle)
        return None
    return handle
