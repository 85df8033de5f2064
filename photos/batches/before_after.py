"""The picture of a photo before and after enhancement, side by side."""

from pathlib import Path

import numpy as np

from photos import Photo, save_photo
from photos.photo import over_white, to_8_bit

LONGEST = 2048  # pixels of each half's long side
SUFFIX = "_compare"


def compare_path(target: Path) -> Path:
    """Return the file of the picture that compares the result `target` with its source."""
    return target.with_name(f"{target.stem}{SUFFIX}.jpg")


def is_comparison(path: Path) -> bool:
    """Return whether a file is such a picture: by its name, and by a photo of the name before."""
    name = path.stem.removesuffix(SUFFIX)
    if path.suffix != ".jpg" or not name or name == path.stem:
        return False
    return any(other != path and other.stem == name for other in path.parent.glob("*.*"))


def reduced(photo: Photo) -> np.ndarray:
    """Reduce a photo to a long side of at most `LONGEST`; each pixel is the mean of a square.

    Returns:
        uint8 `(h, w, 1 or 3)`, with transparency laid over white.
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
    """Write the picture.

    Args:
        path: A .jpg file.
        before: The source, reduced by `reduced`.
        after: The result; its color space is the picture's.

    Raises:
        PhotoError: The picture cannot be written.
    """
    gap = np.full((before.shape[0], max(2, before.shape[1] // 128), before.shape[2]), 255, np.uint8)
    sheet = np.concatenate([before, gap, reduced(after)], 1)
    save_photo(path, Photo(sheet, after.signal))
