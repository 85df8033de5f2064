"""The database of votes: each step of each visit is written once and never changed.

A visit is a journal of steps: votes and undone votes. The primary key is (participant, step). The
database therefore refuses a second answer to the same step from any process, thread or tab.
"""

import dataclasses
import random
import time
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa
import sqlalchemy.event
from sqlalchemy.exc import IntegrityError

from study.design import DATABASE, StudyError

VOTE, UNDO = "vote", "undo"
BUSY_SECONDS = 30  # a writer waits so long for other writers
ATTEMPTS = 50

_metadata = sa.MetaData()
_participants = sa.Table(
    "participants",
    _metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("study", sa.String(32), nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("visitor", sa.String(64), nullable=False),
    sa.Column("joined_ms", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("study", "number"),
    sa.UniqueConstraint("study", "visitor"),
)
_steps = sa.Table(
    "steps",
    _metadata,
    sa.Column(
        "participant", sa.ForeignKey(_participants.c.id), primary_key=True, autoincrement=False
    ),
    sa.Column("step", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("action", sa.String(4), nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("repeat", sa.Boolean, nullable=False),
    sa.Column("phone", sa.String(200), nullable=False),
    sa.Column("scene", sa.String(200), nullable=False),
    sa.Column("left", sa.String(200), nullable=False),
    sa.Column("right", sa.String(200), nullable=False),
    sa.Column("side", sa.String(5), nullable=False),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
)


@dataclasses.dataclass(frozen=True)
class Step:
    """One step of a visit.

    Attributes:
        action: `VOTE` or `UNDO`.
        position: number of the question in the plan of the participant, from 0.
        repeat: whether the participant answers the question for the second time.
        phone: phone of the photo.
        scene: scene of the photo.
        left: class of the left photo.
        right: class of the right photo.
        side: "left" or "right", the better photo; an undo keeps the side of its vote.
    """

    action: str
    position: int
    repeat: bool
    phone: str
    scene: str
    left: str
    right: str
    side: str


@dataclasses.dataclass(frozen=True)
class Visit:
    """The visit of a participant with all steps so far.

    Attributes:
        participant: key of the participant in the database.
        number: number of the participant in the study, from 0.
        steps: steps in order.
    """

    participant: int
    number: int
    steps: tuple[Step, ...]


def sqlite_url(folder: str | Path) -> str:
    """Return the URL of the SQLite database in the folder of a study."""
    return sa.URL.create("sqlite", database=str(Path(folder) / DATABASE)).render_as_string()


def open_store(folder: str | Path, url: str | None, study: str) -> "Store":
    """Open the database of a study.

    Args:
        folder: folder of the study.
        url: URL for SQLAlchemy; None for STUDY/votes.sqlite.
        study: id of the study.

    Raises:
        StudyError: the driver of the database is not installed.
        sqlalchemy.exc.SQLAlchemyError: the URL is wrong, or the database cannot be reached.
    """
    try:
        return Store(url or sqlite_url(folder), study)
    except ImportError as error:
        raise StudyError(
            f"--database: {error.name} is missing; install it with pip install {error.name}"
        ) from None


class Store:
    """The votes of one study in a database; threads and processes may share the database."""

    def __init__(self, url: str, study: str):
        """Open the database and create missing tables.

        Args:
            url: URL for SQLAlchemy.
            study: id of the study.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: the URL is wrong, or the database cannot be reached.
            ImportError: the driver of the database is not installed.
        """
        self._study = study
        parsed = sa.make_url(url)
        sqlite = parsed.get_backend_name() == "sqlite"
        options = {"timeout": BUSY_SECONDS} if sqlite else {}
        self._engine = sa.create_engine(
            parsed, connect_args=options, pool_size=20, max_overflow=20, pool_pre_ping=not sqlite
        )
        if sqlite:
            sqlalchemy.event.listen(self._engine, "connect", _durable)
        try:
            _metadata.create_all(self._engine)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def visit(self, visitor: str) -> Visit | None:
        """Return the visit of a visitor, or None before the first `join`."""
        p = _participants.c
        with self._engine.connect() as connection:
            row = connection.execute(
                sa.select(p.id, p.number).where(p.study == self._study, p.visitor == visitor)
            ).one_or_none()
            if row is None:
                return None
            steps = connection.execute(
                _select_steps.where(_steps.c.participant == row.id).order_by(_steps.c.step)
            )
            return Visit(row.id, row.number, tuple(Step(*step) for step in steps))

    def join(self, visitor: str) -> Visit:
        """Return the visit of a visitor; begin one with the next free number if there is none."""
        p = _participants.c
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
                    connection.execute(sa.insert(_participants).from_select(columns, following))
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
                connection.execute(sa.insert(_steps).values(values))
        except IntegrityError:
            return False
        return True

    def journals(self) -> Iterator[tuple[int, list[tuple[int, Step]]]]:
        """Yield the number of every participant, and all (time, step).

        A time is in milliseconds since 1970, UTC.
        """
        p, s = _participants.c, _steps.c
        with self._engine.connect() as connection:
            joined = connection.execute(
                sa.select(p.id, p.number, p.joined_ms)
                .where(p.study == self._study)
                .order_by(p.number)
            ).all()
            steps: dict[int, list[tuple[int, Step]]] = {row.id: [] for row in joined}
            rows = connection.execute(
                _select_steps.add_columns(s.participant, s.at_ms)
                .join(_participants, p.id == s.participant)
                .where(p.study == self._study)
                .order_by(s.participant, s.step)
            )
            for row in rows:
                *step, participant, at = tuple(row)
                steps.setdefault(participant, []).append((at, Step(*step)))
        for row in joined:
            yield row.number, steps[row.id]


_select_steps = sa.select(*(_steps.c[field.name] for field in dataclasses.fields(Step)))


def _durable(connection, _) -> None:
    """Let SQLite read during a write, and write to the disk before a commit returns."""
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
