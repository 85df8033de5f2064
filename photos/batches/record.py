"""The record of a folder of results: a hidden file that says how each result was made.

The record has two lines of JSON for each result: one before the result takes its name, one as soon
as the result exists. The last line about a result counts. Lines that cannot be read (after a crash,
or of another version) are ignored. Without the record no photo is lost. Photos that are enhanced in
place carry a mark (`photos/mark.py`). Other results are made again, under their names if EXIF says
that photo and result come from one shot, and otherwise under new names (`choose_targets.py`).
"""

import json
import os
import threading
from pathlib import Path
from typing import Any

from common.plain_file import open_plain

NAME = ".enhanced.jsonl"


class Record:
    """The record of one folder. Any thread may add to it."""

    def __init__(self, folder: Path, settings: str):
        """Read the record, if there is one.

        Args:
            folder: The folder that holds the record; the results are in it or below it.
            settings: Names the model and the options. A result of other settings does not count.
        """
        self._folder, self._settings = folder, settings
        self._lock = threading.Lock()
        self._made: dict[str, dict[str, Any]] = {}
        self._of_photo: dict[str, list[str]] = {}
        self._of_state: dict[tuple, list[str]] = {}
        try:
            with open_plain(folder / NAME) as file:
                lines = file.read().splitlines()
        except OSError:
            lines = []
        for line in lines:
            try:
                entry = json.loads(line)
                self._made[entry["result"]] = {
                    key: entry[key] if key in ("source", "settings") else entry.get(key)
                    for key in ("source", "settings", "photo")
                }
            except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
                continue
        for key, made in self._made.items():
            self._of_photo.setdefault(str(made["photo"]), []).append(key)
            self._of_state.setdefault(_hashable(made["source"]), []).append(key)

    def has(self, source: Path, target: Path) -> bool:
        """Return whether `target` exists, made with these settings from an unchanged `source`."""
        try:
            state = _state(source)
        except OSError:
            return False
        made = self._made.get(self._key(target), {})
        return target.exists() and [made.get("source"), made.get("settings")] == [
            state,
            self._settings,
        ]

    def source_of(self, target: Path) -> tuple[str | None, list[int]] | None:
        """Return from what `target` was made, or None if the record does not know.

        Returns:
            The resolved path of the photo, None in a record of an earlier version; and the photo's
            `state_of`.
        """
        made = self._made.get(self._key(target))
        return None if made is None else (made["photo"], made["source"])

    def results_of_photo(self, photo: str) -> list[Path]:
        """Return the results of the photo file at a resolved path, as the record was read."""
        return [self._folder / key for key in self._of_photo.get(photo, ())]

    def results_of_state(self, state: list[int] | None) -> list[Path]:
        """Return the results of photo files of a size and time; see `state_of`."""
        return [self._folder / key for key in self._of_state.get(_hashable(state), ())]

    def add(
        self,
        source: Path,
        target: Path,
        state: list[int] | None = None,
        finished: bool = True,
    ) -> None:
        """Note that `target` was made from `source`.

        Args:
            source: The photo.
            target: Its result.
            state: The source's `state_of` before it was read; None for its state now.
            finished: False before the result takes its name: after a kill, the record knows whose
                result has that name, and a rerun makes the result again.

        Raises:
            OSError: The record cannot be written.
        """
        made = {
            "result": self._key(target),
            "source": _state(source) if state is None else state,
            "settings": self._settings if finished else None,
            "photo": os.path.realpath(source),
        }
        line = json.dumps(made) + "\n"
        with self._lock, open_plain(self._folder / NAME, append=True) as file:
            file.write(line)

    def _key(self, target: Path) -> str:
        return target.relative_to(self._folder).as_posix()


def _hashable(state: Any) -> tuple:
    """Return the state of a file as a key; a damaged record may hold anything in its place."""
    whole = isinstance(state, list) and all(isinstance(number, int) for number in state)
    return tuple(state) if whole and state else (None,)


def state_of(source: Path) -> list[int] | None:
    """Return size in bytes and time of the last change in ns, or None if there is no such file."""
    try:
        return _state(source)
    except OSError:
        return None


def _state(path: Path) -> list[int]:
    status = path.stat()
    return [status.st_size, status.st_mtime_ns]
