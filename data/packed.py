"""Patch pairs, and packs: decoded patches in memory-mapped arrays.

Decoding a hundred thousand small JPEG files costs minutes in every run. A pack is checked and read
at the speed of memory. A pack is valid only for the exact files from which it was made.
"""

import dataclasses
import hashlib
import json
import os
import shutil
import tempfile
import zlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self

import imageio.v3 as iio
import numpy as np
from tqdm import tqdm

from common.layout import PATCH_SIZE
from data.pair_files import DatasetError, PairFolder


@dataclasses.dataclass(frozen=True)
class PatchPairs:
    """Aligned patches, each array `(N, 100, 100, 3)` uint8 RGB, read-only.

    `scenes`, `(N,)` text, names the photo of each patch; None if the dataset does not say it.
    """

    phone: np.ndarray
    target: np.ndarray
    scenes: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.phone)

    def __getitem__(self, index) -> Self:
        scenes = None if self.scenes is None else self.scenes[index]
        return type(self)(self.phone[index], self.target[index], scenes)

    @property
    def fingerprint(self) -> int:
        """Checksum of about a hundred evenly spread pairs."""
        every = max(1, len(self) // 100)
        return zlib.crc32(self.target[::every].tobytes(), zlib.crc32(self.phone[::every].tobytes()))

    def scaled(self) -> tuple[np.ndarray, np.ndarray]:
        """Return phone and target in memory, each `(N, 100, 100, 3)` float32 in [0, 1]."""
        return np.asarray(self.phone, np.float32) / 255, np.asarray(self.target, np.float32) / 255


def open_pairs(folder: PairFolder, cache_dir: str | Path) -> PatchPairs:
    """Open the pack of a folder's patches; make the pack first if none is valid.

    A pack is out of date if the name, size or time of a file has changed. A pack is damaged if its
    checksum is wrong. In both cases the pack is made again.

    Args:
        folder: the patch files.
        cache_dir: folder of all packs; each pack is one subfolder.

    Raises:
        DatasetError: a patch file is not a readable 100×100 image, or the new pack cannot be read.
    """
    fingerprint = _fingerprint(folder)
    location = str(folder.phone[0].parent.resolve())
    pack = Path(cache_dir) / hashlib.sha256(location.encode()).hexdigest()[:16]
    pairs = _open(pack, fingerprint)
    if pairs is None:
        _make(folder, pack, fingerprint)
        pairs = _open(pack, fingerprint)
    if pairs is None:
        raise DatasetError(f"{pack}: changed while it was being made; run the command again")
    return (
        pairs
        if folder.scenes is None
        else dataclasses.replace(pairs, scenes=np.array(folder.scenes))
    )


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
        pairs = PatchPairs(
            np.load(pack / "phone.npy", mmap_mode="r"), np.load(pack / "target.npy", mmap_mode="r")
        )
        checksums = [zlib.crc32(pairs.phone.data), zlib.crc32(pairs.target.data)]
        intact = checksums == manifest["crc32"]
    except (OSError, EOFError, ValueError, KeyError, TypeError):  # missing or damaged in any way
        return None
    return pairs if intact else None


def _make(folder: PairFolder, pack: Path, fingerprint: str) -> None:
    """Write the pack under a temporary name and rename it, so that a pack is complete or absent."""
    pack.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{pack.name}-", dir=pack.parent))
    try:
        checksums = []
        for side, files in (("phone", folder.phone), ("target", folder.target)):
            array = np.lib.format.open_memmap(
                temporary / f"{side}.npy",
                mode="w+",
                dtype=np.uint8,
                shape=(len(files), PATCH_SIZE, PATCH_SIZE, 3),
            )
            _decode(files, array, f"packing {files[0].parent.name}")
            array.flush()
            checksums.append(zlib.crc32(array.data))
        manifest = {"fingerprint": fingerprint, "crc32": checksums, "pairs": len(folder)}
        (temporary / "manifest.json").write_text(json.dumps(manifest))
        if pack.exists():
            shutil.rmtree(pack)
        try:
            temporary.replace(pack)
        except OSError:  # another run has made the same pack in the meantime
            if _open(pack, fingerprint) is None:
                raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _decode(files: Sequence[Path], array: np.ndarray, label: str) -> None:
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        patches = pool.map(read_patch, files)
        for index, patch in enumerate(tqdm(patches, label, len(files), disable=None)):
            array[index] = patch


def read_patch(path: Path) -> np.ndarray:
    """Read one patch as `(100, 100, 3)` uint8 RGB.

    Raises:
        DatasetError: the file is damaged or has another size.
    """
    try:
        image = iio.imread(path, plugin="pillow", mode="RGB")
    except Exception as error:  # decoders raise many types
        raise DatasetError(f"{path}: not a readable image") from error
    if image.shape != (PATCH_SIZE, PATCH_SIZE, 3):
        height, width = image.shape[:2]
        raise DatasetError(f"{path}: {width}×{height} pixels, expected {PATCH_SIZE}×{PATCH_SIZE}")
    return image
