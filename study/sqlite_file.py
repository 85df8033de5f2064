"""The SQLite file of a study: durable, whole when closed, and readable where nobody may write.

SQLite in WAL mode writes new steps to a second file, FILE-wal, and moves them into FILE later. A
copy of FILE alone lacks the steps that are only in FILE-wal.
"""

import contextlib
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa

BUSY_SECONDS = 30  # a writer waits so long for other writers
CLOSING_SECONDS = 2  # the end of a server waits so long for other servers


def make_durable(connection: sqlite3.Connection, _) -> None:
    """Let SQLite read during a write, and write to the disk before a commit returns."""
    with contextlib.closing(connection.cursor()) as cursor:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")


def empty_wal(engine: sa.Engine) -> None:
    """Move all steps from FILE-wal into FILE, unless another process uses the database.

    The last process that closes the database moves the steps of all processes.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: the disk is full or broken; the steps stay in FILE-wal.
    """
    with engine.connect() as connection:
        connection.exec_driver_sql(f"PRAGMA busy_timeout={CLOSING_SECONDS * 1000}")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")


def find_damage(engine: sa.Engine) -> str | None:
    """Return a description of the first damage to the structure of the file; None for no damage.

    SQLite has no checksums: a changed letter in a name is not damage to the structure.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: the file is so damaged that SQLite cannot read it.
    """
    with engine.connect() as connection:
        found = connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar_one()
    return None if found == "ok" else " ".join(str(found).split())


@contextlib.contextmanager
def readable(path: Path) -> Iterator[Path]:
    """Yield the path of the database, or of a copy if this process may not write beside `path`.

    SQLite does not open a file in WAL mode where it may not write. The copy contains the steps in
    FILE-wal. The copy is deleted at the end.

    Args:
        path: an existing file.

    Raises:
        OSError: the file cannot be read, or the copy cannot be written.
    """
    if os.access(path, os.W_OK) and os.access(path.parent, os.W_OK):
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="study-") as folder:
        copy = Path(folder, path.name)
        try:
            _snapshot(path, copy)
        except sqlite3.Error:  # no server uses the file now: a plain copy is consistent
            shutil.copyfile(path, copy)
            wal = path.with_name(f"{path.name}-wal")
            if wal.exists():
                shutil.copyfile(wal, copy.with_name(wal.name))
        yield copy


def _snapshot(path: Path, copy: Path) -> None:
    """Copy a database that a server of another user may change meanwhile."""
    with (
        contextlib.closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as live,
        contextlib.closing(sqlite3.connect(copy)) as target,
    ):
        live.backup(target)
