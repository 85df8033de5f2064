"""Files that the program keeps beside the user's, opened only if they are what it wrote."""

import errno
import os
import stat
from pathlib import Path
from typing import IO


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
