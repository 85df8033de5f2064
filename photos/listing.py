"""Which files of a folder are photos: the one rule of all commands.

A suffix of a photo decides. Without a suffix the content decides. Hidden files are no photos: macOS
writes one, `._NAME`, beside each photo on disks of other systems. Of a raw file and another photo
of the same name, the other photo counts.
"""

import dataclasses
import os
import stat
import sys
from collections.abc import Callable, Collection
from pathlib import Path

from common.atomic_files import is_part
from photos.files import format_by_content
from photos.formats import PHOTO_SUFFIXES, RAW_SUFFIXES

_SHOWN = 4  # names that a line shows for each reason


@dataclasses.dataclass(frozen=True)
class LeftOut:
    """A file of a folder that is not taken for a photo.

    Attributes:
        path: The file.
        reason: Why, in a few words.
        is_fault: Whether the file should be a photo, by its suffix, or is a folder to be searched.
    """

    path: Path
    reason: str
    is_fault: bool = False


@dataclasses.dataclass(frozen=True)
class Listing:
    """The files of a folder.

    Attributes:
        photos: The photos, sorted by path.
        left_out: The other files, sorted by path, without hidden ones that no suffix makes photos.
    """

    photos: list[Path]
    left_out: list[LeftOut]

    def notes(self) -> list[str]:
        """Return a line for each reason, without the folder, that names files that are left out."""
        reasons: dict[str, list[str]] = {}
        for one in self.left_out:
            reasons.setdefault(one.reason, []).append(one.path.name)
        return [f"left out {_few(names)}: {reason}" for reason, names in reasons.items()]


def list_photos(
    folder: Path,
    suffixes: Collection[str] = PHOTO_SUFFIXES,
    recursive: bool = False,
    enter: Callable[[Path], bool] = lambda folder: True,
) -> Listing:
    """List a folder.

    Args:
        folder: The folder.
        suffixes: The suffixes of the photos that are wanted, in lower case.
        recursive: Whether folders in the folder are searched. Links to folders, and hidden folders,
            are not.
        enter: Whether to search a folder in the folder.

    Raises:
        OSError: The folder cannot be read. A folder in it that cannot be read is left out.
    """
    photos: list[Path] = []
    left_out: list[LeftOut] = []

    def unreadable(error: OSError) -> None:
        if error.filename is None or Path(error.filename) == folder:
            raise error
        left_out.append(LeftOut(Path(error.filename), error.strerror or str(error), True))

    for parent, folders, names in os.walk(folder, onerror=unreadable):
        here = Path(parent)
        for path in (here / name for name in sorted(names)):
            if path.name.startswith(".") and path.suffix.lower() not in suffixes:
                continue  # such as a record of results, which nobody takes for a photo
            if is_part(path.name):
                continue  # a run writes the file, or was killed when it wrote
            refused = refuse(path, suffixes)
            if refused is None:
                photos.append(path)
            else:
                left_out.append(refused)
        inside = [name for name in sorted(folders) if recursive and not name.startswith(".")]
        folders[:] = [name for name in inside if enter(here / name)]
    photos, raw = _without_raw(photos)
    left_out += [LeftOut(path, "raw file of a photo beside it") for path in raw]
    return Listing(sorted(photos), sorted(left_out, key=lambda one: one.path))


def _without_raw(photos: list[Path]) -> tuple[list[Path], list[Path]]:
    """Return the photos without raw files of which another photo was made, and those raw files."""
    raw = {path for path in photos if path.suffix.lower() in RAW_SUFFIXES}
    made = {path.with_suffix("") for path in photos if path not in raw}
    doubled = {path for path in raw if path.with_suffix("") in made}
    return [path for path in photos if path not in doubled], sorted(doubled)


def refuse(path: Path, suffixes: Collection[str] = PHOTO_SUFFIXES) -> LeftOut | None:
    """Return why a file is not taken for a photo, or None for a photo.

    Args:
        path: A file, not a folder.
        suffixes: The suffixes of the photos that are wanted, in lower case.
    """
    suffix = path.suffix.lower()
    if path.name.startswith("."):
        return LeftOut(path, "hidden")
    try:
        mode = path.stat().st_mode
    except OSError as error:
        return LeftOut(path, error.strerror or str(error), suffix in suffixes)
    if not stat.S_ISREG(mode):
        return LeftOut(path, "not a regular file", suffix in suffixes)
    if suffix in suffixes:
        return None
    if suffix in PHOTO_SUFFIXES:
        return LeftOut(path, f"only {' '.join(sorted(suffixes))} count here")
    found = format_by_content(path)
    if found is None:
        return LeftOut(path, "no photo by name or content")
    if not suffix and set(found.suffixes) & set(suffixes):
        return None
    advice = f"rename to {found.suffixes[0]}" if found.suffixes else "convert to PNG or JPEG"
    return LeftOut(path, f"{found.name} by content: {advice}")


def photos_in(folder: Path, suffixes: Collection[str] = PHOTO_SUFFIXES) -> list[Path]:
    """Return the photos of a folder by name, and say on stderr what is left out.

    Args:
        folder: The folder; folders in it are not searched.
        suffixes: The suffixes of the photos that are wanted, in lower case.

    Raises:
        OSError: The folder cannot be read.
    """
    listing = list_photos(folder, suffixes)
    for note in listing.notes():
        print(f"{folder}: {note}", file=sys.stderr)
    return listing.photos


def _few(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
