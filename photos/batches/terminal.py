"""Output on the terminal: a progress bar, file names that can be shown, and no codecs' output."""

import contextlib
import os
import sys
import unicodedata
from collections.abc import Iterator
from typing import TextIO

from common.long_work import Bar

_UNSEEN = {"Cc", "Cs", "Zl", "Zp"}  # control characters, surrogates, line and paragraph ends
_FORMAT = "{desc} {percentage:3.0f}% of {total} |{bar}| {elapsed}<{remaining}"


class PhotoBar:
    """The progress in photos and shares of photos.

    Args:
        bar: The bar, whose total is the number of photos.
    """

    def __init__(self, bar: Bar):
        self._bar = bar
        self._finished = self._started = 0

    def start(self, name: str) -> None:
        """Show the name of the photo that the network starts on."""
        self._started += 1
        self._bar.call(one_line(name, sys.stderr))

    def advance(self, share: float) -> None:
        """Move to the finished photos plus this share of the photo in the network."""
        done = max(self._finished, self._started - 1) + share
        self._bar.move_to(min(done, float(self._bar.total or 0)))

    def finish(self) -> None:
        """Count one photo as finished, enhanced or not."""
        self._finished += 1
        self.advance(0.0)

    def clear(self) -> None:
        """Remove the bar, so that a line can be printed."""
        self._bar.clear()


@contextlib.contextmanager
def progress_bar(photos: int) -> Iterator[PhotoBar]:
    """Show a progress bar during the block.

    Args:
        photos: The number of photos.
    """
    with Bar("reading", photos, "photo", leave=False, look=_FORMAT) as bar:
        yield PhotoBar(bar)


@contextlib.contextmanager
def codecs_hidden() -> Iterator[None]:
    """Let only Python write to standard error during the block, in all threads.

    Codecs print there from C, between the lines. Their errors say the same again.
    """
    try:
        native = sys.stderr.fileno() == 2
    except (AttributeError, OSError, ValueError):  # no stderr, closed, or replaced
        native = False
    if not native:
        yield
        return
    sys.stderr.flush()
    python_only, original = os.dup(2), sys.stderr
    sys.stderr = os.fdopen(
        python_only, "w", encoding=original.encoding, errors="backslashreplace", buffering=1
    )
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 2)
        os.close(nowhere)
        yield
    finally:
        sys.stderr.flush()
        os.dup2(python_only, 2)
        shown, sys.stderr = sys.stderr, original
        shown.close()


def one_line(text: object, stream: TextIO | None) -> str:
    """Return `text` as `stream` can show it, on one line.

    File names may hold control characters, line ends, and bytes that are no characters. They, and
    characters that the stream's encoding lacks, become escapes.

    Args:
        text: Any object that can be printed.
        stream: The stream; None stands for UTF-8.
    """
    encoding = getattr(stream, "encoding", None) or "utf-8"
    safe = "".join(
        char.encode("unicode_escape").decode() if unicodedata.category(char) in _UNSEEN else char
        for char in str(text)
    )
    return safe.encode(encoding, "backslashreplace").decode(encoding)
