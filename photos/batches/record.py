"""What is done: a hidden file in the folder of results that says how each was made.

One line of JSON a result, appended as soon as it is there; the last line about one counts. A line
that cannot be read, of a crash or another version, is as if it were not there.
"""

import json
import threading
from pathlib import Path

NAME = ".enhanced.jsonl"


class Record:
    """The record of one folder. Any thread may add to it."""

    def __init__(self, folder: Path, settings: str):
        """Read what there is.

        Args:
            folder: holds the record, and the results at or below it.
            settings: names model and options; a result made with others is not done.
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
        """Whether `target` is there, made from `source` as it is now with the same settings."""
        try:
            state = _state(source)
        except OSError:
            return False
        return target.exists() and self._made.get(self._key(target)) == [state, self._settings]

    def add(self, source: Path, target: Path, state: list[int] | None = None) -> None:
        """Note that `target` was made from `source`.

        Args:
            source: the photo.
            target: its result.
            state: what `state_of` said of the source before it was read; None to look now.

        Raises:
            OSError: the record cannot be written.
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
    """Size in bytes and time of the last change, ns, by which a photo is known to be unchanged."""
    try:
        return _state(source)
    except OSError:
        return None


def _state(path: Path) -> list[int]:
    status = path.stat()
    return [status.st_size, status.st_mtime_ns]
