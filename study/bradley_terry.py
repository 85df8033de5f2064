"""Bradley-Terry scores of classes, with intervals.

Formula: P(i is preferred to j) = 1 / (1 + exp(s_j - s_i)) (R. A. Bradley, M. E. Terry, Biometrika
39, 1952). The library choix maximizes the likelihood. A score is the difference to a reference
class, in logits: 0 is parity, 1 wins 73 % of the votes, 2 wins 88 %. The covariance is the sandwich
estimate with participants as clusters (K.-Y. Liang, S. L. Zeger, Biometrika 73, 1986), with
Student's t for the number of participants.
"""

import dataclasses

import choix
import numpy as np
from scipy import stats
from scipy.sparse.csgraph import connected_components

from study.shares import LEVEL

HALF_A_VOTE = 0.5
_ITERATIONS = 10_000


@dataclasses.dataclass(frozen=True, eq=False)
class Scores:
    """Scores of classes.

    Attributes:
        classes: names of the K classes.
        score: `(K,)` logits above the reference; NaN for a class without a chain of votes to the
            reference.
        low: `(K,)` lower ends of the intervals; NaN for the reference.
        high: `(K,)` upper ends of the intervals; NaN for the reference.
        bounded: False if a class won or lost every vote. The likelihood then has no maximum, and
            half a vote was added in each direction to every pair of classes with votes.
    """

    classes: tuple[str, ...]
    score: np.ndarray
    low: np.ndarray
    high: np.ndarray
    bounded: bool


def bradley_terry(
    winners: np.ndarray,
    losers: np.ndarray,
    participants: np.ndarray,
    classes: tuple[str, ...],
    reference: str,
) -> Scores:
    """Fit the scores to votes.

    Args:
        winners: `(N,)` int, preferred class of each vote as an index into `classes`.
        losers: `(N,)` int, other class of each vote.
        participants: `(N,)` int, participant of each vote.
        classes: names of the classes.
        reference: class with the score 0.
    """
    size, zero = len(classes), classes.index(reference)
    wins = np.zeros((size, size))
    np.add.at(wins, (winners, losers), 1)
    _, islands = connected_components(wins, directed=False)
    linked = np.flatnonzero(islands == islands[zero])
    score, low, high = (np.full(size, np.nan) for _ in range(3))
    score[zero] = 0
    if len(linked) < 2:
        return Scores(classes, score, low, high, True)
    place = np.full(size, -1)
    place[linked] = np.arange(len(linked))
    used = (place[winners] >= 0) & (place[losers] >= 0)
    counts = wins[np.ix_(linked, linked)]
    bounded = connected_components(counts, connection="strong")[0] == 1
    if not bounded:
        counts = counts + HALF_A_VOTE * ((counts + counts.T) > 0)
    fitted = choix.ilsr_pairwise_dense(counts, max_iter=_ITERATIONS)
    fitted = fitted - fitted[place[zero]]
    errors = _standard_errors(
        fitted, place[winners[used]], place[losers[used]], participants[used], place[zero]
    )
    score[linked] = fitted
    people = len(np.unique(participants[used]))
    t = stats.t.ppf((1 + LEVEL) / 2, people - 1) if people > 1 else np.nan
    low[linked], high[linked] = fitted - t * errors, fitted + t * errors
    low[zero] = high[zero] = np.nan
    return Scores(classes, score, low, high, bounded)


def _standard_errors(
    fitted: np.ndarray,
    winners: np.ndarray,
    losers: np.ndarray,
    participants: np.ndarray,
    zero: int,
) -> np.ndarray:
    """Return the standard errors of K scores; the error of class `zero`, the reference, is 0."""
    size, votes = len(fitted), len(winners)
    design = np.zeros((votes, size))
    design[np.arange(votes), winners] = 1
    design[np.arange(votes), losers] = -1
    design = np.delete(design, zero, axis=1)
    expected = 1 / (1 + np.exp(fitted[losers] - fitted[winners]))
    bread = np.linalg.inv((design * (expected * (1 - expected))[:, None]).T @ design)
    _, index = np.unique(participants, return_inverse=True)
    people = index.max() + 1
    sums = np.zeros((people, size - 1))
    np.add.at(sums, index, design * (1 - expected)[:, None])
    meat = people / max(people - 1, 1) * sums.T @ sums
    return np.insert(np.sqrt(np.diag(bread @ meat @ bread)), zero, 0)
