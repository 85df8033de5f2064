"""A picture of a photo before and after, side by side."""

import dataclasses
from pathlib import Path

import numpy as np

from photos import Photo, save_photo
from photos.photo import over_white, to_8_bit

LONGEST = 2048  # pixels of each half's long side
SUFFIX = "_compare"


def compare_path(target: Path) -> Path:
    """Where the picture that compares the result `target` with its source goes."""
    return target.with_name(f"{target.stem}{SUFFIX}.jpg")


def is_compare(path: Path) -> bool:
    """Whether a file is such a picture: by its name, with a photo of the name that it compares."""
    name = path.stem.removesuffix(SUFFIX)
    if path.suffix != ".jpg" or not name or name == path.stem:
        return False
    return any(other != path and other.stem == name for other in path.parent.glob("*.*"))


def reduced(photo: Photo) -> np.ndarray:
    """The photo's colours with a long side of at most `LONGEST`, each pixel a mean of a square.

    Returns:
        uint8 `(h, w, 1 or 3)`, transparency over white.
    """
    height, width = photo.pixels.shape[:2]
    factor = -(-max(height, width) // LONGEST)
    columns = np.arange(0, width, factor)
    across = np.diff(np.append(columns, width))[:, None]
    lines = []
    for top in range(0, height, factor):
        band = to_8_bit(photo.pixels[top : top + factor])
        band = over_white(band) if photo.has_alpha else band
        sums = np.add.reduceat(band.sum(0, dtype=np.uint32), columns, axis=0)
        lines.append(np.rint(sums / (across * band.shape[0])).astype(np.uint8))
    return np.stack(lines)


def write_compare(path: Path, before: np.ndarray, after: Photo) -> None:
    """Write the picture; tall photos side by side, wide ones too.

    Args:
        path: a .jpg file.
        before: what `reduced` made of the source.
        after: the result; its profile is the picture's.

    Raises:
        PhotoError: it cannot be written.
    """
    gap = np.full((before.shape[0], max(2, before.shape[1] // 128), before.shape[2]), 255, np.uint8)
    sheet = np.concatenate([before, gap, reduced(after)], 1)
    save_photo(path, dataclasses.replace(after, pixels=sheet, exif=None, xmp=None, encoding={}))
