"""Agreement of participants with each other, and consistency of each participant.

- Agreement: the chance that two participants give the same answer to the same question; 1/2 by
  chance. M. G. Kendall and B. Babington Smith ("On the method of paired comparisons", Biometrika
  31, 1940) call 2·agreement − 1 the coefficient of agreement u: 1 if all agree, 0 by chance. The
  interval comes from the jackknife over participants.
- Circular triads, from the same paper: A over B, B over C, but C over A. A participant who guesses
  makes one of four triads circular.
- Repeats: questions with the same answer at the second time, with the sides exchanged; 1/2 by
  chance.
- Side: the share of votes for the left photo. Sides are random, so 1/2 means no bias.
"""

import dataclasses
import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
from scipy import stats

from study.shares import LEVEL, Share, share_of
from study.votes import Vote


@dataclasses.dataclass(frozen=True)
class ParticipantRecord:
    """Counts of the answers of one participant.

    Attributes:
        participant: number of the participant.
        votes: answers without repeats.
        left: answers, without repeats, for the left photo.
        repeats: questions with two answers.
        kept: questions with two equal answers.
        triads: triads of classes of a photo with answers to all three pairs.
        circles: circular triads.
    """

    participant: int
    votes: int
    left: int
    repeats: int
    kept: int
    triads: int
    circles: int


@dataclasses.dataclass(frozen=True)
class Agreement:
    """Agreement and consistency of all participants.

    Attributes:
        u: Kendall's coefficient of agreement; NaN if no two participants had the same question.
        low: lower end of the interval of u.
        high: upper end of the interval of u.
        repeats: share of repeated questions with the same answer.
        straight: share of triads that are not circular.
        left: share of votes for the left photo.
        people: the record of each participant.
    """

    u: float
    low: float
    high: float
    repeats: Share
    straight: Share
    left: Share
    people: tuple[ParticipantRecord, ...]


def measure_agreement(votes: Sequence[Vote]) -> Agreement:
    """Measure agreement and consistency of all votes that count, repeats included."""
    first = [vote for vote in votes if not vote.repeat]
    answers = {(v.participant, _question(v)): v for v in first}
    again = [
        (v.participant, answers[v.participant, _question(v)].better == v.better)
        for v in votes
        if v.repeat and (v.participant, _question(v)) in answers
    ]
    triads = _triads(first)
    left = [(v.participant, v.better == v.left) for v in first]
    u, low, high = _kendall_u(first)
    return Agreement(
        u=u,
        low=low,
        high=high,
        repeats=_share(again),
        straight=_share([(who, not circular) for who, circular in triads]),
        left=_share(left),
        people=_people(first, again, triads),
    )


def _question(vote: Vote) -> tuple:
    return vote.phone, vote.photo, frozenset((vote.left, vote.right))


def _share(rows: Sequence[tuple[int, bool]]) -> Share:
    """Return the share of True in rows of (participant, bool)."""
    return share_of(np.array([good for _, good in rows], bool), np.array([who for who, _ in rows]))


def _triads(votes: Sequence[Vote]) -> list[tuple[int, bool]]:
    """Return (participant, is circular) for every three classes of a photo with all answers."""
    better: dict[tuple, dict[frozenset, str]] = defaultdict(dict)
    for vote in votes:
        better[vote.participant, vote.phone, vote.photo][frozenset((vote.left, vote.right))] = (
            vote.better
        )
    found = []
    for (who, *_), pairs in better.items():
        classes = sorted(set().union(*pairs))
        for three in itertools.combinations(classes, 3):
            sides = [frozenset(pair) for pair in itertools.combinations(three, 2)]
            if all(side in pairs for side in sides):
                found.append((who, len({pairs[side] for side in sides}) == 3))
    return found


def _kendall_u(votes: Sequence[Vote]) -> tuple[float, float, float]:
    """Return Kendall's u and its jackknife interval over participants."""
    questions = {q: i for i, q in enumerate(dict.fromkeys(map(_question, votes)))}
    people = {p: i for i, p in enumerate(dict.fromkeys(vote.participant for vote in votes))}
    # +1 for one class, -1 for the other class, 0 without an answer.
    answers = np.zeros((len(people), len(questions)))
    for vote in votes:
        one = min(vote.left, vote.right)
        answers[people[vote.participant], questions[_question(vote)]] = (
            1 if vote.better == one else -1
        )
    asked = answers != 0
    sums, counts = answers.sum(axis=0), asked.sum(axis=0)

    def u(sums, counts):
        """Return the mean over pairs of participants of the product of their answers."""
        pairs = (counts * (counts - 1)).sum(axis=-1)
        products = (sums**2 - counts).sum(axis=-1)
        return np.divide(products, pairs, where=pairs > 0, out=np.full(np.shape(pairs), np.nan))

    value = float(u(sums, counts))
    size = len(people)
    left_out = u(sums - answers, counts - asked) if size > 2 else np.array([np.nan])
    error = math.sqrt((size - 1) / size * ((left_out - left_out.mean()) ** 2).sum()) if size else 0
    reach = float(stats.t.ppf((1 + LEVEL) / 2, max(size - 1, 1))) * error
    return value, max(-1.0, value - reach), min(1.0, value + reach)


def _people(
    first: Sequence[Vote],
    again: Sequence[tuple[int, bool]],
    triads: Sequence[tuple[int, bool]],
) -> tuple[ParticipantRecord, ...]:
    votes = Counter(vote.participant for vote in first)
    left = Counter(vote.participant for vote in first if vote.better == vote.left)
    repeats, kept = Counter(who for who, _ in again), Counter(who for who, same in again if same)
    three, circles = Counter(who for who, _ in triads), Counter(who for who, c in triads if c)
    return tuple(
        ParticipantRecord(
            who, votes[who], left[who], repeats[who], kept[who], three[who], circles[who]
        )
        for who in sorted(votes)
    )
