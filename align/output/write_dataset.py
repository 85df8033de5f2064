"""From finished pairs to a data set: which window goes where, and the files."""

import csv
import dataclasses
import os
import shutil
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from align.output.fingerprints import duplicates, scenes
from align.output.split_scenes import split_photos
from align.output.unit import COLUMNS, Unit
from align.pairing.pair_photos import PhotoPair
from common.layout import FULL_SIZE, PATCH_SUFFIXES, PATCHES, TARGET, TEST

DUPLICATE = "duplicate"
PAIR_COLUMNS = ("photo", "dslr", "split", "patch", *COLUMNS)
PHOTO_COLUMNS = ("photo", "dslr", "split", "kept", "windows", "full_size", "reason")


@dataclasses.dataclass(frozen=True, eq=False)
class Entry:
    """A pair of photos and its place in the data set.

    Attributes:
        pair: the files.
        failure: why it could not be aligned, or "".
        unit: what aligning it gave; None if it failed.
        split: `TRAIN` or `TEST`; "" if it gives no patch.
        numbers: number of each of its patches, by row of the unit's windows.
        full_size: name of the phone's photo among the full-size test images, or "".
    """

    pair: PhotoPair
    failure: str = ""
    unit: Unit | None = None
    split: str = ""
    numbers: dict[int, int] = dataclasses.field(default_factory=dict)
    full_size: str = ""

    @property
    def reasons(self) -> Counter:
        """Number of windows rejected for each reason, duplicates among them."""
        found = Counter(self.unit.reasons if self.unit else {})
        found[DUPLICATE] += len(self.unit.kept) - len(self.numbers) if self.unit else 0
        return +found


def place(entries: Sequence[Entry], test_share: float, seed: int) -> list[Entry]:
    """Drop duplicates, split by photo, and number the patches of each split from 0.

    Args:
        entries: pairs as aligned or failed, in order.
        test_share: wanted share of photos to test on, in (0, 1); see `split_photos`.
        seed: of the split.

    Returns:
        The same entries with split, numbers and full_size filled in. A window that shows, on both
        sides, what a window before it shows gets no number.
    """
    rows = _distinct_rows(entries)
    giving = [index for index, kept in enumerate(rows) if len(kept)]
    thumbnails = np.array([entries[index].unit.thumbnail for index in giving])
    splits = {}
    if giving:
        sides = split_photos(scenes(thumbnails), test_share, seed)
        splits = dict(zip(giving, sides, strict=True))
    placed, counts, photos = [], Counter(), 0
    for index, entry in enumerate(entries):
        split, full_size = splits.get(index, ""), ""
        numbers = {int(row): counts[split] + n for n, row in enumerate(rows[index])}
        counts[split] += len(numbers)
        if split == TEST and entry.pair.phone.suffix.lower() in PATCH_SUFFIXES:
            full_size = f"{photos}{entry.pair.phone.suffix}"
            photos += 1
        placed.append(dataclasses.replace(entry, split=split, numbers=numbers, full_size=full_size))
    return placed


def _distinct_rows(entries) -> list[np.ndarray]:
    """Rows of the kept windows of each entry, less the duplicates."""
    kept = [entry.unit.kept if entry.unit else np.empty(0, np.int64) for entry in entries]
    prints = [entry.unit.fingerprints for entry in entries if entry.unit]
    if not prints:
        return kept
    fresh = ~duplicates(np.concatenate(prints))
    ends = np.cumsum([len(rows) for rows in kept])
    return [rows[part] for rows, part in zip(kept, np.split(fresh, ends[:-1]), strict=True)]


def write_set(root: Path, phone: str, entries: Iterable[Entry]) -> None:
    """Write patches, whole test photos and `pairs.csv`.

    Patches are linked where the disk can do that: the units they come from stay whole, and an
    interruption costs nothing.

    Args:
        root: folder of the data set, empty; see `align.layout`.
        phone: name of the phone.
        entries: as `place` returns them.
    """
    for part in PATCHES.values():
        for side in (phone, TARGET):
            (root / part / side).mkdir(parents=True)
    (root / FULL_SIZE).mkdir()
    with (root / "pairs.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, PAIR_COLUMNS)
        writer.writeheader()
        for entry in entries:
            if entry.unit:
                writer.writerows(_windows(entry))
            for row, number in entry.numbers.items():
                folder = root / PATCHES[entry.split]
                for side, name in (("phone", phone), ("dslr", TARGET)):
                    source = entry.unit.patch(side, row)
                    _link(source, folder / name / f"{number}{source.suffix}")
            if entry.full_size:
                shutil.copyfile(entry.pair.phone, root / FULL_SIZE / entry.full_size)


def write_photos(
    path: Path, entries: Sequence[Entry], phones: Iterable[Path], dslrs: Iterable[Path]
) -> None:
    """Write `photos.csv`: every photo that was found, and what became of it.

    Args:
        path: the file.
        entries: as `place` returns them.
        phones: photos of the phone without a partner.
        dslrs: photos of the DSLR without a partner.
    """
    figures = dict.fromkeys(name for entry in entries if entry.unit for name in entry.unit.summary)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [*PHOTO_COLUMNS, *figures])
        writer.writeheader()
        for entry in entries:
            row = {"photo": entry.pair.phone.name, "dslr": entry.pair.dslr.name}
            row |= {"kept": len(entry.numbers), "reason": entry.failure}
            if entry.unit:
                row |= {"split": entry.split, "full_size": entry.full_size}
                row |= {"windows": len(entry.unit.ncc), **entry.unit.summary}
            writer.writerow(row)
        for column, photos in (("photo", phones), ("dslr", dslrs)):
            for photo in photos:
                writer.writerow({column: photo.name, "kept": 0, "reason": "no partner"})


def _windows(entry: Entry):
    """Rows of `pairs.csv`."""
    photo = {"photo": entry.pair.phone.name, "dslr": entry.pair.dslr.name, "split": entry.split}
    for row, window in enumerate(entry.unit.rows()):
        if row in entry.numbers:
            window["patch"] = entry.numbers[row]
        elif not window["reason"]:
            window |= {"kept": 0, "reason": DUPLICATE}
        yield photo | window


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
