"""Shares of votes, with intervals that respect that the votes of one person are not independent.

The votes of one participant resemble each other (taste, screen), and so do the votes about one
photo. The variance of a share is therefore computed over participants as clusters, or over
participants and photos as two-way clusters (A. C. Cameron, J. B. Gelbach, D. L. Miller, "Robust
inference with multiway clustering", J. Bus. Econ. Stat. 29, 2011). The variance gives the effective
number of votes: the number of independent votes with the same variance. The interval is Wilson's
interval (E. B. Wilson, JASA 22, 1927) for this number, with Student's t for the number of clusters.
Such an interval stays within 0 and 1 and keeps a width even if all votes agree.
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
        wins: number of votes for.
        votes: number of all votes.
        share: wins / votes.
        effective: effective number of votes.
        freedom: degrees of freedom; infinite if the votes are independent.
    """

    wins: int
    votes: int
    share: float
    effective: float
    freedom: float

    def interval(self, level: float = LEVEL) -> tuple[float, float]:
        """Return Wilson's interval; NaN if there is one cluster, which shows no variance."""
        if not self.effective > 0 or not self.freedom > 0:
            return math.nan, math.nan
        t = stats.t.ppf((1 + level) / 2, self.freedom)
        n, p = self.effective, self.share
        middle = (p + t * t / (2 * n)) / (1 + t * t / n)
        half = t / (1 + t * t / n) * math.sqrt(p * (1 - p) / n + t * t / (4 * n * n))
        # The interval contains the share. Without the limits, rounding could exclude the share.
        return max(0.0, min(float(middle - half), p)), min(1.0, max(float(middle + half), p))

    def p_above(self, value: float) -> float:
        """Return the one-sided p-value of the score test of "the true share is at most `value`".

        The two-sided test with level 5 % rejects `value` exactly if `value` is outside `interval`.
        """
        if not self.effective > 0 or not self.freedom > 0:
            return math.nan
        z = (self.share - value) / math.sqrt(value * (1 - value) / self.effective)
        return float(stats.t.sf(z, self.freedom))


def share_of(won: np.ndarray, participants: np.ndarray, photos: np.ndarray | None = None) -> Share:
    """Return the share of votes that were won.

    Args:
        won: `(N,)` bool, for each vote whether it was won.
        participants: `(N,)` int, participant of each vote.
        photos: `(N,)` int, photo of each vote, for an interval that also holds for other photos of
            the same kind; None for an interval for these photos.

    Returns:
        The share; NaN if there are no votes.
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
    # If all votes agree, the resemblance within clusters is unknown: count each cluster once.
    effective = min(votes, spread / variance) if spread > 0 and variance > 0 else clusters
    return Share(int(won.sum()), votes, share, float(effective), clusters - 1)


def _variance(residuals: np.ndarray, clusters: np.ndarray) -> float:
    """Return the variance of the mean from the sums over clusters."""
    _, index = np.unique(clusters, return_inverse=True)
    sums = np.bincount(index.ravel(), residuals)
    count = len(sums)
    return float(count / max(count - 1, 1) * (sums**2).sum() / len(residuals) ** 2)
