"""Files that the program keeps beside the user's, opened only if they are plain files."""

import errno
import json
import os
import stat
from pathlib import Path
from typing import IO, Any


def open_plain(path: str | Path, append: bool = False) -> IO[str]:
    """Open a text file in UTF-8 to read it, or to append to it.

    Somebody else may have put a link, or a named pipe that blocks whoever opens it, in the place of
    the file. Neither is followed or waited for.

    Args:
        path: The file. A file to append to is created if it is missing.
        append: Whether to append.

    Raises:
        OSError: The file is missing, is a link, or is no regular file.
    """
    how = os.O_WRONLY | os.O_APPEND | os.O_CREAT if append else os.O_RDONLY
    how |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        handle = os.open(path, how, 0o666)
    except OSError as error:
        reason = "is a link" if Path(path).is_symlink() else error.strerror
        raise OSError(error.errno, reason, str(path)) from None
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        return os.fdopen(handle, "a" if append else "r", encoding="utf-8", errors="replace")
    except BaseException:
        os.close(handle)
        raise


def read_plain(path: str | Path) -> bytes:
    """Read a file, which may be a link. A named pipe, which would be waited for, is refused.

    Raises:
        OSError: The file is missing, cannot be read, or is no regular file.
    """
    how = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    handle = os.open(path, how)
    try:
        mode = os.fstat(handle).st_mode
        if stat.S_ISDIR(mode):
            raise OSError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        with os.fdopen(handle, "rb", closefd=False) as file:
            return file.read()
    finally:
        os.close(handle)


def read_json(path: str | Path) -> Any:
    """Read a file of JSON in UTF-8.

    Raises:
        OSError: As `read_plain`.
        ValueError: The file holds no JSON, or is nested too deeply.
    """
    return parse_json(read_plain(path).decode("utf-8"))


def parse_json(text: str) -> Any:
    """Return what a text of JSON says.

    Raises:
        ValueError: The text is no JSON, or is nested too deeply.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
