"""Shares of votes with intervals that know that one person's votes are not independent.

Votes of one participant are alike (taste, screen), and so are votes about one photo. The variance
of a share is therefore taken over participants as clusters, or over participants and photos both
(A. C. Cameron, J. B. Gelbach, D. L. Miller, "Robust inference with multiway clustering", J. Bus.
Econ. Stat. 29, 2011), and turned into the number of independent votes that would vary as much. With
that number the interval is Wilson's (E. B. Wilson, JASA 22, 1927), with Student's t for the number
of clusters: it stays inside 0 to 1 and does not collapse where all agree.
"""

import dataclasses
import math

import numpy as np
from scipy import stats

LEVEL = 0.95


@dataclasses.dataclass(frozen=True)
class Share:
    """A share of votes.

    Attributes:
        wins: votes for.
        votes: all.
        share: wins / votes.
        effective: number of independent votes that would vary as much.
        freedom: degrees of freedom of that; infinite where votes are independent.
    """

    wins: int
    votes: int
    share: float
    effective: float
    freedom: float

    def interval(self, level: float = LEVEL) -> tuple[float, float]:
        """Wilson's interval; not numbers where a single cluster tells nothing of the variance."""
        if not self.effective > 0 or not self.freedom > 0:
            return math.nan, math.nan
        t = stats.t.ppf((1 + level) / 2, self.freedom)
        n, p = self.effective, self.share
        middle = (p + t * t / (2 * n)) / (1 + t * t / n)
        half = t / (1 + t * t / n) * math.sqrt(p * (1 - p) / n + t * t / (4 * n * n))
        # It holds the share, which rounding could deny where all agree.
        return max(0.0, min(middle - half, p)), min(1.0, max(middle + half, p))

    def p_above(self, value: float) -> float:
        """One-sided p-value of the score test of "the true share is not above `value`".

        The two-sided test of level 5 % rejects `value` just where it lies outside `interval`.
        """
        if not self.effective > 0 or not self.freedom > 0:
            return math.nan
        z = (self.share - value) / math.sqrt(value * (1 - value) / self.effective)
        return float(stats.t.sf(z, self.freedom))


def share_of(won: np.ndarray, participants: np.ndarray, photos: np.ndarray | None = None) -> Share:
    """The share of votes won.

    Args:
        won: `(N,)` bool, one a vote.
        participants: `(N,)` int, who voted.
        photos: `(N,)` int, on which photo: then the interval is one for other photos of the kind,
            too; None for these photos.

    Returns:
        The share; not a number for no votes.
    """
    won = np.asarray(won, bool)
    votes = len(won)
    if not votes:
        return Share(0, 0, math.nan, 0.0, 0.0)
    share = float(won.mean())
    people = len(np.unique(participants))
    if photos is None and people == votes:
        return Share(int(won.sum()), votes, share, votes, math.inf)
    residuals = won - share
    variance = _variance(residuals, participants)
    clusters = people
    if photos is not None:
        both = np.unique(np.stack([participants, photos]), axis=1, return_inverse=True)[1].ravel()
        two_way = variance + _variance(residuals, photos) - _variance(residuals, both)
        clusters = min(people, len(np.unique(photos)))
        variance = max(variance, two_way, _variance(residuals, photos))
    if clusters < 2:
        return Share(int(won.sum()), votes, share, 0.0, 0.0)
    spread = share * (1 - share)
    # Where all votes agree they say nothing of how alike votes of one participant are.
    effective = min(votes, spread / variance) if spread > 0 and variance > 0 else clusters
    return Share(int(won.sum()), votes, share, float(effective), clusters - 1)


def _variance(residuals, clusters) -> float:
    """Of the mean, by sums of each cluster."""
    _, index = np.unique(clusters, return_inverse=True)
    sums = np.bincount(index.ravel(), residuals)
    count = len(sums)
    return float(count / max(count - 1, 1) * (sums**2).sum() / len(residuals) ** 2)
