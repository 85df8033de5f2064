"""The files of a pack: the two sides of patch pairs as arrays with checksums.

PACK/phone.npy, target.npy    uint8 `(N, 100, 100, 3)`
PACK/manifest.json            what the pack was made from, and the checksums of the arrays
"""

import json
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from common.atomic_files import new_folder
from common.folder_lock import locked
from common.layout import PATCH_SIZE
from common.plain_file import read_json

SIDES = ("phone", "target")
MANIFEST = "manifest.json"

Arrays = tuple[np.ndarray, np.ndarray]  # phone and target


def open_pack(
    pack: Path, fingerprint: str, count: int, make: Callable[[], Iterable[Iterable[np.ndarray]]]
) -> Arrays | None:
    """Open a pack; make it first if it is missing, out of date or damaged.

    Of several processes that start at once, one makes the pack and the others wait.

    Args:
        pack: The folder of the pack.
        fingerprint: Names everything that the pack is made from.
        count: The number of pairs.
        make: Returns the patches of the phone and then those of the target, one by one.

    Returns:
        Phone and target, each uint8 `(N, 100, 100, 3)`, read-only and mapped into memory. None if
        other processes changed the pack in the meantime.

    Raises:
        OSError: The pack cannot be written. Nothing of it stays.
    """
    found = _read(pack, fingerprint)
    if found is None:
        pack.parent.mkdir(parents=True, exist_ok=True)
        with locked(pack.parent, wait=True):
            found = _read(pack, fingerprint)
            if found is None:
                _write(pack, fingerprint, count, make())
                found = _read(pack, fingerprint)
    return found


def _read(pack: Path, fingerprint: str) -> Arrays | None:
    """Return the arrays of a pack, or None if it is missing, out of date or damaged."""
    try:
        manifest = read_json(pack / MANIFEST)
        if manifest["fingerprint"] != fingerprint:
            return None
        phone, target = (np.load(pack / f"{side}.npy", mmap_mode="r") for side in SIDES)
        intact = [zlib.crc32(phone.data), zlib.crc32(target.data)] == manifest["crc32"]
    except (OSError, EOFError, ValueError, KeyError, TypeError):
        return None
    return (phone, target) if intact else None


def _write(pack: Path, fingerprint: str, count: int, sides: Iterable[Iterable[np.ndarray]]) -> None:
    # Written patch by patch: an array that is mapped into memory ends the process on a full disk.
    with new_folder(pack, replace=True) as temporary:
        checksums = []
        for side, patches in zip(SIDES, sides, strict=True):
            checksum = 0
            with (temporary / f"{side}.npy").open("wb") as file:
                shape = (count, PATCH_SIZE, PATCH_SIZE, 3)
                layout = {"descr": "|u1", "fortran_order": False, "shape": shape}
                np.lib.format.write_array_header_1_0(file, layout)
                for patch in patches:
                    content = np.ascontiguousarray(patch, np.uint8).data
                    file.write(content)
                    checksum = zlib.crc32(content, checksum)
            checksums.append(checksum)
        manifest = {"fingerprint": fingerprint, "crc32": checksums, "pairs": count}
        (temporary / MANIFEST).write_text(json.dumps(manifest))
