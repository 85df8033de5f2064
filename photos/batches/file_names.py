"""Names of files that fit the disk."""

import os

LONGEST = 255  # bytes of a file's name


def cut_name(start: str, end: str) -> str:
    """Return `start` and `end` as one name, with less of `start` where the disk takes no more."""
    name, room = os.fsencode(start), LONGEST - len(os.fsencode(end))
    return (start if len(name) <= room else name[:room].decode("utf-8", "ignore")) + end
