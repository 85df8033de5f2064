"""Two cameras' clocks: when photos were taken, and by how much one clock is ahead of the other.

Clocks are compared as they read. A time zone, daylight saving or a clock that was never set are
all part of the offset, which may be hours or years; EXIF's time zone tags are not read, because
many cameras write none. The offset is one number for the whole shoot: drift, a second or two
a day between two cameras, is not modelled and has to fit into the tolerance.
"""

import datetime
import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

import numpy as np

from align.alignment_error import AlignmentError
from photos import opened

TOLERANCE = 10.0  # seconds between two shutters, apart from the clocks' offset
AMBIGUOUS = 0.75  # of the best offset's score; a different offset that reaches this leaves it open
CANDIDATES = 24  # offsets that are looked at closely
MOST_VOTES = 4_000_000  # differences of times that vote for an offset; 32 MB
DENSEST = 30  # pairs of shots within the tolerance, for each shot; more are a burst, or copies

_EXIF = 0x8769
# Date tag, tag of its fractions of a second, and whether both are in the Exif directory: the
# moment of exposure, the moment of digitization, the file's last change.
_TIMES = ((0x9003, 0x9291, True), (0x9004, 0x9292, True), (0x0132, 0x9290, False))
_DATE = re.compile(r"\s*(\d{4})\D(\d\d)\D(\d\d)\D+(\d\d)\D(\d\d)\D(\d\d)")


class Match(NamedTuple):
    """Shots paired at one offset: indices (phone, DSLR), and how well they agree."""

    pairs: list[tuple[int, int]]
    score: float  # of each pair 1 − (seconds apart / TOLERANCE)², summed


def capture_time(path: str | Path) -> float | None:
    """When a photo was taken by its camera's clock, as EXIF says.

    DateTimeOriginal, or else DateTimeDigitized, or else DateTime, each with its SubSecTime.

    Returns:
        Seconds since 1970 began on that clock; None where the file has no such time.
    """
    try:
        with opened(path) as image:
            exif = image.getexif()
            details = exif.get_ifd(_EXIF)
    except Exception:  # damaged metadata raises almost anything; the photo itself may be whole
        return None
    for date_tag, fraction_tag, detailed in _TIMES:
        seconds = _seconds((details if detailed else exif).get(date_tag))
        if seconds is not None:
            fraction = re.match(r"\s*(\d+)", str(details.get(fraction_tag, "")))
            return seconds + (float(f"0.{fraction[1]}") if fraction else 0.0)
    return None


def _seconds(date: object) -> float | None:
    """An EXIF date, "YYYY:MM:DD HH:MM:SS", as seconds since 1970; None if it is none."""
    found = _DATE.match(str(date))
    try:
        moment = datetime.datetime(*map(int, found.groups())) if found else None
    except ValueError:  # "0000:00:00 00:00:00" of a clock that was never set
        return None
    return (moment - datetime.datetime(1970, 1, 1)).total_seconds() if moment else None


def estimate_offset(phone_times: Sequence[float], dslr_times: Sequence[float]) -> float:
    """By how much the DSLR's clock is ahead of the phone's, from irregular times alone.

    All differences of two times vote; around the offsets with most votes the shots are paired one
    to one, and the offset whose pairs have the best score wins, refined to the median of their
    differences. Shots may be missing on either side.

    Args:
        phone_times: seconds, in any order.
        dslr_times: seconds, in any order.

    Returns:
        DSLR minus phone, seconds.

    Raises:
        AlignmentError: a side has no time; shots are so dense or so regular that a quite different
            pairing does nearly as well.
    """
    phone, dslr = np.sort(phone_times), np.sort(dslr_times)
    if not (len(phone) and len(dslr)):
        raise AlignmentError("no capture times to tell the clocks' offset from")
    first = [(offset, match_times(phone, dslr, offset)) for offset in _candidates(phone, dslr)]
    enough = max(match.score for _, match in first) / 2
    tried = [_refined(phone, dslr, *each) for each in first if each[1].score >= enough]
    offset, best = max(tried, key=lambda candidate: candidate[1].score)
    own = set(best.pairs)
    for other_offset, other in tried:
        shared = len(own.intersection(other.pairs))
        if other.score >= AMBIGUOUS * best.score and 2 * shared <= len(own):
            raise AlignmentError(
                f"capture times fit with the DSLR's clock {ahead(offset)}, but nearly as well "
                f"{ahead(other_offset)}: name partners alike, give --clock_offset, or pair by order"
            )
    return offset


def ahead(offset: float) -> str:
    """A clock offset in words, such as "3612.0 s ahead"."""
    return f"{abs(offset):.1f} s {'behind' if offset < 0 else 'ahead'}"


def _candidates(phone: np.ndarray, dslr: np.ndarray) -> list[float]:
    """The offsets with most differences around them, at least half a tolerance apart."""
    voters = phone[:: 1 + len(phone) * len(dslr) // MOST_VOTES]
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


def _refined(phone, dslr, offset: float, match: Match) -> tuple[float, Match]:
    """The offset moved to the median difference of its pairs, for as long as that helps."""
    while True:
        moved = float(np.median([dslr[j] - phone[i] for i, j in match.pairs]))
        better = match_times(phone, dslr, moved)
        if better.score <= match.score:
            return offset, match
        offset, match = moved, better


def match_times(phone_times: Sequence[float], dslr_times: Sequence[float], offset: float) -> Match:
    """Pair shots one to one in the order of time, so that the score is greatest.

    Args:
        phone_times: seconds, ascending.
        dslr_times: seconds, ascending.
        offset: DSLR minus phone, seconds.

    Returns:
        Pairs less than `TOLERANCE` apart once the offset is taken off, in the order of time.

    Raises:
        AlignmentError: shots are too dense in time.
    """
    phone = np.asarray(phone_times, float).tolist()
    moved = (np.asarray(dslr_times, float) - offset).tolist()
    starts = [bisect_left(moved, time - TOLERANCE) for time in phone]
    stops = [bisect_right(moved, time + TOLERANCE) for time in phone]
    if sum(stops) - sum(starts) > DENSEST * (len(phone) + len(moved)):
        raise AlignmentError(
            "too many photos within seconds to pair them by time: pair by name or by order"
        )
    # best[k]: the greatest score of the phone's shots so far with the DSLR's first k, and the last
    # of its pairs, linked to those before. Longest common subsequence, but with near for equal.
    best = [(0.0, None)]
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
    return Match(pairs[::-1], score)
