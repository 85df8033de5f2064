"""Whether participants agree with each other and with themselves.

- Agreement: of two participants asked the same question, how often they answer alike; 1/2 by
  chance. M. G. Kendall and B. Babington Smith ("On the method of paired comparisons", Biometrika
  31, 1940) call 2·agreement − 1 the coefficient of agreement u: 1 where all agree, 0 by chance. Its
  interval is the jackknife's over participants.
- Circular triads, from the same paper: A over B, B over C, but C over A. Who guesses closes a
  circle in one of four triads.
- Repeats: questions answered alike at the second time, with the sides exchanged; 1/2 by chance.
- Side: how often the left photo is chosen; sides are random, so that 1/2 is without bias.
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
class Person:
    """How one participant answered.

    Attributes:
        participant: number.
        votes: answers, repeats left out.
        left: of these, for the left photo.
        repeats: questions answered twice.
        kept: of these, answered alike.
        triads: of three classes of a photo, all pairs answered.
        circles: of these, circular.
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
    """Of all participants.

    Attributes:
        u: Kendall's coefficient of agreement; not a number if no two were asked the same.
        low: lower end of its interval.
        high: upper end.
        repeats: share of repeated questions answered alike.
        straight: share of triads that are not circular.
        left: share of votes for the left photo.
        people: each participant.
    """

    u: float
    low: float
    high: float
    repeats: Share
    straight: Share
    left: Share
    people: tuple[Person, ...]


def agreement(votes: Sequence[Vote]) -> Agreement:
    """Agreement and consistency of votes that count, repeats among them."""
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
        u, low, high, *map(_share, (again, [(who, not c) for who, c in triads], left)),
        _people(first, again, triads),
    )  # fmt: skip


def _question(vote: Vote) -> tuple:
    return vote.phone, vote.photo, frozenset((vote.left, vote.right))


def _share(rows) -> Share:
    return share_of(np.array([good for _, good in rows], bool), np.array([who for who, _ in rows]))


def _triads(votes) -> list[tuple[int, bool]]:
    """(participant, is circular) of every three classes of a photo compared by one participant."""
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


def _kendall_u(votes) -> tuple[float, float, float]:
    """Kendall's u and its jackknife interval over participants."""
    questions = {q: i for i, q in enumerate(dict.fromkeys(map(_question, votes)))}
    people = {p: i for i, p in enumerate(dict.fromkeys(vote.participant for vote in votes))}
    # +1 for the one class, -1 for the other, 0 for no answer.
    answers = np.zeros((len(people), len(questions)))
    for vote in votes:
        one = min(vote.left, vote.right)
        answers[people[vote.participant], questions[_question(vote)]] = (
            1 if vote.better == one else -1
        )
    asked = answers != 0
    sums, counts = answers.sum(axis=0), asked.sum(axis=0)

    def u(sums, counts):
        """Sum over pairs of participants of the products of their answers, per pair."""
        pairs = (counts * (counts - 1)).sum(axis=-1)
        products = (sums**2 - counts).sum(axis=-1)
        return np.divide(products, pairs, where=pairs > 0, out=np.full(np.shape(pairs), np.nan))

    value = float(u(sums, counts))
    size = len(people)
    left_out = u(sums - answers, counts - asked) if size > 2 else np.array([np.nan])
    error = math.sqrt((size - 1) / size * ((left_out - left_out.mean()) ** 2).sum()) if size else 0
    t = stats.t.ppf((1 + LEVEL) / 2, max(size - 1, 1))
    return value, max(-1.0, value - t * error), min(1.0, value + t * error)


def _people(first, again, triads) -> tuple[Person, ...]:
    votes = Counter(vote.participant for vote in first)
    left = Counter(vote.participant for vote in first if vote.better == vote.left)
    repeats, kept = (Counter(w for w, same in again if same or every) for every in (True, False))
    three, circles = (Counter(w for w, is_c in triads if is_c or every) for every in (True, False))
    return tuple(
        Person(who, votes[who], left[who], repeats[who], kept[who], three[who], circles[who])
        for who in sorted(votes)
    )
