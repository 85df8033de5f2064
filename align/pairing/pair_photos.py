"""Pairs of photos: which DSLR photo shows the scene of which phone photo."""

import dataclasses
import enum
import math
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from align.alignment_error import AlignmentError
from align.pairing.match_times import (
    doubt_of_time,
    estimate_clock_offset,
    match_times,
    offset_in_words,
)
from align.pairing.read_capture_time import read_capture_time
from photos import WRITTEN_SUFFIXES, photos_in

MIN_PAIRED = 0.5  # share of the smaller folder that must pair before `AUTO` trusts names or times
MIN_TIMED = 0.9  # share of each folder that must have a capture time before `AUTO` uses times
_JPEG = (".jpg", ".jpeg")
_ADVICE = "give the partners equal names, give --clock_offset, or pair by order"


class PairingMethod(enum.StrEnum):
    """A way to find the partner of a photo.

    `NAME` pairs files of one name; case and suffix do not matter. `ORDER` pairs the n-th photo of
    one folder with the n-th of the other, sorted by name with numbers by their value; the surplus
    at the end stays unpaired. `TIME` pairs by EXIF capture times (`align.pairing.match_times`).
    `AUTO` uses time if the clock offset is given. Otherwise `AUTO` uses the first of name and time
    that pairs `MIN_PAIRED` of the photos, or else order if both folders hold equally many photos.
    """

    AUTO = "auto"
    NAME = "name"
    ORDER = "order"
    TIME = "time"


@dataclasses.dataclass(frozen=True)
class PhotoPair:
    """Two photos of one scene.

    Attributes:
        name: The phone file's name without suffix; no other pair of the pairing has this name.
        phone: The phone's photo.
        dslr: The DSLR's photo.
    """

    name: str
    phone: Path
    dslr: Path


@dataclasses.dataclass(frozen=True)
class Pairing:
    """All photos of two folders.

    Attributes:
        pairs: The pairs in the natural order of the phone's file names.
        unpaired_phone: The phone's photos without a partner, in natural order.
        unpaired_dslr: The DSLR's photos without a partner, in natural order.
        how: The way in which the pairs were found, in a few words, such as "by name".
        doubts: What a person must check, in sentences.
    """

    pairs: tuple[PhotoPair, ...]
    unpaired_phone: tuple[Path, ...]
    unpaired_dslr: tuple[Path, ...]
    how: str
    doubts: tuple[str, ...] = ()


def pair_photos(
    phone_dir: str | Path,
    dslr_dir: str | Path,
    method: str = PairingMethod.AUTO,
    clock_offset: float | None = None,
) -> Pairing:
    """Pair the photos of two folders; subfolders are not searched.

    `photos.listing` says which files are photos. Hidden files and other files, such as sidecars,
    do not count. Of files that differ only in their suffix, such as a JPEG and the TIFF made of its
    RAW file, the JPEG counts.

    Args:
        phone_dir: The folder of the phone's photos.
        dslr_dir: The folder of the DSLR's photos.
        method: One of `PairingMethod`.
        clock_offset: Seconds that the DSLR's clock is ahead of the phone's, for pairing by time;
            None to estimate the offset.

    Raises:
        AlignmentError: A folder is missing, empty or given twice; two photos have one name; a name
            is not UTF-8; the method finds no pair, or `AUTO` finds no method.
    """
    if method not in tuple(PairingMethod):
        raise AlignmentError(f"unknown way to pair photos {method!r}: {', '.join(PairingMethod)}")
    if clock_offset is not None:
        if method not in (PairingMethod.AUTO, PairingMethod.TIME):
            raise AlignmentError(
                f"--clock_offset has no effect when photos pair by {method}: leave it out"
            )
        if not math.isfinite(clock_offset):
            raise AlignmentError(f"--clock_offset {clock_offset}: give seconds")
        method = PairingMethod.TIME
    phone, dslr = _photos(Path(phone_dir)), _photos(Path(dslr_dir))
    if Path(phone_dir).samefile(dslr_dir):
        raise AlignmentError(f"{dslr_dir}: this is the folder of the phone and of the DSLR")
    if method == PairingMethod.NAME:
        pairing = _pair_by_name(phone, dslr)
    elif method == PairingMethod.ORDER:
        pairing = _pair_by_order(phone, dslr)
    elif method == PairingMethod.TIME:
        pairing = _pair_by_time(phone, dslr, _times(phone), _times(dslr), clock_offset)
    else:
        pairing = _pair_automatically(phone, dslr)
    if not pairing.pairs:
        raise AlignmentError(f"{phone_dir}, {dslr_dir}: no photos pair {pairing.how}")
    return pairing


def _photos(folder: Path) -> list[Path]:
    """Return the photos of a folder in natural order, one of each name."""
    if not folder.is_dir():
        raise AlignmentError(f"{folder}: no such folder")
    named: dict[str, list[Path]] = {}
    for path in photos_in(folder):
        _check_name(path)
        named.setdefault(_name(path), []).append(path)
    if not named:
        raise AlignmentError(
            f"{folder}: no photos in this folder ({' '.join(sorted(WRITTEN_SUFFIXES))}, or raw "
            "files); convert photos of other formats first"
        )
    return sorted((_choose_file(paths) for paths in named.values()), key=_natural_order)


