"""Votes as rows, for the statistics and for CSV."""

import csv
import dataclasses
import datetime
import io
from collections.abc import Iterable, Iterator

from study.design import Study
from study.journal import VOTE
from study.store import Store


@dataclasses.dataclass(frozen=True)
class Vote:
    """One answer.

    Attributes:
        participant: number of the participant, from 0.
        step: step in the visit of the participant.
        time: time in UTC, ISO 8601, in whole seconds.
        phone: phone of the photo.
        photo: name of the scene.
        left: class of the left photo.
        right: class of the right photo.
        better: the chosen class.
        repeat: whether the participant answered the question for the second time.
        undone: whether the participant took the answer back; such a vote does not count.
    """

    participant: int
    step: int
    time: str
    phone: str
    photo: str
    left: str
    right: str
    better: str
    repeat: bool
    undone: bool

    @property
    def worse(self) -> str:
        """The class that was not chosen."""
        return self.right if self.better == self.left else self.left


def read_votes(study: Study, store: Store) -> list[Vote]:
    """Read all answers about the study's photos, undone answers too.

    Args:
        study: the study.
        store: the answers.

    Returns:
        The answers, ordered by participant and step. Answers about classes or photos that are not
        part of the study are left out.

    Raises:
        StudyError: the database is damaged.
        sqlalchemy.exc.SQLAlchemyError: the database cannot be read.
    """
    known = {(picture.phone, picture.scene, picture.kind) for picture in study.pictures}
    return [
        vote
        for vote in every_vote(store)
        if {(vote.phone, vote.photo, vote.left), (vote.phone, vote.photo, vote.right)} <= known
    ]


def every_vote(store: Store) -> Iterator[Vote]:
    """Yield all answers of a database, as `read_votes`, whatever they are about."""
    for number, steps in store.journals():
        standing, own = [], []
        for index, (at, step) in enumerate(steps):
            if step.action == VOTE:
                time = datetime.datetime.fromtimestamp(at // 1000, datetime.UTC)
                better = step.left if step.side == "left" else step.right
                standing.append(len(own))
                own.append(
                    Vote(number, index, time.strftime("%Y-%m-%dT%H:%M:%SZ"), step.phone, step.scene,
                         step.left, step.right, better, step.repeat, undone=False)
                )  # fmt: skip
            else:
                undone = standing.pop()
                own[undone] = dataclasses.replace(own[undone], undone=True)
        yield from own


def as_csv(votes: Iterable[Vote]) -> str:
    """Return the votes as CSV with a line of headings; 1 and 0 stand for yes and no."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(field.name for field in dataclasses.fields(Vote))
    for vote in votes:
        writer.writerow(
            int(value) if isinstance(value, bool) else value for value in dataclasses.astuple(vote)
        )
    return text.getvalue()
