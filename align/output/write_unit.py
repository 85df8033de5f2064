"""The unit: the folder that holds the result of one pair of photos.

WORK/UNIT/unit.json          the figures of the pair and the checksums of the files below, or the
                             reason why alignment failed
WORK/UNIT/candidates.csv     every window, in the columns `COLUMNS`
WORK/UNIT/phone/ROW.jpg      kept patches as in the dataset, by their row in candidates.csv
WORK/UNIT/dslr/ROW.jpg
WORK/UNIT/rejected/ROW.jpg   the best of the rejected pairs of patches, phone | DSLR
WORK/UNIT/arrays.npz         the correlations, and the arrays that find duplicates and scenes
WORK/UNIT/pictures/          the pictures of `align.output.draw_pictures`

A unit is written under a temporary name and renamed when the unit is complete, so a folder under
the final name is always complete. The name depends on everything that the result depends on. So an
interrupted run finds its finished units again.
"""

import bisect
import contextlib
import csv
import dataclasses
import hashlib
import json
import math
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from align.matching.align_photos import Alignment
from align.matching.cut_patches import scale_of
from align.matching.estimate_homography import HomographyEstimate
from align.matching.read_photos import CameraPhoto
from align.output.draw_pictures import draw_pictures
from align.output.find_duplicates import patch_fingerprint
from align.output.split_scenes import luma_thumbnail
from align.rejection import Rejection
from align.settings import AlignmentSettings
from align.window import Window, WindowPatches
from common.atomic_files import new_folder
from common.contact_sheet import contact_sheet
from common.plain_file import read_json
from common.write_picture import write_picture

UNIT = "unit.json"
VERSION = 1  # of the alignment and of these files: raise it if the same photos give other files
SHOWN_REJECTED = 24  # rejected pairs of patches that the unit keeps for the report
DECIMALS = {"dslr_x": 3, "dslr_y": 3, "dx": 3, "dy": 3, "angle": 4, "ncc": 5}
COLUMNS = ("x", "y", *DECIMALS, "kept", "reason")
PATCH_OPTIONS = {"jpg": {"quality": 100, "subsampling": 0}, "png": {}}  # by patch format
SIDES = ("phone", "dslr")


@dataclasses.dataclass(frozen=True)
class RejectedPatches:
    """A rejected pair of patches that the unit keeps as a picture."""

    row: int
    ncc: float
    rejection: Rejection


@dataclasses.dataclass(frozen=True, eq=False)
class Unit:
    """A finished pair of photos.

    Attributes:
        folder: The folder of the unit.
        failure: The reason why the pair could not be aligned, or "". After a failure all further
            attributes are empty.
        format: The suffix of the patches, without the dot.
        summary: The figures of the pair, by name; figures that do not exist are left out.
        reasons: The number of rejected windows for each reason.
        ncc: The correlation of every window, float32 (N,); NaN where nobody compared the patches.
        kept: The rows of the kept windows, int64 (K,), ascending.
        fingerprints: The fingerprints of their patches, uint8 (K, 2, 10, 10, 3).
        thumbnail: The thumbnail of the phone's photo, uint8 (32, 32).
        rejected: Up to `SHOWN_REJECTED` rejected pairs of patches, the highest correlation first.
    """

    folder: Path
    failure: str
    format: str = ""
    summary: dict[str, float] = dataclasses.field(default_factory=dict)
    reasons: dict[Rejection, int] = dataclasses.field(default_factory=dict)
    ncc: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros(0, np.float32))
    kept: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros(0, np.int64))
    fingerprints: np.ndarray = dataclasses.field(
        default_factory=lambda: np.zeros((0, 2, 10, 10, 3), np.uint8)
    )
    thumbnail: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros((32, 32), np.uint8))
    rejected: tuple[RejectedPatches, ...] = ()

    def patch(self, side: str, row: int) -> Path:
        """Return the file of a kept patch; `side` is one of `SIDES`."""
        return self.folder / side / f"{row}.{self.format}"

    def rows(self) -> Iterator[dict[str, str]]:
        """Yield every window as a row of `candidates.csv`."""
        with (self.folder / "candidates.csv").open(newline="", encoding="utf-8") as file:
            yield from csv.DictReader(file)


def unit_name(phone: Path, dslr: Path, settings: AlignmentSettings, patch_format: str) -> str:
    """Return the name of a pair's unit; the name changes if anything changes the result.

    Raises:
        OSError: A photo is missing.
    """
    files = []
    for path in (phone, dslr):
        stat = path.stat()
        files.append((path.name, stat.st_size, stat.st_mtime_ns))
    parts = [VERSION, dataclasses.asdict(settings), patch_format, files]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:20]


def read_unit(folder: Path) -> Unit | None:
    """Return a finished unit, or None if there is no unit or one of its files has changed.

    A disk may lose or empty the newest files if the machine loses power.
    """
    try:
        facts = read_json(folder / UNIT)
        if facts["failure"]:
            return Unit(folder, facts["failure"])
        if facts.pop("files") != _checksums(folder):
            return None
        facts["reasons"] = {Rejection(word): n for word, n in facts["reasons"].items()}
        facts["rejected"] = tuple(
            RejectedPatches(row, ncc, Rejection(word)) for row, ncc, word in facts["rejected"]
        )
        with np.load(folder / "arrays.npz") as arrays:
            return Unit(folder, **facts, **arrays)
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
        return None


def new_unit(folder: Path) -> contextlib.AbstractContextManager[Path]:
    """Yield a folder to write in. The folder becomes `folder`, or vanishes if the block raises.

    A cluster may give one pair to two workers. Their results are equal, and the first one stays.

    Raises:
        OSError: The folder cannot be made or renamed.
    """
    return new_folder(folder)