def _check_name(path: Path) -> None:
    """Raise AlignmentError if tables and pages could not hold a file's name."""
    try:
        path.name.encode()
    except UnicodeEncodeError:  # Python's mark for a byte that is not UTF-8
        raise AlignmentError(
            f"{path.parent}: the file name {os.fsencode(path.name)!r} is not UTF-8: rename the file"
        ) from None


def _choose_file(paths: list[Path]) -> Path:
    jpegs = [path for path in paths if path.suffix.lower() in _JPEG]
    if len(paths) > 1 and len(jpegs) != 1:
        names = ", ".join(path.name for path in paths)
        raise AlignmentError(f"{paths[0].parent}: {names}: keep one photo of each name")
    return (jpegs or paths)[0]


def _name(path: Path) -> str:
    return path.stem.casefold()


def _natural_order(path: Path) -> tuple:
    """Return the sort key that compares numbers by their value, so that img2 precedes img10."""
    parts = re.split(r"(\d+)", _name(path))  # text and digits in turn
    return tuple(int(part) if index % 2 else part for index, part in enumerate(parts))


def _pair_by_name(phone: list[Path], dslr: list[Path]) -> Pairing:
    partners = {_name(path): j for j, path in enumerate(dslr)}
    found = [(i, partners[_name(path)]) for i, path in enumerate(phone) if _name(path) in partners]
    return _pairing(phone, dslr, found, "by name")


def _pair_by_order(phone: list[Path], dslr: list[Path]) -> Pairing:
    shorter = range(min(len(phone), len(dslr)))
    return _pairing(phone, dslr, zip(shorter, shorter, strict=True), "by order")


def _pair_by_time(
    phone: list[Path],
    dslr: list[Path],
    phone_times: list[float | None],
    dslr_times: list[float | None],
    offset: float | None,
) -> Pairing:
    """Pair by capture times. A photo whose time is None stays unpaired."""
    phone_sorted, phone_order = _sorted_times(phone, phone_times)
    dslr_sorted, dslr_order = _sorted_times(dslr, dslr_times)
    if offset is None:
        offset = estimate_clock_offset(phone_sorted, dslr_sorted)
    match = match_times(phone_sorted, dslr_sorted, offset)
    found = [(phone_order[i], dslr_order[j]) for i, j in match.pairs]
    pairing = _pairing(phone, dslr, found, f"by time, the DSLR's clock {offset_in_words(offset)}")
    doubts = (
        doubt_of_time("phone", phone_sorted, [i for i, _ in match.pairs]),
        doubt_of_time("DSLR", dslr_sorted, [j for _, j in match.pairs]),
    )
    return dataclasses.replace(pairing, doubts=tuple(filter(None, doubts)))


def _sorted_times(paths: list[Path], times: list[float | None]) -> tuple[list[float], list[int]]:
    """Return the known times, ascending, and the indices of their photos."""
    timed = sorted((time, index) for index, time in enumerate(times) if time is not None)
    if not timed:
        raise AlignmentError(f"{paths[0].parent}: no photo has a capture time in its EXIF data")
    return [time for time, _ in timed], [index for _, index in timed]


def _times(paths: list[Path]) -> list[float | None]:
    return [read_capture_time(path) for path in paths]


def _pair_automatically(phone: list[Path], dslr: list[Path]) -> Pairing:
    enough = MIN_PAIRED * min(len(phone), len(dslr))
    pairing = _pair_by_name(phone, dslr)
    if len(pairing.pairs) >= enough:
        return pairing
    try:
        return _pair_by_plausible_time(phone, dslr, enough)
    except AlignmentError as error:
        if len(phone) != len(dslr):
            raise AlignmentError(
                f"{len(phone)} photos of the phone and {len(dslr)} of the DSLR, of which "
                f"{len(pairing.pairs)} pair by name; {error}"
            ) from error
        found = _pair_by_order(phone, dslr)
        how = "by order, because neither names nor capture times pair the photos"
        return dataclasses.replace(found, how=how)


def _pair_by_plausible_time(phone: list[Path], dslr: list[Path], enough: float) -> Pairing:
    """Pair by time, or raise AlignmentError if too few photos have a time or pair by time."""
    phone_times, dslr_times = _times(phone), _times(dslr)
    for paths, times in ((phone, phone_times), (dslr, dslr_times)):
        timed = sum(time is not None for time in times)
        if timed < MIN_TIMED * len(times):
            raise AlignmentError(
                f"{timed} of {len(times)} in {paths[0].parent} have a capture time: {_ADVICE}"
            )
    pairing = _pair_by_time(phone, dslr, phone_times, dslr_times, None)
    if len(pairing.pairs) < enough:
        raise AlignmentError(f"{len(pairing.pairs)} pair {pairing.how}: {_ADVICE}")
    return pairing


def _pairing(
    phone: Sequence[Path], dslr: Sequence[Path], found: Iterable[tuple[int, int]], how: str
) -> Pairing:
    """Build the pairing from the indices (phone, DSLR) of its pairs."""
    found = sorted(found)
    pairs = tuple(PhotoPair(phone[i].stem, phone[i], dslr[j]) for i, j in found)
    paired_phone, paired_dslr = {i for i, _ in found}, {j for _, j in found}
    return Pairing(
        pairs,
        tuple(path for i, path in enumerate(phone) if i not in paired_phone),
        tuple(path for j, path in enumerate(dslr) if j not in paired_dslr),
        how,
    )
