"""Writing of files that are either whole or absent."""

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`, of the same suffix, that becomes `path` at the end.

    If the block raises (Ctrl-C included), the temporary file is removed and `path` stays as it was.

    Args:
        path: The file to write or to replace.
    """
    path = Path(path)
    writer = f"{os.getpid()}.{threading.get_ident()}"  # two threads may write the same path
    temporary = path.with_name(f".{path.stem}.{writer}.part{path.suffix}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
