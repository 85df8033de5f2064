"""Standard error without what codecs print there from C about files that are damaged."""

import contextlib
import os
import sys
from collections.abc import Iterator


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
