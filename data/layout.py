"""The files of a DPED data set, for any phone; `common.layout` has its folders."""

import dataclasses
from pathlib import Path

from common.layout import FULL_SIZE, PATCH_SUFFIXES, PATCHES, TARGET, TEST, TRAIN, is_phone_name


class DatasetError(ValueError):
    """A data set that is missing, incomplete or damaged."""


@dataclasses.dataclass(frozen=True)
class PairFolder:
    """Files of aligned patches: `phone[i]` and `target[i]` show the same scene."""

    phone: tuple[Path, ...]
    target: tuple[Path, ...]

    def __len__(self) -> int:
        return len(self.phone)


def training_pairs(root: str | Path, phone: str) -> PairFolder:
    """The training patches of `phone`; see `_pairs` for the errors."""
    return _pairs(_phone_dir(root, phone) / PATCHES[TRAIN], phone)


def test_pairs(root: str | Path, phone: str) -> PairFolder:
    """The held-out test patches of `phone`; see `_pairs` for the errors."""
    return _pairs(_phone_dir(root, phone) / PATCHES[TEST], phone)


test_pairs.__test__ = False  # not a test, whatever pytest thinks of its name


def full_size_photos(root: str | Path, phone: str) -> list[Path]:
    """The whole test photos of `phone`, possibly none."""
    folder = _phone_dir(root, phone) / FULL_SIZE
    return _images(folder) if folder.is_dir() else []


def _phone_dir(root, phone) -> Path:
    if not is_phone_name(phone):
        raise DatasetError(f"phone name {phone!r}: give a plain folder name other than {TARGET!r}")
    folder = Path(root) / phone
    if not folder.is_dir():
        raise DatasetError(
            f"{folder}: no such data set; unpack DPED there, put your own pairs there, or "
            f"simulate some with `python -m simulation.simulate_patches` (see README.md)"
        )
    return folder


def _pairs(folder: Path, phone: str) -> PairFolder:
    """Pair the files of two folders by name.

    Raises:
        DatasetError: a folder is missing or empty, or a patch has no partner.
    """
    sides = []
    for side in (folder / phone, folder / TARGET):
        if not side.is_dir():
            raise DatasetError(f"{side}: no such folder")
        sides.append({path.stem: path for path in _images(side)})
    names, target_names = sides[0].keys(), sides[1].keys()
    if names != target_names:
        lonely = min(names ^ target_names, key=_numeric)
        raise DatasetError(
            f"{folder}: {len(names)} patches in {phone}, {len(target_names)} in {TARGET}; "
            f"{lonely} has no partner"
        )
    if not names:
        raise DatasetError(f"{folder / phone}: no patches ({', '.join(PATCH_SUFFIXES)})")
    ordered = sorted(names, key=_numeric)
    return PairFolder(*(tuple(side[name] for name in ordered) for side in sides))


def _images(folder: Path) -> list[Path]:
    files = [path for path in folder.iterdir() if path.suffix.lower() in PATCH_SUFFIXES]
    return sorted(files, key=lambda path: _numeric(path.stem))


def _numeric(stem: str) -> tuple[int, str]:
    """Sort key: 2 before 10, other names by themselves."""
    return (int(stem) if stem.isdecimal() else -1, stem)
