"""Patterns of file names, in which a name that exists is never a wildcard."""

import fnmatch
import os
from collections.abc import Iterator
from pathlib import Path


def expand(pattern: str) -> tuple[Path, list[Path]]:
    """Return the files that a pattern means, and the folder before its first wildcard.

    `*`, `?`, `[...]` and `**` are wildcards, except in a name that exists with these letters.

    Args:
        pattern: The pattern.

    Returns:
        The folder, and the paths in it that match, sorted; hidden ones only where the pattern says
        so.
    """
    root, parts = Path(), list(Path(pattern).parts)
    while parts and (not is_pattern(parts[0]) or os.path.lexists(root / parts[0])):
        root /= parts.pop(0)
    return root, sorted(set(_matches(root, parts)))


def _matches(folder: Path, parts: list[str]) -> Iterator[Path]:
    if not parts:
        yield folder
        return
    first, rest = parts[0], parts[1:]
    if first == "**":
        yield from _matches(folder, rest or ["*"])
        for below in _entries(folder):
            if is_folder(below) and not below.is_symlink():
                yield from _matches(below, parts)
    elif not is_pattern(first) or os.path.lexists(folder / first):
        if os.path.lexists(folder / first):
            yield from _matches(folder / first, rest)
    else:
        for path in _entries(folder, hidden=first.startswith(".")):
            if fnmatch.fnmatchcase(path.name, first):
                yield from _matches(path, rest)


def _entries(folder: Path, hidden: bool = False) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if hidden or not path.name.startswith(".")]
    except OSError:  # not a folder, or not readable
        return []


def is_pattern(word: str) -> bool:
    """Return whether a word holds wildcards."""
    return any(letter in word for letter in "*?[")


def is_folder(path: Path) -> bool:
    """Return whether a path is a folder; False where a closed folder hides that."""
    try:
        return path.is_dir()
    except OSError:
        return False
