"""The folder that a pair of photos leaves behind when it has been aligned, or could not be.

WORK/UNIT/unit.json          the pair, and its figures or the reason why it failed
WORK/UNIT/candidates.csv     every window, in the columns `COLUMNS`
WORK/UNIT/phone/ROW.jpg      kept patches as they will be in the data set, by row of that file
WORK/UNIT/dslr/ROW.jpg
WORK/UNIT/rejected/ROW.jpg   the best of the rejected, phone | DSLR
WORK/UNIT/arrays.npz         the correlations, and what duplicates and scenes are found by
WORK/UNIT/pictures/          the pair as `align.output.drawing` shows it

A unit is written under another name and renamed when it is complete: a folder that is there is
whole. All that it depends on is in its name, so that an interrupted run finds what is done.
"""

import contextlib
import csv
import dataclasses
import hashlib
import json
import math
import shutil
import uuid
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from align.matching.align_photos import Settings
from align.output.drawing import draw_pair
from align.output.fingerprints import fingerprint, thumbnail
from common.contact_sheet import contact_sheet

VERSION = 1  # of the alignment and of these files: raise it when the same photos give others
SHOWN = 24  # rejected patches to look at
DECIMALS = {"dslr_x": 3, "dslr_y": 3, "dx": 3, "dy": 3, "angle": 4, "ncc": 5}
COLUMNS = ("x", "y", *DECIMALS, "kept", "reason")
ENCODING = {"jpg": {"quality": 100, "subsampling": 0}, "png": {}}


@dataclasses.dataclass(frozen=True, eq=False)
class Unit:
    """A finished pair.

    Attributes:
        folder: where it is.
        failure: why the pair could not be aligned, or ""; then what follows is empty.
        format: suffix of the patches, without the dot.
        summary: figures of the pair, by name; those that there are.
        reasons: number of windows rejected for each reason.
        ncc: correlation of every window, float32 (N,); NaN where it was never computed.
        kept: rows of the kept windows, int64 (K,), ascending.
        fingerprints: of their patches, uint8 (K, 2, 10, 10, 3).
        thumbnail: of the phone's photo, uint8 (32, 32).
        rejected: (row, correlation, reason) of up to `SHOWN` windows, the highest first.
    """

    folder: Path
    failure: str
    format: str = ""
    summary: dict[str, float] = dataclasses.field(default_factory=dict)
    reasons: dict[str, int] = dataclasses.field(default_factory=dict)
    ncc: np.ndarray | None = None
    kept: np.ndarray | None = None
    fingerprints: np.ndarray | None = None
    thumbnail: np.ndarray | None = None
    rejected: tuple[tuple[int, float, str], ...] = ()

    def patch(self, side: str, row: int) -> Path:
        """File of a kept patch; `side` is "phone" or "dslr"."""
        return self.folder / side / f"{row}.{self.format}"

    def rows(self) -> Iterator[dict[str, str]]:
        """Every window, as `candidates.csv` has it."""
        with (self.folder / "candidates.csv").open(newline="", encoding="utf-8") as file:
            yield from csv.DictReader(file)


def unit_name(phone: Path, dslr: Path, settings: Settings, patch_format: str) -> str:
    """Name of a pair's unit: another one when anything that it depends on is another.

    Raises:
        OSError: a photo is not there.
    """
    files = []
    for path in (phone, dslr):
        stat = path.stat()
        files.append((path.name, stat.st_size, stat.st_mtime_ns))
    parts = [VERSION, dataclasses.asdict(settings), patch_format, files]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:20]


def read_unit(folder: Path) -> Unit | None:
    """A finished unit, or None where there is none that can be read."""
    try:
        facts = json.loads((folder / "unit.json").read_text(encoding="utf-8"))
        if facts["failure"]:
            return Unit(folder, facts["failure"])
        facts["rejected"] = tuple(tuple(shown) for shown in facts["rejected"])
        with np.load(folder / "arrays.npz") as arrays:
            return Unit(folder, **facts, **arrays)
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
        return None


