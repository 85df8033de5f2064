"""What stays of a photo's file when its enhanced version takes its place."""

import contextlib
import os
import shutil
from pathlib import Path


def keep_status(original: Path, replacement: Path) -> None:
    """Give a file the owner, mode, times and extended attributes of the file that it replaces.

    A user who may not give files away keeps the new file.

    Raises:
        OSError: The mode or the times cannot be set.
    """
    status = original.stat()
    if hasattr(os, "chown"):
        with contextlib.suppress(PermissionError):
            os.chown(replacement, status.st_uid, status.st_gid)
    shutil.copystat(original, replacement)
