"""Analysis: all numbers of the report, computed from the votes of a study."""

import dataclasses
from collections import Counter
from collections.abc import Sequence

import numpy as np

from study.agreement import Agreement, measure_agreement
from study.bradley_terry import Scores, bradley_terry
from study.claims import Claim, check_claims, roles_of
from study.design import Study, StudyError
from study.shares import Share, share_of
from study.votes import Vote


@dataclasses.dataclass(frozen=True, eq=False)
class Analysis:
    """All numbers of the report.

    Attributes:
        study: the study.
        counted: the votes that count, that is, all votes that were not undone.
        undone: number of undone votes.
        participants: number of participants with votes.
        finished: number of participants who answered every question.
        roles: the classes of the roles "original", "enhanced" and "dslr"; None for no class.
        photos: shares of the first class by (phone, photo, first, second).
        pooled: shares over all photos by (phone or None for all phones, first, second); intervals
            hold for these photos. All phones are pooled if every phone has both classes.
        wider: like `pooled`, with intervals that also hold for other photos of the same kind.
        scores: Bradley-Terry scores by phone; None for all phones, with the classes that every
            phone has.
        reference: class with the score 0.
        agreement: agreement between participants and consistency of each participant.
        claims: tests of the claims.
        margin: margin of parity.
    """

    study: Study
    counted: tuple[Vote, ...]
    undone: int
    participants: int
    finished: int
    roles: dict[str, str | None]
    photos: dict[tuple[str, str, str, str], Share]
    pooled: dict[tuple[str | None, str, str], Share]
    wider: dict[tuple[str | None, str, str], Share]
    scores: dict[str | None, Scores]
    reference: str
    agreement: Agreement
    claims: tuple[Claim, ...]
    margin: float


def analyze(
    study: Study,
    votes: Sequence[Vote],
    roles: dict[str, str | None] | None = None,
    margin: float = 0.1,
    finished_only: bool = False,
) -> Analysis:
    """Compute all numbers. Answers to repeated questions count for consistency only.

    Args:
        study: the study.
        votes: result of `read_votes`.
        roles: classes of the roles that the names of the classes do not show.
        margin: a share within 1/2 ± margin is on a par with the DSLR.
        finished_only: leave out participants who did not answer everything.

    Raises:
        StudyError: no vote counts, or the class of a role does not exist.
    """
    roles = roles_of(study.classes, roles or {})
    standing = [vote for vote in votes if not vote.undone]
    answered = Counter(vote.participant for vote in standing)
    asked = len(study.questions()) + study.repeats
    whole = {who for who, count in answered.items() if count >= asked}
    counted = [v for v in standing if v.participant in whole or not finished_only]
    first = [vote for vote in counted if not vote.repeat]
    if not first:
        raise StudyError("there are no votes yet")
    table = _Table(study, first)
    keys = dict.fromkeys((q.phone, q.first, q.second) for q in study.questions())
    phones = study.phones
    common = _on_every_phone(study)
    if len(phones) > 1:
        keys |= dict.fromkeys((None, *pair) for pair in study.pairs if {*pair} <= {*common})
    reference = roles["original"] or study.classes[0]
    return Analysis(
        study=study,
        counted=tuple(counted),
        undone=len(votes) - len(standing),
        participants=len({vote.participant for vote in counted}),
        finished=len(whole),
        roles=roles,
        photos={
            (q.phone, q.scene, q.first, q.second): table.share(q.phone, q.first, q.second, q.scene)
            for q in study.questions()
        },
        pooled={key: table.share(*key) for key in keys},
        wider={key: table.share(*key, wider=True) for key in keys},
        scores={phone: table.scores(phone, reference, study.classes) for phone in phones}
        | ({None: table.scores(None, reference, common)} if len(phones) > 1 else {}),
        reference=reference,
        agreement=measure_agreement(counted),
        claims=tuple(check_claims(roles, keys, table.share, margin)),
        margin=margin,
    )


def _on_every_phone(study: Study) -> tuple[str, ...]:
    """Return the classes that every phone has; pooling others would compare different photos."""
    there = {(picture.phone, picture.kind) for picture in study.pictures}
    return tuple(c for c in study.classes if all((phone, c) in there for phone in study.phones))


class _Table:
    """The votes as arrays, one element for each vote."""

    def __init__(self, study: Study, votes: Sequence[Vote]):
        self._study = study
        place = {kind: i for i, kind in enumerate(study.classes)}
        self._winner = np.array([place[vote.better] for vote in votes])
        self._loser = np.array([place[vote.worse] for vote in votes])
        self._who = np.array([vote.participant for vote in votes])
        self._phone = np.array([vote.phone for vote in votes])
        self._photo = np.array([vote.photo for vote in votes])

    def share(
        self,
        phone: str | None,
        first: str,
        second: str,
        photo: str | None = None,
        wider: bool = False,
    ) -> Share:
        """Return the share of the first class in the votes between two classes."""
        one, other = (self._study.classes.index(kind) for kind in (first, second))
        won = (self._winner == one) & (self._loser == other)
        used = (won | ((self._winner == other) & (self._loser == one))) & self._of(phone)
        if photo is not None:
            used &= self._photo == photo
        photos = np.unique(self._photo, return_inverse=True)[1].ravel()
        return share_of(won[used], self._who[used], photos[used] if wider else None)

    def scores(self, phone: str | None, reference: str, among: Sequence[str]) -> Scores:
        """Return the scores of the classes that were compared for a phone."""
        allowed = np.isin(self._study.classes, among)
        used = self._of(phone) & allowed[self._winner] & allowed[self._loser]
        seen = {*self._winner[used], *self._loser[used]}
        classes = tuple(c for i, c in enumerate(self._study.classes) if i in seen)
        zero = reference if reference in classes else (classes or self._study.classes)[0]
        place = np.array([classes.index(c) if c in classes else -1 for c in self._study.classes])
        return bradley_terry(
            place[self._winner[used]], place[self._loser[used]], self._who[used],
            classes or self._study.classes, zero,
        )  # fmt: skip

    def _of(self, phone: str | None) -> np.ndarray:
        return np.full(len(self._who), True) if phone is None else self._phone == phone
