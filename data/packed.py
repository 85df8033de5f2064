"""Patches packed once into memory-mapped arrays.

Decoding a hundred thousand small JPEGs on every run costs minutes; a packed array is checked and
read at the speed of memory. A pack belongs to the exact files it was made of.
"""

import dataclasses
import hashlib
import json
import os
import shutil
import tempfile
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import imageio.v3 as iio
import numpy as np
from tqdm import tqdm

from common.layout import PATCH_SIZE
from data.layout import DatasetError, PairFolder

SIDES = ("phone", "target")


@dataclasses.dataclass(frozen=True)
class PatchPairs:
    """Aligned patches, each array `(N, 100, 100, 3)` uint8 RGB, read-only."""

    phone: np.ndarray
    target: np.ndarray

    def __len__(self) -> int:
        return len(self.phone)

    def __getitem__(self, index) -> "PatchPairs":
        return PatchPairs(self.phone[index], self.target[index])

    @property
    def fingerprint(self) -> int:
        """A checksum of some hundred of the pairs, spread evenly."""
        every = max(1, len(self) // 100)
        return zlib.crc32(self.target[::every].tobytes(), zlib.crc32(self.phone[::every].tobytes()))

    def scaled(self) -> tuple[np.ndarray, np.ndarray]:
        """Phone and target in memory, each float32 in [0, 1]."""
        return tuple(np.asarray(side, np.float32) / 255 for side in (self.phone, self.target))


def open_pairs(folder: PairFolder, cache_dir: str | Path) -> PatchPairs:
    """Open the pack of a folder's patches; make it first where it is missing or out of date.

    A pack is out of date when a file's name, size or time changed, and damaged when its checksum
    is off; either way it is made anew.

    Args:
        folder: the patch files.
        cache_dir: where packs are kept, one subfolder each.

    Raises:
        DatasetError: a patch file is not a readable 100×100 image.
    """
    fingerprint = _fingerprint(folder)
    location = str(folder.phone[0].parent.resolve())
    pack = Path(cache_dir) / hashlib.sha256(location.encode()).hexdigest()[:16]
    opened = _open(pack, fingerprint)
    if opened is None:
        _make(folder, pack, fingerprint)
        opened = _open(pack, fingerprint)
    return opened


def _fingerprint(folder: PairFolder) -> str:
    digest = hashlib.sha256()
    for path in (*folder.phone, *folder.target):
        status = path.stat()
        digest.update(f"{path.name}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _open(pack: Path, fingerprint: str) -> PatchPairs | None:
    try:
        manifest = json.loads((pack / "manifest.json").read_text())
        if manifest["fingerprint"] != fingerprint:
            return None
        arrays = [np.load(pack / f"{side}.npy", mmap_mode="r") for side in SIDES]
        intact = [zlib.crc32(array) for array in arrays] == manifest["crc32"]
    except (OSError, EOFError, ValueError, KeyError, TypeError):  # missing or damaged in any way
        return None
    return PatchPairs(*arrays) if intact else None


def _make(folder: PairFolder, pack: Path, fingerprint: str) -> None:
    """Write the pack beside its place and rename it there, so that a pack is whole or absent."""
    pack.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{pack.name}-", dir=pack.parent))
    try:
        checksums = []
        for side in SIDES:
            files = getattr(folder, side)
            array = np.lib.format.open_memmap(
                temporary / f"{side}.npy",
                mode="w+",
                dtype=np.uint8,
                shape=(len(files), PATCH_SIZE, PATCH_SIZE, 3),
            )
            _decode(files, array, f"packing {files[0].parent.name}")
            array.flush()
            checksums.append(zlib.crc32(array))
        manifest = {"fingerprint": fingerprint, "crc32": checksums, "pairs": len(folder)}
        (temporary / "manifest.json").write_text(json.dumps(manifest))
        if pack.exists():
            shutil.rmtree(pack)
        try:
            temporary.replace(pack)
        except OSError:  # another run that made the same pack was faster
            if _open(pack, fingerprint) is None:
                raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _decode(files, array: np.ndarray, label: str) -> None:
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        patches = pool.map(read_patch, files)
        for index, patch in enumerate(tqdm(patches, label, len(files), disable=None)):
            array[index] = patch


def read_patch(path: Path) -> np.ndarray:
    """One patch as `(100, 100, 3)` uint8 RGB.

    Raises:
        DatasetError: the file is damaged or of another size.
    """
    try:
        image = iio.imread(path, plugin="pillow", mode="RGB")
    except Exception as error:  # decoders raise many types
        raise DatasetError(f"{path}: not a readable image") from error
    if image.shape != (PATCH_SIZE, PATCH_SIZE, 3):
        height, width = image.shape[:2]
        raise DatasetError(f"{path}: {width}×{height} pixels, expected {PATCH_SIZE}×{PATCH_SIZE}")
    return image
