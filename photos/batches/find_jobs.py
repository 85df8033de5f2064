"""The photos of a batch, and the files of their results."""

import glob
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from photos import PHOTO_SUFFIXES, PhotoError
from photos.batches.before_after import is_comparison
from photos.files import heif_is_writable
from photos.formats import BY_SUFFIX


class Job(NamedTuple):
    """One photo to enhance.

    Attributes:
        source: The photo.
        target: The file of its result.
        folder: The folder that holds the record; the target is in it or below it.
    """

    source: Path
    target: Path
    folder: Path


def find_jobs(
    arguments: tuple[str, ...], output: Path, recursive: bool, in_place: bool
) -> tuple[list[Job], list[str]]:
    """Pair every source with its target, before any work is done.

    Args:
        arguments: Files, folders, and patterns with `*`, `?`, `[...]` or `**`.
        output: The folder of the results. Results of a folder or a pattern keep their subfolders
            below it.
        recursive: Whether folders in folders are searched; links to folders are not followed.
        in_place: Whether the results replace their sources instead.

    Returns:
        The jobs, no photo twice, and one line for each photo that is left out and why.
    """
    failures: list[str] = []
    sources: dict[Path, tuple[Path, Path]] = {}
    for argument in arguments:
        try:
            skipped = None if in_place else _resolved(output)
            for path, relative in _photos_of(argument, recursive, skipped, failures):
                # By resolved path: a photo that is named twice is one photo.
                sources.setdefault(_resolved(path), (path, relative))
        except PhotoError as error:
            failures.append(str(error))
    jobs: list[Job] = []
    taken: dict[Path, Path] = {}
    for resolved, (source, relative) in sources.items():
        target = resolved if in_place else output / relative
        target = _written_as(target)
        if in_place:
            if target != resolved:
                failures.append(f"{source}: cannot be replaced: no HEIC encoder is installed")
                continue
        elif _resolved(target) in sources:
            overwrites_itself = _resolved(target) == resolved
            reason = "is the source" if overwrites_itself else "would overwrite a source"
            failures.append(f"{source}: {target} {reason}; choose another --output, or --in_place")
            continue
        elif target in taken:
            failures.append(f"{source}: {target} is the result of {taken[target]} already")
            continue
        taken[target] = source
        jobs.append(Job(source, target, target.parent if in_place else output))
    return jobs, failures


def _photos_of(
    argument: str, recursive: bool, skipped: Path | None, failures: list[str]
) -> Iterator[tuple[Path, Path]]:
    """Yield the photos that one word of the command line means, with their relative paths."""
    path = Path(argument)
    if path.is_dir():
        found = sorted(_in_folder(path, recursive, skipped, failures))
        if not found:
            deeper = "" if recursive else "; --recursive searches deeper"
            raise PhotoError(f"{path}: no photos in this folder ({_suffixes()}{deeper})")
        yield from ((photo, photo.relative_to(path)) for photo in found)
    elif os.path.lexists(path):
        if path.suffix.lower() not in PHOTO_SUFFIXES:
            raise PhotoError(f"{path}: not a photo by its name ({_suffixes()})")
        yield path, Path(path.name)
    elif glob.has_magic(argument):
        root, pattern = _split(path)
        found = sorted(photo for photo in root.glob(pattern) if _is_source(photo))
        if not found:
            raise PhotoError(f"{argument}: matches no photos ({_suffixes()})")
        yield from ((photo, photo.relative_to(root)) for photo in found)
    else:
        raise PhotoError(f"{path}: no such file or folder")


def _in_folder(
    folder: Path, recursive: bool, skipped: Path | None, failures: list[str]
) -> Iterator[Path]:
    """Yield the photos of a folder; `skipped`, a folder of results in it, is not searched."""

    def unreadable(error: OSError):
        failures.append(f"{error.filename}: {error.strerror}")

    for parent, folders, names in os.walk(folder, onerror=unreadable):
        here = Path(parent)
        yield from (here / name for name in names if _is_source(here / name))
        inside = [name for name in folders if recursive and not name.startswith(".")]
        folders[:] = [name for name in inside if _resolved(here / name) != skipped]


def _is_source(path: Path) -> bool:
    """Return whether a file that a search finds is a photo by its name."""
    if path.suffix.lower() not in PHOTO_SUFFIXES or path.name.startswith("."):
        return False
    return not path.is_dir() and not is_comparison(path)


def _split(path: Path) -> tuple[Path, str]:
    """Split a pattern into the folder before its first wildcard, and the rest."""
    parts = path.parts
    first = next(number for number, part in enumerate(parts) if glob.has_magic(part))
    return Path(*parts[:first]), str(Path(*parts[first:]))


def _written_as(target: Path) -> Path:
    """Return the target, or a JPEG in its place where HEIC has no encoder."""
    if BY_SUFFIX[target.suffix.lower()].name == "HEIF" and not heif_is_writable():
        return target.with_suffix(".jpg")
    return target


def _resolved(path: Path) -> Path:
    return Path(os.path.realpath(path))  # unlike Path.resolve, no error at a loop of links


def _suffixes() -> str:
    """Return the suffixes of photos, for error messages."""
    return "photos end in " + " ".join(sorted(PHOTO_SUFFIXES))
