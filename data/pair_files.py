"""The files of a dataset, for any phone; `common.layout` describes their folders."""

import csv
import dataclasses
import io
from collections.abc import Iterable, Mapping
from pathlib import Path

from common.csv_cells import plain_cells
from common.did_you_mean import did_you_mean
from common.layout import (
    FULL_SIZE,
    PAIRS_TABLE,
    PATCH_SUFFIXES,
    PATCHES,
    SIMULATION,
    TARGET,
    TEST,
    TRAIN,
    is_phone_name,
)
from common.plain_file import read_plain
from photos import photos_in

_HOW_TO_GET_ONE = (
    "unpack DPED there, align your own photos with `python -m align`, or simulate pairs with "
    "`python -m simulation.simulate_patches`"
)


class DatasetError(ValueError):
    """A dataset that is missing, incomplete or damaged. The message is one line."""


@dataclasses.dataclass(frozen=True)
class PairFolder:
    """The files of aligned patches: `phone[i]` and `target[i]` show the same part of a scene.

    `scenes[i]` names the photo that patch `i` is a part of. `scenes` is None if the dataset does
    not say it, as the published one.
    """

    phone: tuple[Path, ...]
    target: tuple[Path, ...]
    scenes: tuple[str, ...] | None = None

    def __len__(self) -> int:
        return len(self.phone)


def training_pairs(root: str | Path, phone: str) -> PairFolder:
    """Return the training patches of a phone.

    Args:
        root: The folder of all datasets.
        phone: The name of the phone.

    Raises:
        DatasetError: The dataset or a folder is missing, there are no patches, or a patch has no
            partner.
    """
    return _pairs(_phone_dir(root, phone), TRAIN)


def test_pairs(root: str | Path, phone: str) -> PairFolder:
    """Return the test patches of a phone, with the arguments and errors of `training_pairs`."""
    return _pairs(_phone_dir(root, phone), TEST)


# Without this mark pytest would take the function for a test, because of its name.
test_pairs.__test__ = False  # pyright: ignore[reportFunctionMemberAccess]


def full_size_photos(root: str | Path, phone: str) -> list[Path]:
    """Return the whole test photos of a phone, in any format; the list may be empty.

    Raises:
        DatasetError: The dataset is missing.
    """
    folder = _phone_dir(root, phone) / FULL_SIZE
    return _in_order(photos_in(folder)) if folder.is_dir() else []


def is_made_here(root: str | Path, phone: str) -> bool:
    """Return whether `python -m align` or the simulation made the dataset of a phone.

    Then the patches are not those of the published data set, whatever the name of the phone.

    Raises:
        DatasetError: The dataset is missing.
    """
    folder = _phone_dir(root, phone)
    return any((folder / name).exists() for name in (PAIRS_TABLE, SIMULATION))


def _phone_dir(root: str | Path, phone: str) -> Path:
    if not is_phone_name(phone):
        raise DatasetError(f"phone name {phone!r}: give a plain folder name other than {TARGET!r}")
    folder = Path(root) / phone
    if not folder.is_dir():
        hint = did_you_mean(phone, _phones(root))
        raise DatasetError(f"{folder}: no such dataset{hint or f'; {_HOW_TO_GET_ONE}'}")
    return folder


def _phones(root: str | Path) -> list[str]:
    """Return the names of the phones in the folder of all datasets."""
    folder = Path(root)
    if not folder.is_dir():
        return []
    return sorted(p.name for p in folder.iterdir() if (p / PATCHES[TRAIN]).is_dir())


def _pairs(dataset: Path, split: str) -> PairFolder:
    """Pair the files of two folders by their names without suffix."""
    phone, folder = dataset.name, dataset / PATCHES[split]
    phone_files, target_files = _named(folder / phone), _named(folder / TARGET)
    names, target_names = phone_files.keys(), target_files.keys()
    if names != target_names:
        lonely = min(names ^ target_names, key=_numeric_order)
        raise DatasetError(
            f"{folder}: {len(names)} patches in {phone}, {len(target_names)} in {TARGET}; "
            f"{lonely} has no partner"
        )
    if not names:
        raise DatasetError(f"{folder / phone}: no patches ({', '.join(PATCH_SUFFIXES)})")
    ordered = sorted(names, key=_numeric_order)
    found = _scenes(dataset / PAIRS_TABLE, split)
    return PairFolder(
        tuple(phone_files[name] for name in ordered),
        tuple(target_files[name] for name in ordered),
        tuple(found[name] for name in ordered) if found.keys() >= names else None,
    )


def _scenes(table: Path, split: str) -> dict[str, str]:
    """Read from the table of `python -m align` which photo each patch of a split is a part of."""
    try:
        lines = io.StringIO(read_plain(table).decode("utf-8"), newline="")
        return {
            Path(row["patch"]).stem: row["photo"]
            for row in csv.DictReader(lines)
            if row["split"] == split and row["patch"]
        }
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, csv.Error):
        raise DatasetError(
            f"{table}: not readable; align the photos again, or remove the file"
        ) from None


def write_scenes(table: Path, split: str, counts: Mapping[str, int]) -> None:
    """Write which photo each patch of a split is a part of, as `PairFolder.scenes` needs it.

    Args:
        table: The new table.
        split: `TRAIN` or `TEST`.
        counts: The number of patches by photo, in the order of the patches, which count from 0.
    """
    with table.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("photo", "split", "patch"))
        photos = (photo for photo, count in counts.items() for _ in range(count))
        for number, photo in enumerate(photos):
            row = plain_cells({"photo": photo, "split": split, "patch": number})
            writer.writerow(row.values())


def _named(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise DatasetError(f"{folder}: no such folder")
    return by_stem(_in_order(photos_in(folder, PATCH_SUFFIXES)))


def by_stem(files: Iterable[Path]) -> dict[str, Path]:
    """Return files by their names without suffix.

    Raises:
        DatasetError: Two files have one name, such as 0.jpg and 0.png.
    """
    found: dict[str, Path] = {}
    for path in files:
        other = found.setdefault(path.stem, path)
        if other is not path:
            raise DatasetError(
                f"{path}: {other.name} has the same name; remove one of the two files"
            )
    return found


def _in_order(files: Iterable[Path]) -> list[Path]:
    return sorted(files, key=lambda path: _numeric_order(path.stem))


def _numeric_order(stem: str) -> tuple[int, str]:
    """Return the sort key that puts 2 before 10, and other names in alphabetical order."""
    return (int(stem) if stem.isdecimal() else -1, stem)
