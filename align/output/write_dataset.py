"""The dataset made of all finished pairs: the split, the numbers of the patches, and the files."""

import csv
import dataclasses
import os
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from align.output.find_duplicates import find_duplicates
from align.output.split_scenes import group_scenes, split_photos
from align.output.write_unit import COLUMNS, SIDES, Unit
from align.pairing.pair_photos import PhotoPair
from align.rejection import Rejection
from common.csv_cells import plain_cells
from common.layout import FULL_SIZE, PAIRS_TABLE, PATCHES, TARGET, TEST

PAIR_COLUMNS = ("photo", "dslr", "split", "patch", *COLUMNS)
PHOTO_COLUMNS = ("photo", "dslr", "split", "kept", "windows", "full_size", "reason")


@dataclasses.dataclass(frozen=True, eq=False)
class DatasetEntry:
    """A pair of photos and its place in the dataset.

    Attributes:
        pair: The files of the two photos.
        failure: The reason why the pair could not be aligned, or "".
        unit: The result of the alignment; None after a failure.
        split: `TRAIN` or `TEST`; "" if the pair gives no patch.
        numbers: The number of each of its patches, by the row of the unit's windows.
        full_size: The name of the phone's photo among the full-size test images, or "".
    """

    pair: PhotoPair
    failure: str = ""
    unit: Unit | None = None
    split: str = ""
    numbers: dict[int, int] = dataclasses.field(default_factory=dict)
    full_size: str = ""

    @property
    def reasons(self) -> Counter[Rejection]:
        """The number of windows rejected for each reason, with duplicates."""
        found: Counter[Rejection] = Counter(self.unit.reasons if self.unit else {})
        found[Rejection.DUPLICATE] += len(self.unit.kept) - len(self.numbers) if self.unit else 0
        return +found


def count_reasons(entries: Iterable[DatasetEntry]) -> list[tuple[Rejection, int]]:
    """Return the reasons for which windows were rejected and their numbers, the largest first."""
    total: Counter[Rejection] = Counter()
    for entry in entries:
        total += entry.reasons
    return total.most_common()


def count_patches(entries: Iterable[DatasetEntry]) -> Counter[str]:
    """Return the number of patches in each split."""
    counts: Counter[str] = Counter()
    for entry in entries:
        counts[entry.split] += len(entry.numbers)
    return counts


def assign_splits(
    entries: Sequence[DatasetEntry], test_share: float, seed: int
) -> list[DatasetEntry]:
    """Drop duplicates, split the photos, and number the patches of each split from 0.

    Args:
        entries: The pairs as aligned or failed, in order.
        test_share: The wanted share of photos for testing, in (0, 1); see `split_photos`.
        seed: Seed of the split.

    Returns:
        The entries with split, numbers and full_size. A window that shows the same as an earlier
        window, in both photos, has no number.
    """
    rows = _distinct_rows(entries)
    with_patches = [index for index, kept in enumerate(rows) if len(kept)]
    units = [entry.unit for entry in entries]
    thumbnails = np.array([unit.thumbnail for index in with_patches if (unit := units[index])])
    splits = {}
    if with_patches:
        sides = split_photos(group_scenes(thumbnails), test_share, seed)
        splits = dict(zip(with_patches, sides, strict=True))
    assigned, counts, photos = [], Counter(), 0
    for index, entry in enumerate(entries):
        split, full_size = splits.get(index, ""), ""
        numbers = {int(row): counts[split] + n for n, row in enumerate(rows[index])}
        counts[split] += len(numbers)
        if split == TEST:
            full_size = f"{photos}{entry.pair.phone.suffix}"
            photos += 1
        assigned.append(
            dataclasses.replace(entry, split=split, numbers=numbers, full_size=full_size)
        )
    return assigned


def _distinct_rows(entries: Sequence[DatasetEntry]) -> list[np.ndarray]:
    """Return the rows of each entry's kept windows, without duplicates."""
    kept = [entry.unit.kept if entry.unit else np.empty(0, np.int64) for entry in entries]
    fingerprints = [entry.unit.fingerprints for entry in entries if entry.unit]
    if not fingerprints:
        return kept
    distinct = ~find_duplicates(np.concatenate(fingerprints))
    ends = np.cumsum([len(rows) for rows in kept])
    parts = np.split(distinct, ends[:-1])
    return [rows[part] for rows, part in zip(kept, parts, strict=True)]


def write_dataset(root: Path, phone: str, entries: Iterable[DatasetEntry]) -> None:
    """Write the patches, the whole test photos and `pairs.csv`.

    Patches are hard links where the disk supports links. So the units stay complete, and an
    interruption costs nothing.

    Args:
        root: The folder of the dataset, empty; `common.layout` describes its files.
        phone: The name of the phone.
        entries: The entries that `assign_splits` returns.
    """
    for part in PATCHES.values():
        for side in (phone, TARGET):
            (root / part / side).mkdir(parents=True)
    (root / FULL_SIZE).mkdir()
    with (root / PAIRS_TABLE).open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, PAIR_COLUMNS)
        writer.writeheader()
        for entry in entries:
            if entry.unit is None:
                continue
            writer.writerows(map(plain_cells, _pair_rows(entry, entry.unit)))
            for row, number in entry.numbers.items():
                folder = root / PATCHES[entry.split]
                for side, name in zip(SIDES, (phone, TARGET), strict=True):
                    source = entry.unit.patch(side, row)
                    _link_or_copy(source, folder / name / f"{number}{source.suffix}")
            if entry.full_size:
                shutil.copyfile(entry.pair.phone, root / FULL_SIZE / entry.full_size)


def write_photo_table(
    path: Path, entries: Sequence[DatasetEntry], phones: Iterable[Path], dslrs: Iterable[Path]
) -> None:
    """Write `photos.csv`: every photo that was found, with the result of its alignment.

    Args:
        path: The file.
        entries: The entries that `assign_splits` returns.
        phones: Photos of the phone without a partner.
        dslrs: Photos of the DSLR without a partner.
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
            writer.writerow(plain_cells(row))
        for column, photos in (("photo", phones), ("dslr", dslrs)):
            for photo in photos:
                row = {column: photo.name, "kept": 0, "reason": "no partner"}
                writer.writerow(plain_cells(row))


def _pair_rows(entry: DatasetEntry, unit: Unit) -> Iterator[dict[str, object]]:
    """Yield the rows of `pairs.csv`."""
    photo = {"photo": entry.pair.phone.name, "dslr": entry.pair.dslr.name, "split": entry.split}
    for row, window in enumerate(unit.rows()):
        changes: dict[str, object] = {}
        if row in entry.numbers:
            changes = {"patch": entry.numbers[row]}
        elif not window["reason"]:
            changes = {"kept": 0, "reason": Rejection.DUPLICATE}
        yield photo | window | changes


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
