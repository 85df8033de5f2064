"""Votes in a database: every step of every visit, written once, never changed.

A visit is a journal. Step 0 is its first vote; undoing a vote is a step too. (participant, step) is
the primary key, so that the database itself refuses a second answer to the same step, whichever
process, thread or tab it comes from.
"""

import dataclasses
import random
import time
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from study.design import DATABASE

VOTE, UNDO = "vote", "undo"
BUSY_SECONDS = 30  # that a writer waits for the others
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
        position: which question of the participant's plan, from 0.
        repeat: whether the question is asked a second time.
        phone: of the photo.
        scene: of the photo.
        left: class on the left.
        right: class on the right.
        side: "left" or "right": the better one; of an undone vote, what it was.
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
    """A participant and all steps so far.

    Attributes:
        participant: key in the database.
        number: counts the study's participants, from 0.
        steps: in order.
    """

    participant: int
    number: int
    steps: tuple[Step, ...]


def sqlite_url(folder: str | Path) -> str:
    """The database in the study's own folder."""
    return sa.URL.create("sqlite", database=str(Path(folder) / DATABASE)).render_as_string()


class Store:
    """The database of a study; threads and processes may share it."""

    def __init__(self, url: str, study: str):
        """Open the database and make its tables where they are missing.

        Args:
            url: as SQLAlchemy takes it.
            study: the study's id.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: the URL is wrong or the database cannot be reached.
            ImportError: the database's driver is not installed.
        """
        self._study = study
        parsed = sa.make_url(url)
        sqlite = parsed.get_backend_name() == "sqlite"
        options = {"timeout": BUSY_SECONDS} if sqlite else {}
        self._engine = sa.create_engine(
            parsed, connect_args=options, pool_size=20, max_overflow=20, pool_pre_ping=not sqlite
        )
        if sqlite:
            sa.event.listen(self._engine, "connect", _durable)
        try:
            _metadata.create_all(self._engine)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of all connections."""
        self._engine.dispose()

    def visit(self, visitor: str) -> Visit | None:
        """The visit of a visitor, or None before the first `join`."""
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
        """The visitor's visit, begun with the next free number if there is none yet."""
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
            except IntegrityError:  # another took the number, or the visitor came twice
                time.sleep(random.uniform(0, 0.02))
        raise TimeoutError("too many participants join at once")

    def append(self, visit: Visit, step: Step) -> bool:
        """Write the visit's next step.

        Returns:
            Whether it is there for good. If not, that step was there before.
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
        """Every participant's number, and steps with their times.

        Times are milliseconds since 1970, UTC.
        """
        p, s = _participants.c, _steps.c
        with self._engine.connect() as connection:
            joined = connection.execute(
                sa.select(p.id, p.number, p.joined_ms)
                .where(p.study == self._study)
                .order_by(p.number)
            ).all()
            steps: dict[int, list] = {row.id: [] for row in joined}
            rows = connection.execute(
                _select_steps.add_columns(s.participant, s.at_ms)
                .join(_participants, p.id == s.participant)
                .where(p.study == self._study)
                .order_by(s.participant, s.step)
            )
            for *step, participant, at in rows:
                steps.setdefault(participant, []).append((at, Step(*step)))
        for row in joined:
            yield row.number, steps[row.id]


_select_steps = sa.select(*(_steps.c[field.name] for field in dataclasses.fields(Step)))


def _durable(connection, _) -> None:
    """SQLite: readers beside a writer; a commit is on the disk before it is acknowledged."""
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
