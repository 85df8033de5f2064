"""The record of a folder of results: a hidden file that says how each result was made.

The record has one line of JSON for each result, appended as soon as the result exists. The last
line about a result counts. Lines that cannot be read (after a crash, or of another version) are
ignored.
"""

import json
import threading
from pathlib import Path

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
        self._made: dict[str, list] = {}
        try:
            lines = (folder / NAME).read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            lines = []
        for line in lines:
            try:
                entry = json.loads(line)
                self._made[entry["result"]] = [entry["source"], entry["settings"]]
            except (ValueError, TypeError, KeyError):
                continue

    def has(self, source: Path, target: Path) -> bool:
        """Return whether `target` exists, made with these settings from an unchanged `source`."""
        try:
            state = _state(source)
        except OSError:
            return False
        return target.exists() and self._made.get(self._key(target)) == [state, self._settings]

    def add(self, source: Path, target: Path, state: list[int] | None = None) -> None:
        """Note that `target` was made from `source`.

        Args:
            source: The photo.
            target: Its result.
            state: The source's `state_of` before it was read; None for its state now.

        Raises:
            OSError: The record cannot be written.
        """
        made = {
            "result": self._key(target),
            "source": _state(source) if state is None else state,
            "settings": self._settings,
        }
        line = json.dumps(made) + "\n"
        with self._lock, (self._folder / NAME).open("a", encoding="utf-8") as file:
            file.write(line)

    def _key(self, target: Path) -> str:
        return target.relative_to(self._folder).as_posix()


def state_of(source: Path) -> list[int] | None:
    """Return size in bytes and time of the last change in ns, or None if there is no such file."""
    try:
        return _state(source)
    except OSError:
        return None


def _state(path: Path) -> list[int]:
    status = path.stat()
    return [status.st_size, status.st_mtime_ns]
