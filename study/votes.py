"""Votes as rows: what the database holds, for statistics and as CSV."""

import csv
import dataclasses
import datetime
import io
from collections.abc import Iterable

from study.design import Study
from study.store import VOTE, Store


@dataclasses.dataclass(frozen=True)
class Vote:
    """One answer.

    Attributes:
        participant: number, from 0.
        step: of the participant's visit.
        time: UTC, ISO 8601 to the second.
        phone: of the photo.
        photo: the scene's name.
        left: class on the left.
        right: class on the right.
        better: the class that was chosen.
        repeat: whether the participant had been asked this before.
        undone: whether it was taken back: it does not count.
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
    """All answers in the database, undone ones too, by participant and step.

    Answers about classes or photos that the study does not have are left out.
    """
    known = {(picture.phone, picture.scene, picture.kind) for picture in study.pictures}
    votes = []
    for number, steps in store.journals():
        standing, mine = [], []
        for index, (at, step) in enumerate(steps):
            if step.action == VOTE:
                time = datetime.datetime.fromtimestamp(at // 1000, datetime.UTC)
                better = step.left if step.side == "left" else step.right
                standing.append(len(mine))
                mine.append(
                    Vote(number, index, time.strftime("%Y-%m-%dT%H:%M:%SZ"), step.phone, step.scene,
                         step.left, step.right, better, step.repeat, undone=False)
                )  # fmt: skip
            else:
                undone = standing.pop()
                mine[undone] = dataclasses.replace(mine[undone], undone=True)
        votes += (
            vote
            for vote in mine
            if {(vote.phone, vote.photo, vote.left), (vote.phone, vote.photo, vote.right)} <= known
        )
    return votes


def as_csv(votes: Iterable[Vote]) -> str:
    """The votes with a line of headings; yes and no as 1 and 0."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(field.name for field in dataclasses.fields(Vote))
    for vote in votes:
        writer.writerow(
            int(value) if isinstance(value, bool) else value for value in dataclasses.astuple(vote)
        )
    return text.getvalue()
