"""Writing of files and folders that are either whole or absent.

A file is written under a temporary name beside its place and then renamed. The temporary name tells
the process that writes. If that process dies without a chance to clean up, the next process that
writes in the folder removes what it left.
"""

import atexit
import contextlib
import hashlib
import os
import platform
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

_HOST = hashlib.sha256(platform.node().encode()).hexdigest()[:6]
_NAME = re.compile(r"\.([0-9a-f]{6})-(\d+)-[0-9a-f]{8}\.part(\.[^.]{1,15})?")
_LONGEST_SUFFIX = 16  # bytes; longer ones are parts of names, and a name has at most 255 bytes
_DAY = 24 * 3600  # seconds after which a part of another machine's process counts as left behind

_open: dict[str, Path] = {}  # the temporary files and folders of this process, by name
_swept: set[Path] = set()  # the folders that this process has searched


@contextlib.contextmanager
def replacing(path: str | Path, private: bool = False) -> Iterator[Path]:
    """Yield a temporary path beside `path`, of the same suffix, that becomes `path` at the end.

    If the block raises (a signal included), the temporary file is removed and `path` stays as it
    was. An OSError without the name of a file, as a full disk gives it, is given the name `path`.

    Args:
        path: The file to write or to replace.
        private: Whether the temporary file exists from the start, for this user only.
    """
    path = Path(path)
    temporary = _temporary(path)
    try:
        with naming(path, temporary):
            if private:
                os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            yield temporary
            temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
        _open.pop(temporary.name, None)


@contextlib.contextmanager
def new_folder(path: str | Path, replace: bool = False) -> Iterator[Path]:
    """Yield an empty temporary folder beside `path` that becomes `path` at the end.

    If the block raises, the temporary folder is removed.

    Args:
        path: The folder to make; its parent exists.
        replace: Whether a folder of this name is replaced. Otherwise the block's folder is dropped
            if another process has made `path` in the meantime.
    """
    path = Path(path)
    temporary = _temporary(path, suffix="")
    try:
        with naming(path, temporary):
            temporary.mkdir()
            yield temporary
            _move(temporary, path, replace)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        _open.pop(temporary.name, None)


def write_whole(path: str | Path, content: bytes) -> None:
    """Write a file, whole or not at all.

    Encoders that write to a file lose the reason where a disk is full: encode to memory first.
    """
    with replacing(path) as temporary:
        temporary.write_bytes(content)


@contextlib.contextmanager
def naming(path: str | Path, temporary: Path | None = None) -> Iterator[None]:
    """Give the name `path` to errors of the system that name no file, or a temporary one.

    Args:
        path: The name that the user knows.
        temporary: The file or folder that becomes `path`.
    """
    try:
        yield
    except OSError as error:
        named = [Path(os.fsdecode(name)) for name in (error.filename, error.filename2) if name]
        # A copy names its source and its target, which may be in a temporary folder.
        ours = any(temporary in (name, *name.parents) for name in named)
        if (named and not ours) or error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error


def is_part(name: str) -> bool:
    """Return whether a file name is a temporary name of this module, of whatever process."""
    return _NAME.fullmatch(name) is not None


def sweep(folder: str | Path) -> None:
    """Remove the temporary files and folders in `folder` whose processes have died.

    Args:
        folder: The folder; subfolders are not searched.
    """
    _swept.add(Path(folder))
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            named = _NAME.fullmatch(entry.name)
            if named is None or not _is_left_behind(entry, named[1], int(named[2])):
                continue
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path, ignore_errors=True)
            else:
                with contextlib.suppress(OSError):
                    Path(entry.path).unlink()


def _is_left_behind(entry: os.DirEntry, host: str, process: int) -> bool:
    if host != _HOST or os.name != "posix":
        try:
            return time.time() - entry.stat(follow_symlinks=False).st_mtime > _DAY
        except OSError:
            return False
    if process == os.getpid():  # an earlier process may have had this number
        return entry.name not in _open
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return True
    except OSError:  # the process of another user
        pass
    return False


def _temporary(path: Path, suffix: str | None = None) -> Path:
    """Return a new name beside `path`; nobody can foresee the name and put a link there."""
    if path.parent not in _swept:
        sweep(path.parent)
    suffix = path.suffix if suffix is None else suffix
    if len(os.fsencode(suffix)) > _LONGEST_SUFFIX:
        suffix = ""
    temporary = path.with_name(f".{_HOST}-{os.getpid()}-{secrets.token_hex(4)}.part{suffix}")
    _open[temporary.name] = temporary
    return temporary


def _move(temporary: Path, path: Path, replace: bool) -> None:
    """Rename a folder to a place where other processes may put a folder at the same time."""
    for _ in range(100):
        try:
            temporary.rename(path)
            return
        except OSError:
            if not path.is_dir():
                raise
        if not replace:
            return
        aside = _temporary(path, suffix="")
        with contextlib.suppress(FileNotFoundError):
            path.rename(aside)
        shutil.rmtree(aside, ignore_errors=True)
        _open.pop(aside.name, None)
    raise FileExistsError(17, "other processes write this folder", str(path))


@atexit.register
def discard_open() -> None:
    """Remove the temporary files and folders of this process, before it ends at once."""
    for temporary in list(_open.values()):
        if temporary.is_dir():
            shutil.rmtree(temporary, ignore_errors=True)
        else:
            temporary.unlink(missing_ok=True)
