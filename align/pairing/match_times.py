"""Shots of two cameras paired by their capture times, and the offset between the two clocks.

Clocks are compared as they read. A time zone, daylight saving time and a clock that was never set
are all part of the offset, which may be hours or years. EXIF's time zone tags are not read, because
many cameras write none. The offset is one number for the whole shoot. Two clocks drift apart by a
second or two a day; that drift is not modeled and must fit into the tolerance.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from operator import itemgetter
from typing import NamedTuple

import numpy as np

from align.alignment_error import AlignmentError
from common.plural import plural

TOLERANCE = 10.0  # seconds between two shutters, after the clocks' offset is subtracted
# Share of the best offset's score. If a different offset reaches this share, the offset is unknown.
AMBIGUOUS_SHARE = 0.75
CANDIDATES = 24  # offsets that are examined closely
MAX_VOTES = 4_000_000  # time differences that vote for an offset; 32 MB
MAX_DENSITY = 30  # pairs of shots within the tolerance, for each shot; more are a burst, or copies

Times = Sequence[float] | np.ndarray


class TimeMatch(NamedTuple):
    """The shots paired at one offset: indices (phone, DSLR), and the score of the pairs."""

    pairs: list[tuple[int, int]]
    score: float  # the sum over the pairs of 1 − (seconds apart / TOLERANCE)²


def estimate_clock_offset(phone_times: Times, dslr_times: Times) -> float:
    """Estimate how far the DSLR's clock is ahead of the phone's, from irregular times alone.

    All differences of two times vote. Around the offsets with most votes the shots are paired one
    to one. The offset whose pairs have the best score wins, and is refined to the median of the
    pairs' differences. Shots may be missing on either side.

    Args:
        phone_times: Seconds, in any order.
        dslr_times: Seconds, in any order.

    Returns:
        DSLR minus phone, seconds.

    Raises:
        AlignmentError: A side has no time; or shots are so dense or so regular that a quite
            different pairing scores nearly as well.
    """
    phone, dslr = np.sort(phone_times), np.sort(dslr_times)
    if not (len(phone) and len(dslr)):
        raise AlignmentError("no capture times from which to estimate the clocks' offset")
    first = [
        (offset, match_times(phone, dslr, offset)) for offset in _candidate_offsets(phone, dslr)
    ]
    enough = max(match.score for _, match in first) / 2
    tried = [_refine_offset(phone, dslr, *each) for each in first if each[1].score >= enough]
    offset, best = max(tried, key=lambda candidate: candidate[1].score)
    own = set(best.pairs)
    for other_offset, other in tried:
        shared = len(own.intersection(other.pairs))
        if other.score >= AMBIGUOUS_SHARE * best.score and 2 * shared <= len(own):
            raise AlignmentError(
                f"capture times fit with the DSLR's clock {offset_in_words(offset)}, but nearly "
                f"as well {offset_in_words(other_offset)}: give the partners equal names, give "
                "--clock_offset, or pair by order"
            )
    return offset


def offset_in_words(offset: float) -> str:
    """Return a clock offset in words, such as "3612.0 s ahead"."""
    return f"{abs(offset):.1f} s {'behind' if offset < 0 else 'ahead'}"


def _candidate_offsets(phone: np.ndarray, dslr: np.ndarray) -> list[float]:
    """Return the offsets with most differences around them, at least half a tolerance apart."""
    voters = phone[:: 1 + len(phone) * len(dslr) // MAX_VOTES]
    differences = np.sort((dslr[None, :] - voters[:, None]).ravel())
    reach = TOLERANCE / 2
    first = np.searchsorted(differences, differences - reach, "left")
    votes = np.searchsorted(differences, differences + reach, "right") - first
    found = []
    while len(found) < CANDIDATES and votes.max() > 0:
        peak = differences[votes.argmax()]
        found.append(float(peak))
        low, high = np.searchsorted(differences, (peak - reach, peak + reach))
        votes[low : high + 1] = 0
    return found


def _refine_offset(
    phone: np.ndarray, dslr: np.ndarray, offset: float, match: TimeMatch
) -> tuple[float, TimeMatch]:
    """Move the offset to the median difference of its pairs while the move improves the score."""
    while True:
        moved = float(np.median([dslr[j] - phone[i] for i, j in match.pairs]))
        better = match_times(phone, dslr, moved)
        if better.score <= match.score:
            return offset, match
        offset, match = moved, better


def match_times(phone_times: Times, dslr_times: Times, offset: float) -> TimeMatch:
    """Pair shots one to one in the order of time, so that the score is greatest.

    Args:
        phone_times: Seconds, ascending.
        dslr_times: Seconds, ascending.
        offset: DSLR minus phone, seconds.

    Returns:
        The pairs less than `TOLERANCE` apart after the offset is subtracted, in the order of time.

    Raises:
        AlignmentError: Shots are too dense in time.
    """
    phone = np.asarray(phone_times, float).tolist()
    moved = (np.asarray(dslr_times, float) - offset).tolist()
    starts = [bisect_left(moved, time - TOLERANCE) for time in phone]
    stops = [bisect_right(moved, time + TOLERANCE) for time in phone]
    if sum(stops) - sum(starts) > MAX_DENSITY * (len(phone) + len(moved)):
        raise AlignmentError(
            "too many photos within seconds to pair them by time: pair by name or by order"
        )
    # best[k]: the greatest score of the phone's shots so far with the DSLR's first k, and the last
    # pair of that pairing, linked to the pairs before. This is the longest common subsequence, with
    # "near" in place of "equal".
    best: list[tuple[float, tuple | None]] = [(0.0, None)]
    for i, (time, start, stop) in enumerate(zip(phone, starts, stops, strict=True)):
        best += [best[-1]] * (stop + 1 - len(best))
        before = best[start]
        for j in range(start, stop):
            score = before[0] + 1 - ((moved[j] - time) / TOLERANCE) ** 2
            paired = (score, (i, j, before[1]))
            before = best[j + 1]
            best[j + 1] = max(before, best[j], paired, key=itemgetter(0))
    score, last = best[-1]
    pairs = []
    while last:
        i, j, last = last
        pairs.append((i, j))
    return TimeMatch(pairs[::-1], score)


def doubt_of_time(camera: str, times: Times, paired: Sequence[int]) -> str:
    """Warn of shots of one camera that could have been paired instead of another shot.

    Args:
        camera: The name of the camera in the warning.
        times: Seconds, ascending.
        paired: Indices of the shots that have a partner.

    Returns:
        The warning, or "" if no shot without a partner is within `TOLERANCE` of a shot with one.
    """
    moments = np.asarray(times, float)
    taken = np.zeros(len(moments), bool)
    taken[list(paired)] = True
    near = np.abs(moments[~taken, None] - moments[None, taken]) < TOLERANCE
    count = int(near.any(axis=1).sum())
    if not count:
        return ""
    return (
        f"{plural(count, 'photo')} of the {camera} without a partner: a photo taken less than "
        f"{TOLERANCE:g} seconds apart was paired instead, by its time alone. If the photos are "
        "exposure brackets, keep the same exposure of each scene."
    )
