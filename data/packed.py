"""Patch pairs, and packs: decoded patches in memory-mapped arrays.

Decoding a hundred thousand small JPEG files costs minutes in every run. A pack is checked and read
at the speed of memory. A pack is valid only for the exact files from which it was made.
"""

import dataclasses
import hashlib
import os
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self

import imageio.v3 as iio
import numpy as np

from common.layout import PATCH_SIZE
from common.long_work import counted
from data.pack_files import open_pack
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
    def scene_count(self) -> int | None:
        """The number of photos; None if the dataset does not say it."""
        return None if self.scenes is None else len(np.unique(self.scenes))

    @property
    def fingerprint(self) -> int:
        """Checksum of every pair."""
        checksum = 0
        for side in (self.phone, self.target):
            for start in range(0, len(side), 1000):
                part = np.ascontiguousarray(side[start : start + 1000])
                checksum = zlib.crc32(part.data, checksum)
        return checksum

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
        OSError: the pack cannot be written.
    """
    fingerprint = _fingerprint(folder)
    location = str(folder.phone[0].parent.resolve())
    pack = Path(cache_dir) / hashlib.sha256(os.fsencode(location)).hexdigest()[:16]
    sides = (folder.phone, folder.target)
    arrays = open_pack(pack, fingerprint, len(folder), lambda: map(_decoded, sides))
    if arrays is None:
        raise DatasetError(f"{pack}: changed while it was being made; run the command again")
    return PatchPairs(*arrays, None if folder.scenes is None else np.array(folder.scenes))


def _fingerprint(folder: PairFolder) -> str:
    digest = hashlib.sha256()
    for path in (*folder.phone, *folder.target):
        status = path.stat()
        digest.update(os.fsencode(path.name))  # a name need not be UTF-8
        digest.update(f"\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _decoded(files: Sequence[Path]) -> Iterator[np.ndarray]:
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        try:
            patches = pool.map(read_patch, files)
            what = f"packing {files[0].parent.name}"
            yield from counted(patches, what, "file", len(files))
        finally:
            pool.shutdown(cancel_futures=True)


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
