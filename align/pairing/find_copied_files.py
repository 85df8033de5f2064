"""Photo files that occur twice, found before any time is spent on them."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from align.pairing.pair_photos import PhotoPair


def find_copied_files(pairs: Sequence[PhotoPair]) -> list[str]:
    """Find the pairs that would only add a copy.

    Two files are copies if their bytes are equal. A copy with other bytes, because of its EXIF data
    for example, is found later, by its windows.

    Args:
        pairs: All pairs, in order.

    Returns:
        For each pair the reason to refuse the pair: it holds a photo of an earlier pair, or one
        photo twice; "" for no reason. A file that cannot be read counts as different from all other
        files; its alignment reports the error.
    """
    sizes = {path: _size(path) for pair in pairs for path in (pair.phone, pair.dslr)}
    common = Counter(sizes.values())
    reasons, seen = [], {}
    for pair in pairs:
        # Files of different sizes are different: most files need not be read.
        phone, dslr = (
            _digest(path) if sizes[path] is not None and common[sizes[path]] > 1 else path
            for path in (pair.phone, pair.dslr)
        )
        if phone == dslr:
            reasons.append("phone and DSLR photo are the same file")
        elif phone in seen:
            reasons.append(f"phone photo: same photo as {seen[phone]}")
        elif dslr in seen:
            reasons.append(f"DSLR photo: same photo as {seen[dslr]}")
        else:
            reasons.append("")
            seen |= {phone: pair.phone.name, dslr: pair.dslr.name}
    return reasons


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


def _digest(path: Path) -> str | Path:
    """Return the SHA-256 of a file, or the path itself if the file cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return path
