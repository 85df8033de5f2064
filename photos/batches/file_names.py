"""Names of files that fit the disk, and that no disk takes for one name."""

import os
import unicodedata
from pathlib import Path

LONGEST = 255  # bytes of a file's name


def cut_name(start: str, end: str) -> str:
    """Return `start` and `end` as one name, with less of `start` where the disk takes no more."""
    name, room = os.fsencode(start), LONGEST - len(os.fsencode(end))
    return (start if len(name) <= room else name[:room].decode("utf-8", "ignore")) + end


def resolved_path(path: Path) -> Path:
    """Return the path without symbolic links.

    Unlike `Path.resolve`, the function raises no error at a loop of links.
    """
    return Path(os.path.realpath(path))


def one_name(path: Path) -> str:
    """Return a key that is equal for paths that some disk takes for one file.

    Disks of macOS, Windows and memory cards do not tell IMG.jpg from img.jpg, and macOS does not
    tell a letter with an accent from a letter and its accent. Results may be copied to such a disk.
    """
    return unicodedata.normalize("NFC", str(resolved_path(path))).casefold()
