"""Photo files that are there twice: found before any work is spent on them."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from align.pairing.pair_photos import PhotoPair


def refused_pairs(pairs: Sequence[PhotoPair]) -> list[str]:
    """Pairs that would add nothing but a copy.

    Files are the same if their bytes are. A copy whose bytes differ, by its EXIF data for example,
    is found later, by its windows.

    Args:
        pairs: all of them, in order.

    Returns:
        Why each pair is refused: it holds a photo of an earlier one, or one photo twice; "" if it
        is not. A file that cannot be read is unlike all others here; aligning it says what is
        wrong.
    """
    sizes = {path: _size(path) for pair in pairs for path in (pair.phone, pair.dslr)}
    common = Counter(sizes.values())
    reasons, seen = [], {}
    for pair in pairs:
        # Files of different sizes are different: most need not be read.
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
    """SHA-256 of a file, or the path itself if it cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return path
