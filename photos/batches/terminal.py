"""What is printed: file names that no terminal can show, and nothing that codecs print from C."""

import contextlib
import os
import sys
import unicodedata
from collections.abc import Iterator
from typing import TextIO

_UNSEEN = {"Cc", "Cs", "Zl", "Zp"}  # control characters, surrogates, line and paragraph ends


@contextlib.contextmanager
def codecs_hidden() -> Iterator[None]:
    """While it lasts, only what Python prints reaches standard error, from any thread.

    What codecs have to say, in their own words and between the lines, the errors that they return
    say again.
    """
    try:
        native = sys.stderr.fileno() == 2
    except (AttributeError, OSError, ValueError):  # none, closed, or replaced
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
    """`text` as `stream` can show it, on one line.

    File names may hold control characters, line ends, and bytes that are no characters at all:
    such, and what the stream's encoding lacks, become escapes.
    """
    encoding = getattr(stream, "encoding", None) or "utf-8"
    safe = "".join(
        char.encode("unicode_escape").decode() if unicodedata.category(char) in _UNSEEN else char
        for char in str(text)
    )
    return safe.encode(encoding, "backslashreplace").decode(encoding)
