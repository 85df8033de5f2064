"""Which photo of the DSLR shows the scene of which photo of the phone."""

import dataclasses
import math
import os
import re
from collections.abc import Iterable
from pathlib import Path

from align.alignment_error import AlignmentError
from align.pairing.clock import ahead, capture_time, estimate_offset, match_times
from photos import PHOTO_SUFFIXES, photos_in

METHODS = ("auto", "name", "order", "time")
ENOUGH = 0.5  # of the smaller folder has to pair by name or time for `auto` to believe in it
TIMED = 0.9  # of the photos of each folder have to have a capture time for `auto` to go by it
_JPEG = (".jpg", ".jpeg")
_ADVICE = "name partners alike, give --clock_offset, or pair by order"


@dataclasses.dataclass(frozen=True)
class PhotoPair:
    """Two photos of one scene.

    Attributes:
        name: the phone file's, without its suffix; no other pair of the pairing has it.
        phone: the phone's photo.
        dslr: the DSLR's.
    """

    name: str
    phone: Path
    dslr: Path


@dataclasses.dataclass(frozen=True)
class Pairing:
    """All photos of two folders.

    Attributes:
        pairs: in the natural order of the phone's file names.
        unpaired_phone: the phone's photos without a partner, in that order.
        unpaired_dslr: the DSLR's, alike.
        how: what the pairs were found by, in a few words.
    """

    pairs: tuple[PhotoPair, ...]
    unpaired_phone: tuple[Path, ...]
    unpaired_dslr: tuple[Path, ...]
    how: str


def pair_photos(
    phone_dir: str | Path,
    dslr_dir: str | Path,
    method: str = "auto",
    clock_offset: float | None = None,
) -> Pairing:
    """Pair the photos of two folders, which are not searched deeper.

    Photos are known by their suffix; hidden files and other kinds, such as RAW files and sidecars,
    do not count. Of files that differ in their suffix alone, such as a JPEG and the TIFF made of
    its RAW file, the JPEG counts.

    Args:
        phone_dir: the phone's photos.
        dslr_dir: the DSLR's.
        method: "name": files of one name, whatever its case and suffix. "order": the n-th photo of
            one folder with the n-th of the other, by name with numbers by their value; the surplus
            at the end stays unpaired. "time": the capture times of EXIF (`align.pairing.clock`).
            "auto": by time if there is a `clock_offset`; otherwise the first of name and time
            that pairs `ENOUGH` photos; otherwise by order, if both folders have as many photos.
        clock_offset: by how many seconds the DSLR's clock is ahead of the phone's, for pairing by
            time; None to estimate it.

    Raises:
        AlignmentError: a folder is missing, empty or given twice; two photos have one name; a
            name is not UTF-8; the method finds no pair, or `auto` no method.
    """
    if method not in METHODS:
        raise AlignmentError(f"no way to pair photos is called {method!r}: {', '.join(METHODS)}")
    if clock_offset is not None:
        if method not in ("auto", "time"):
            raise AlignmentError(f"a clock offset does not serve to pair photos by {method}")
        if not math.isfinite(clock_offset):
            raise AlignmentError(f"clock offset {clock_offset}: give seconds")
        method = "time"
    phone, dslr = _photos(Path(phone_dir)), _photos(Path(dslr_dir))
    if Path(phone_dir).samefile(dslr_dir):
        raise AlignmentError(f"{dslr_dir}: given both as the phone's folder and the DSLR's")
    if method == "name":
        pairing = _by_name(phone, dslr)
    elif method == "order":
        pairing = _by_order(phone, dslr)
    elif method == "time":
        pairing = _by_time(phone, dslr, _times(phone), _times(dslr), clock_offset)
    else:
        pairing = _automatic(phone, dslr)
    if not pairing.pairs:
        raise AlignmentError(f"{phone_dir}, {dslr_dir}: no photos pair {pairing.how}")
    return pairing


def _photos(folder: Path) -> list[Path]:
    """The photos of a folder in natural order, one of each name."""
    if not folder.is_dir():
        raise AlignmentError(f"{folder}: no such folder")
    named = {}
    for path in photos_in(folder):
        _check_readable(path)
        named.setdefault(_name(path), []).append(path)
    if not named:
        raise AlignmentError(
            f"{folder}: no photos in this folder ({' '.join(sorted(PHOTO_SUFFIXES))}); "
            "convert others, such as HEIC or RAW, first"
        )
    return sorted((_only(paths) for paths in named.values()), key=_natural)