@contextlib.contextmanager
def new_unit(folder: Path) -> Iterator[Path]:
    """A folder to write in that becomes `folder` at the end, or vanishes if the block raises.

    Raises:
        OSError: it cannot be made or renamed.
    """
    temporary = folder.with_name(f".{folder.name}.{uuid.uuid4().hex}.part")
    temporary.mkdir()
    try:
        yield temporary
        try:
            temporary.rename(folder)
        except OSError:
            # A cluster may give the same pair to two workers, whose results are the same.
            if not folder.is_dir():
                raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def write_failure(folder: Path, failure: str) -> None:
    """Fill a new unit's folder with the reason why there is nothing else."""
    _write_json(folder, {"failure": failure})


def write_alignment(folder: Path, alignment, phone_size: tuple[int, int], patch_format) -> None:
    """Fill a new unit's folder.

    Args:
        folder: of the unit, empty.
        alignment: as `align.matching.align_photos.align_photos` returns it.
        phone_size: height and width of the phone's photo, pixels.
        patch_format: "jpg" or "png".
    """
    for name in ("phone", "dslr", "rejected", "pictures"):
        (folder / name).mkdir()
    candidates = alignment.candidates
    kept, fingerprints = [], np.zeros((len(candidates), 2, 10, 10, 3), np.uint8)
    for row, candidate in enumerate(candidates):
        if candidate.kept:
            pair = alignment.patches(candidate)
            fingerprints[len(kept)] = [fingerprint(patch) for patch in pair]
            for side, patch in zip(("phone", "dslr"), pair, strict=True):
                path = folder / side / f"{row}.{patch_format}"
                Image.fromarray(patch).save(path, **ENCODING[patch_format])
            kept.append(row)
    compared = [
        row
        for row, candidate in enumerate(candidates)
        if not candidate.kept and math.isfinite(candidate.ncc)
    ]
    best = sorted(compared, key=lambda row: -candidates[row].ncc)[:SHOWN]
    for row in best:
        pair = [patch[None] / np.float32(255) for patch in alignment.patches(candidates[row])]
        Image.fromarray(contact_sheet(*pair)).save(folder / "rejected" / f"{row}.jpg", quality=90)
    for name, picture in draw_pair(alignment, phone_size).items():
        Image.fromarray(picture).save(folder / "pictures" / f"{name}.jpg", quality=85)
    _write_candidates(folder / "candidates.csv", candidates)
    np.savez(
        folder / "arrays.npz",
        ncc=np.array([candidate.ncc for candidate in candidates], np.float32),
        kept=np.array(kept, np.int64),
        fingerprints=fingerprints[: len(kept)],
        thumbnail=thumbnail(alignment.views.phone),
    )
    summary = {name: _number(value) for name, value in alignment.summary.items()}
    facts = {
        "failure": "",
        "format": patch_format,
        "summary": {name: value for name, value in summary.items() if math.isfinite(value)},
        "reasons": Counter(candidate.reason for candidate in candidates if not candidate.kept),
        "rejected": [(row, _number(candidates[row].ncc), candidates[row].reason) for row in best],
    }
    _write_json(folder, facts)


def _write_candidates(path, candidates):
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for candidate in candidates:
            values = ((getattr(candidate, name), digits) for name, digits in DECIMALS.items())
            fields = [f"{v:.{digits}f}" if math.isfinite(v) else "" for v, digits in values]
            kept = int(candidate.kept)
            writer.writerow([candidate.x, candidate.y, *fields, kept, candidate.reason])


def _write_json(folder, facts):
    text = json.dumps(facts, indent=1, ensure_ascii=False)
    (folder / "unit.json").write_text(text + "\n", encoding="utf-8")


def _number(value) -> float | int:
    """A Python number for JSON, whatever NumPy made of it."""
    return value.item() if isinstance(value, np.generic) else value
