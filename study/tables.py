"""The tables of a study's database, and their creation by several servers at once.

The primary key of a step is (participant, step). The database therefore refuses a second answer to
the same step from any process, thread or tab.
"""

import random
import time

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError

ATTEMPTS = 50

_metadata = sa.MetaData()
participants = sa.Table(
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
steps = sa.Table(
    "steps",
    _metadata,
    sa.Column(
        "participant", sa.ForeignKey(participants.c.id), primary_key=True, autoincrement=False
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


def create_tables(engine: sa.Engine) -> None:
    """Create missing tables, also while other servers create the tables of a new database.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: the database cannot be reached or changed.
    """
    for attempt in range(ATTEMPTS):
        try:
            _metadata.create_all(engine)
            return
        except (IntegrityError, OperationalError, ProgrammingError) as error:
            # SQLite does not wait for a lock while another process turns on the WAL mode.
            raced = not isinstance(error, OperationalError) or any(
                words in str(error.orig) for words in ("already exists", "locked")
            )
            if not raced or attempt == ATTEMPTS - 1:
                raise
            time.sleep(random.uniform(0.01, 0.1))