def _check_readable(path: Path) -> None:
    """Raise if tables and pages could not say a file's name."""
    try:
        path.name.encode()
    except UnicodeEncodeError:  # Python's sign for a byte that is not of UTF-8
        raise AlignmentError(
            f"{path.parent}: the file name {os.fsencode(path.name)!r} is not UTF-8: rename it"
        ) from None


def _only(paths: list[Path]) -> Path:
    jpegs = [path for path in paths if path.suffix.lower() in _JPEG]
    if len(paths) > 1 and len(jpegs) != 1:
        names = ", ".join(path.name for path in paths)
        raise AlignmentError(f"{paths[0].parent}: {names}: keep one photo of each name")
    return (jpegs or paths)[0]


def _name(path: Path) -> str:
    return path.stem.casefold()


def _natural(path: Path) -> tuple:
    """Sort key: text by itself, numbers by their value, so that img2 comes before img10."""
    parts = re.split(r"(\d+)", _name(path))  # text and digits by turns
    return tuple(int(part) if index % 2 else part for index, part in enumerate(parts))


def _by_name(phone: list[Path], dslr: list[Path]) -> Pairing:
    partners = {_name(path): j for j, path in enumerate(dslr)}
    found = [(i, partners[_name(path)]) for i, path in enumerate(phone) if _name(path) in partners]
    return _pairing(phone, dslr, found, "by name")


def _by_order(phone: list[Path], dslr: list[Path]) -> Pairing:
    shorter = range(min(len(phone), len(dslr)))
    return _pairing(phone, dslr, zip(shorter, shorter, strict=True), "by order")


def _by_time(phone, dslr, phone_times, dslr_times, offset: float | None) -> Pairing:
    """Pair by capture times, None for a photo that has none and stays unpaired."""
    sides = []
    for paths, times in ((phone, phone_times), (dslr, dslr_times)):
        timed = sorted((time, index) for index, time in enumerate(times) if time is not None)
        if not timed:
            raise AlignmentError(f"{paths[0].parent}: no photo has a capture time in its EXIF")
        sides.append(tuple(zip(*timed, strict=True)))
    (phone_sorted, phone_order), (dslr_sorted, dslr_order) = sides
    if offset is None:
        offset = estimate_offset(phone_sorted, dslr_sorted)
    match = match_times(phone_sorted, dslr_sorted, offset)
    found = [(phone_order[i], dslr_order[j]) for i, j in match.pairs]
    return _pairing(phone, dslr, found, f"by time, the DSLR's clock {ahead(offset)}")


def _times(paths: list[Path]) -> list[float | None]:
    return [capture_time(path) for path in paths]


def _automatic(phone: list[Path], dslr: list[Path]) -> Pairing:
    enough = ENOUGH * min(len(phone), len(dslr))
    pairing = _by_name(phone, dslr)
    if len(pairing.pairs) >= enough:
        return pairing
    try:
        return _by_plausible_time(phone, dslr, enough)
    except AlignmentError as error:
        if len(phone) != len(dslr):
            raise AlignmentError(
                f"{len(phone)} photos of the phone and {len(dslr)} of the DSLR, of which "
                f"{len(pairing.pairs)} pair by name; {error}"
            ) from error
        found = _by_order(phone, dslr)
        return dataclasses.replace(found, how="by order, as neither names nor capture times tell")


def _by_plausible_time(phone: list[Path], dslr: list[Path], enough: float) -> Pairing:
    """Pair by time, or raise AlignmentError if too few photos have a time or pair by it."""
    times = _times(phone), _times(dslr)
    for paths, side in zip((phone, dslr), times, strict=True):
        timed = sum(time is not None for time in side)
        if timed < TIMED * len(side):
            raise AlignmentError(
                f"{timed} of {len(side)} in {paths[0].parent} have a capture time: {_ADVICE}"
            )
    pairing = _by_time(phone, dslr, *times, None)
    if len(pairing.pairs) < enough:
        raise AlignmentError(f"{len(pairing.pairs)} pair {pairing.how}: {_ADVICE}")
    return pairing


def _pairing(phone, dslr, found: Iterable[tuple[int, int]], how: str) -> Pairing:
    """From indices (phone, DSLR) of pairs."""
    found = sorted(found)
    pairs = tuple(PhotoPair(phone[i].stem, phone[i], dslr[j]) for i, j in found)
    paired_phone, paired_dslr = {i for i, _ in found}, {j for _, j in found}
    return Pairing(
        pairs,
        tuple(path for i, path in enumerate(phone) if i not in paired_phone),
        tuple(path for j, path in enumerate(dslr) if j not in paired_dslr),
        how,
    )