def write_failure(folder: Path, failure: str) -> None:
    """Fill a new unit's folder with the reason why alignment failed."""
    _write_json(folder, {"failure": failure})


def write_unit(
    folder: Path, phone: CameraPhoto, dslr: CameraPhoto, alignment: Alignment, patch_format: str
) -> None:
    """Fill a new unit's folder.

    Args:
        folder: The empty folder of the unit.
        phone: The phone's photo.
        dslr: The DSLR's photo.
        alignment: The alignment of the two photos. Its `judged` is read to the end.
        patch_format: One of `PATCH_OPTIONS`.
    """
    for name in (*SIDES, "rejected", "pictures"):
        (folder / name).mkdir()
    windows, fingerprints, best = _write_patches(folder, alignment.judged, patch_format)
    pictures = draw_pictures(phone.pixels, dslr.pixels, alignment, windows)
    for name, picture in pictures.items():
        write_picture(folder / "pictures" / f"{name}.jpg", picture, quality=85)
    _write_windows(folder / "candidates.csv", windows)
    kept = [row for row, window in enumerate(windows) if window.kept]
    np.savez(
        folder / "arrays.npz",
        ncc=np.array([window.ncc for window in windows], np.float32),
        kept=np.array(kept, np.int64),
        fingerprints=np.array(fingerprints, np.uint8).reshape(-1, 2, 10, 10, 3),
        thumbnail=luma_thumbnail(pictures.phone),
    )
    figures = summarize(alignment.homography, windows)
    facts = {
        "failure": "",
        "format": patch_format,
        "summary": {name: value for name, value in figures.items() if math.isfinite(value)},
        "reasons": Counter(window.rejection for window in windows if window.rejection),
        "rejected": [(shown.row, shown.ncc, shown.rejection) for shown in best],
        "files": _checksums(folder),
    }
    _write_json(folder, facts)


def summarize(homography: HomographyEstimate, windows: Sequence[Window]) -> dict[str, float]:
    """Return the figures of a pair, for tables.

    Returns:
        Matches and inliers of the homography; "scale", DSLR pixels for a phone pixel; median and
        largest shift of a kept window from the homography, in phone pixels. Figures of kept windows
        are NaN if there are none.
    """
    kept = [window.placement for window in windows if window.kept and window.placement]
    shifts = [float(np.hypot(*placement.shift)) for placement in kept] or [math.nan]
    scales = [scale_of(placement.affine) for placement in kept] or [math.nan]
    return {
        "matches": len(homography.matches),
        "inliers": int(homography.inliers.sum()),
        "scale": round(float(np.median(scales)), 4),
        "median_shift": round(float(np.median(shifts)), 2),
        "largest_shift": round(max(shifts), 2),
    }


def _write_patches(
    folder: Path, judged: Iterable[tuple[Window, WindowPatches | None]], patch_format: str
) -> tuple[list[Window], list[list[np.ndarray]], list[RejectedPatches]]:
    """Write kept patches and the best rejected patches.

    Returns:
        All windows; the fingerprints of the kept patches; and the best rejected patches, the
        highest correlation first.
    """
    windows, fingerprints = [], []
    best: list[tuple[RejectedPatches, WindowPatches]] = []
    for row, (window, patches) in enumerate(judged):
        windows.append(window)
        if patches is None:
            continue
        if window.rejection is None:
            fingerprints.append([patch_fingerprint(patch) for patch in patches])
            for side, patch in zip(SIDES, patches, strict=True):
                path = folder / side / f"{row}.{patch_format}"
                write_picture(path, patch, **PATCH_OPTIONS[patch_format])
        elif math.isfinite(window.ncc):
            shown = RejectedPatches(row, window.ncc, window.rejection)
            bisect.insort(best, (shown, patches), key=lambda item: -item[0].ncc)
            del best[SHOWN_REJECTED:]
    for shown, patches in best:
        sheet = contact_sheet(*(patch[None] / np.float32(255) for patch in patches))
        write_picture(folder / "rejected" / f"{shown.row}.jpg", sheet, quality=90)
    return windows, fingerprints, [shown for shown, _ in best]


def _write_windows(path: Path, windows: Iterable[Window]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for window in windows:
            numbers = (*_place_numbers(window), window.ncc)
            fields = [
                f"{value:.{digits}f}" if math.isfinite(value) else ""
                for value, digits in zip(numbers, DECIMALS.values(), strict=True)
            ]
            writer.writerow([window.x, window.y, *fields, int(window.kept), window.rejection or ""])


def _place_numbers(window: Window) -> tuple[float, float, float, float, float]:
    """Return the first five numbers of `DECIMALS`: the DSLR's point, the shift and the angle."""
    placement = window.placement
    if placement is None:
        return math.nan, math.nan, math.nan, math.nan, math.nan
    (dslr_x, dslr_y), (dx, dy) = placement.affine[:, 2].tolist(), placement.shift.tolist()
    return dslr_x, dslr_y, dx, dy, placement.angle


def _checksums(folder: Path) -> dict[str, int]:
    """Return the CRC-32 of every file of a unit but unit.json, by its path in the unit."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != UNIT)
    return {path.relative_to(folder).as_posix(): zlib.crc32(path.read_bytes()) for path in files}


def _write_json(folder: Path, facts: dict) -> None:
    text = json.dumps(facts, indent=1, ensure_ascii=False)
    (folder / UNIT).write_text(text + "\n", encoding="utf-8")
