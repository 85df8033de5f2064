"""The photos of a batch, and the files of their results."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from photos import PhotoError
from photos.batches.before_after import is_comparison
from photos.batches.expand_pattern import expand, is_folder, is_pattern
from photos.batches.file_names import cut_name, resolved_path
from photos.batches.record import NAME as RECORD
from photos.files import format_by_content, heif_is_writable
from photos.formats import BY_SUFFIX, WRITTEN_SUFFIXES, PhotoFormat
from photos.listing import LeftOut, Listing, list_photos, refuse
from photos.mark import is_result


class Job(NamedTuple):
    """One photo to enhance.

    Attributes:
        source: The photo.
        target: The file of its result.
        folder: The folder that holds the record; the target is in it or below it.
        in_place: Whether the target is the photo itself.
        comparison: The file of the picture before and after, or None.
        note: What the line about the result says of its name; may be empty.
    """

    source: Path
    target: Path
    folder: Path
    in_place: bool = False
    comparison: Path | None = None
    note: str = ""


def find_jobs(
    arguments: tuple[str, ...], output: Path, recursive: bool, in_place: bool
) -> tuple[list[Job], list[str], list[str]]:
    """Pair every source with its target, before any work is done.

    Args:
        arguments: Files, folders, and patterns with `*`, `?`, `[...]` or `**`.
        output: The folder of the results. Results of a folder or a pattern keep their subfolders
            below it.
        recursive: Whether folders in folders are searched; links to folders are not followed.
        in_place: Whether the results replace their sources instead.

    Returns:
        The jobs, no photo twice, each with the target that is wanted (`choose_targets` gives each
        photo its own); a line for each photo that cannot be enhanced; and lines about
        other files of the folders, which are left out.
    """
    failures: list[str] = []
    notes: list[str] = []
    sources: dict[Path, tuple[Path, Path]] = {}
    for argument in arguments:
        try:
            skipped = None if in_place else resolved_path(output)
            for path, relative in _photos_of(argument, recursive, skipped, failures, notes):
                # By resolved path: a photo that is named twice is one photo.
                sources.setdefault(resolved_path(path), (path, relative))
        except PhotoError as error:
            failures.append(str(error))
    jobs: list[Job] = []
    for resolved, (source, relative) in sources.items():
        target = resolved if in_place else output / relative
        target = _written_as(source, target)
        if in_place:
            if target != resolved:
                failures.append(f"{source}: cannot be replaced: the result is {target.name}")
                continue
        elif resolved_path(target) in sources:
            overwrites_itself = resolved_path(target) == resolved
            reason = "is the source" if overwrites_itself else "would overwrite a source"
            failures.append(f"{source}: {target} {reason}; choose another --output, or --in_place")
            continue
        jobs.append(Job(source, target, target.parent if in_place else output, in_place))
    return jobs, failures, notes


def _photos_of(
    argument: str, recursive: bool, skipped: Path | None, failures: list[str], notes: list[str]
) -> Iterator[tuple[Path, Path]]:
    """Yield the photos that one word of the command line means, with their relative paths."""
    path = Path(argument)
    if is_folder(path):
        found = _in_folder(path, recursive, skipped, failures, notes)
        if not found:
            deeper = "" if recursive else "; --recursive searches deeper"
            raise PhotoError(f"{path}: no photos in this folder ({_suffixes()}{deeper})")
        yield from ((photo, photo.relative_to(path)) for photo in found)
    elif os.path.lexists(path):
        refused = None if _written_format(path) else refuse(path)
        if refused is not None:
            raise PhotoError(f"{path}: {refused.reason} ({_suffixes()})")
        yield path, Path(path.name)
    elif is_pattern(argument):
        root, found = expand(argument)
        files = [one for one in found if not is_folder(one)]
        refused = [refuse(one) for one in files]
        failures += [f"{one.path}: {one.reason}" for one in refused if one and one.is_fault]
        left_out = {one.path for one in refused if one}
        found = [one for one in files if one not in left_out]
        found = [photo for photo in found if not is_comparison(photo)]
        if skipped is not None:
            if resolved_path(root) in skipped.parents:
                found = [photo for photo in found if skipped not in resolved_path(photo).parents]
            found, results = _without_results(root, found)
            notes += [f"{root}: {note}" for note in Listing([], results).notes()]
        if not found:
            raise PhotoError(f"{argument}: matches no photos ({_suffixes()})")
        yield from ((photo, photo.relative_to(root)) for photo in found)
    else:
        raise PhotoError(f"{path}: no such file or folder")


def _in_folder(
    folder: Path, recursive: bool, skipped: Path | None, failures: list[str], notes: list[str]
) -> list[Path]:
    """Return the photos of a folder; `skipped`, a folder of results in it, is not searched."""
    try:
        listing = list_photos(
            folder, recursive=recursive, enter=lambda inside: resolved_path(inside) != skipped
        )
    except OSError as error:
        raise PhotoError(f"{folder}: {error.strerror or error}") from error
    failures += [f"{one.path}: {one.reason}" for one in listing.left_out if one.is_fault]
    others = [one for one in listing.left_out if not one.is_fault]
    photos = [photo for photo in listing.photos if not is_comparison(photo)]
    if skipped is not None:
        photos, results = _without_results(folder, photos)
        others += results
    notes += [f"{folder}: {note}" for note in Listing([], others).notes()]
    return photos


def _without_results(root: Path, photos: list[Path]) -> tuple[list[Path], list[LeftOut]]:
    """Return the photos without results of earlier runs, and those results.

    Photos of `root` itself stay: whoever names a folder of results wants them. Only folders with
    a record are searched for results, because the mark of each file costs time.
    """
    parents = {photo.parent for photo in photos}
    held = {parent for parent in parents if parent != root and _is_below_record(parent, root)}
    results = [photo for photo in photos if photo.parent in held and is_result(photo)]
    found = set(results)
    left_out = [LeftOut(photo, "results of an earlier run") for photo in results]
    return [photo for photo in photos if photo not in found], left_out


def _is_below_record(folder: Path, root: Path) -> bool:
    """Return whether a folder, or one between the folder and `root`, holds a record."""
    folders = [folder, *folder.parents]
    inside = folders[: folders.index(root)] if root in folders else folders[:1]
    return any(os.path.lexists(one / RECORD) for one in inside)


def _written_format(path: Path) -> PhotoFormat | None:
    """Return the format of a photo's result, by its suffix or content; None if it is no photo."""
    found = BY_SUFFIX.get(path.suffix.lower()) or format_by_content(path)
    if found is None or not found.suffixes:
        return None
    if found.name == "HEIF" and not heif_is_writable():
        return BY_SUFFIX[".jpg"]
    return found if found.written_as is None else BY_SUFFIX[found.written_as]


def _written_as(source: Path, target: Path) -> Path:
    """Return the target, with another suffix where its own is none or cannot be written."""
    suffix, written = target.suffix.lower(), _written_format(source)
    if written is None or suffix in written.suffixes:
        return target
    if suffix in BY_SUFFIX:
        return target.with_name(cut_name(target.stem, written.suffixes[0]))
    return target.with_name(cut_name(target.name, written.suffixes[0]))


def _suffixes() -> str:
    """Return the suffixes of photos, for error messages."""
    return f"photos end in {' '.join(sorted(WRITTEN_SUFFIXES))}, or are raw files"
