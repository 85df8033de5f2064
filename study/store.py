"""The database of votes: each step of each visit is written once and never changed.

`study/journal.py` describes the steps, `study/tables.py` the tables.
"""

import dataclasses
import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import sqlalchemy.event
from sqlalchemy.exc import ArgumentError, IntegrityError, SQLAlchemyError

from study import sqlite_file, tables
from study.design import DATABASE, StudyError
from study.journal import Step, Visit, find_damage

MOST_PARTICIPANTS = 2**31 - 1
ATTEMPTS = 50  # to take a number that another participant may take


def sqlite_url(folder: str | Path) -> str:
    """Return the URL of the SQLite database in the folder of a study."""
    return sa.URL.create("sqlite", database=str(Path(folder) / DATABASE)).render_as_string()


def open_store(folder: str | Path, url: str | None, study: str, name: str | None = None) -> "Store":
    """Open the database of a study.

    Args:
        folder: folder of the study.
        url: URL for SQLAlchemy; None for STUDY/votes.sqlite.
        study: id of the study.
        name: what messages call the database; None for its file or URL.

    Raises:
        StudyError: the URL is wrong, its driver is not installed, or the database cannot be opened.
    """
    try:
        return Store(url or sqlite_url(folder), study, name)
    except ImportError as error:
        raise StudyError(
            f"--database: {error.name} is missing; install it with pip install {error.name}"
        ) from None
    except ArgumentError as error:
        raise StudyError(f"--database: {error}") from None
    except (
        SQLAlchemyError,
        UnicodeError,
    ) as error:  # UnicodeError: SQLite's message is damaged too
        name = name or database_name(url or sqlite_url(folder))
        raise StudyError(f"{name}: {reason(error)}") from None


def database_name(url: str) -> str:
    """Return the path of an SQLite file; of another database, the URL without the password."""
    parsed = sa.make_url(url)
    is_file = parsed.get_backend_name() == "sqlite" and parsed.database
    return parsed.database or "" if is_file else parsed.render_as_string(hide_password=True)


def reason(error: Exception) -> str:
    """Return what the database says about an error, in one line without the statement."""
    said = getattr(error, "orig", None) or error
    return " ".join(str(said).split()) or type(said).__name__


class Store:
    """The votes of one study in a database; threads and processes may share the database.

    Attributes:
        name: what messages call the database.
    """

    def __init__(self, url: str, study: str, name: str | None = None):
        """Open the database and create missing tables.

        Args:
            url: URL for SQLAlchemy.
            study: id of the study.
            name: what messages call the database; None for its file or URL.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: the URL is wrong, or the database cannot be reached.
            ImportError: the driver of the database is not installed.
        """
        self._study = study
        parsed = sa.make_url(url)
        self._sqlite = parsed.get_backend_name() == "sqlite"
        self.name = name or database_name(url)
        options = {"timeout": sqlite_file.BUSY_SECONDS} if self._sqlite else {}
        self._engine = sa.create_engine(
            parsed,
            connect_args=options,
            poolclass=sa.QueuePool,
            pool_size=20,
            max_overflow=20,
            pool_pre_ping=not self._sqlite,
        )
        if self._sqlite:
            sqlalchemy.event.listen(self._engine, "connect", sqlite_file.make_durable)
        try:
            tables.create_tables(self._engine)
        except BaseException:
            self._engine.dispose()
            raise

    def close(self) -> None:
        """Close all connections. An SQLite file then contains all votes by itself.

        Raises:
            StudyError: votes remain beside the SQLite file, because the disk is full or broken.
        """
        try:
            if self._sqlite:
                sqlite_file.empty_wal(self._engine)
        except SQLAlchemyError as error:
            raise StudyError(
                f"{self.name}: {reason(error)}; keep {self.name}-wal, which contains the last votes"
            ) from None
        finally:
            self._engine.dispose()

    def check(self) -> None:
        """Check the structure of an SQLite file; the server of another database checks itself.

        Raises:
            StudyError: the file is damaged.
        """
        try:
            damage = sqlite_file.find_damage(self._engine) if self._sqlite else None
        except (SQLAlchemyError, UnicodeError) as error:
            damage = reason(error)
        if damage:
            raise self.damaged(damage)

    def damaged(self, damage: str) -> StudyError:
        """Return the error for a database with a damage."""
        return StudyError(
            f"{self.name}: damaged ({damage}); use a copy, or repair a copy with sqlite3 .recover"
        )

    def visit(self, visitor: str) -> Visit | None:
        """Return the visit of a visitor, or None before the first `join`."""
        p = tables.participants.c
        with self._engine.connect() as connection:
            row = connection.execute(
                sa.select(p.id, p.number).where(p.study == self._study, p.visitor == visitor)
            ).one_or_none()
            if row is None:
                return None
            rows = self._rows(connection, tables.steps.c.participant == row.id)
        self._check_number(row.number)
        found = self._checked(row.number, rows)
        return Visit(row.id, row.number, tuple(step for _, step in found))

    def join(self, visitor: str) -> Visit:
        """Return the visit of a visitor; begin one with the next free number if there is none."""
        p = tables.participants.c
        for _ in range(ATTEMPTS):
            if visit := self.visit(visitor):
                return visit
            following = sa.select(
                sa.literal(self._study),
                sa.func.coalesce(sa.func.max(p.number) + 1, 0),
                sa.literal(visitor),
                sa.literal(_now_ms(), sa.BigInteger),
            ).where(p.study == self._study)
            columns = ["study", "number", "visitor", "joined_ms"]
            try:
                with self._engine.begin() as connection:
                    connection.execute(
                        sa.insert(tables.participants).from_select(columns, following)
                    )
            except IntegrityError:  # someone else took the number, or the visitor joined twice
                time.sleep(random.uniform(0, 0.02))
        raise TimeoutError("too many participants join at the same time: try again")

    def append(self, visit: Visit, step: Step) -> bool:
        """Write the next step of a visit.

        Returns:
            True if the step is now stored; False if the visit already has this step.
        """
        values = {
            **dataclasses.asdict(step),
            "participant": visit.participant,
            "step": len(visit.steps),
            "at_ms": _now_ms(),
        }
        try:
            with self._engine.begin() as connection:
                connection.execute(sa.insert(tables.steps).values(values))
        except IntegrityError:
            return False
        return True

    def journals(self) -> Iterator[tuple[int, list[tuple[int, Step]]]]:
        """Yield the number of every participant, and all (time, step).

        A time is in milliseconds since 1970, UTC.

        Raises:
            StudyError: a step is damaged.
            sqlalchemy.exc.SQLAlchemyError: the database cannot be read.
        """
        p = tables.participants.c
        with self._engine.connect() as connection:
            joined = connection.execute(
                sa.select(p.id, p.number).where(p.study == self._study).order_by(p.number)
            ).all()
            for _, number in joined:
                self._check_number(number)
            own = sa.select(p.id).where(p.study == self._study)
            rows = self._rows(connection, tables.steps.c.participant.in_(own))
        visits: dict[int, list[sa.Row]] = {key: [] for key, _ in joined}
        for row in rows:
            visits.setdefault(row.participant, []).append(row)
        for key, number in joined:
            yield number, self._checked(number, visits[key])

    def _rows(self, connection: sa.Connection, which: sa.ColumnElement[bool]) -> Sequence[sa.Row]:
        """Return the steps of some visits, in order."""
        s = tables.steps.c
        fields = [s[field.name] for field in dataclasses.fields(Step)]
        try:
            return connection.execute(
                sa.select(s.participant, s.step, s.at_ms, *fields)
                .where(which)
                .order_by(s.participant, s.step)
            ).all()
        except (TypeError, ValueError) as error:  # a value is not what its column says
            raise self.damaged(str(error)) from None

    def _check_number(self, number: Any) -> None:
        if type(number) is not int or not 0 <= number <= MOST_PARTICIPANTS:
            raise self.damaged(f"{str(number)[:40]!r} is no number of a participant")

    def _checked(self, number: int, rows: Sequence[sa.Row]) -> list[tuple[int, Step]]:
        """Return (time, step) of the visit of participant `number`."""
        found = [Step(*values) for _, _, _, *values in rows]
        times = [row.at_ms for row in rows]
        if damage := find_damage([row.step for row in rows], times, found):
            raise self.damaged(f"participant {number}: {damage}")
        return list(zip(times, found, strict=True))


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
