"""The picture of a photo before and after enhancement, side by side."""

from pathlib import Path

import numpy as np

from photos import Photo, save_photo
from photos.mark import comparison_mark, is_comparison_mark, mark_of, put_mark
from photos.photo import over_white, to_8_bit

LONGEST = 2048  # pixels of each half's long side
SUFFIX = "_compare"


def compare_path(target: Path) -> Path:
    """Return the file of the picture that compares the result `target` with its source."""
    return target.with_name(f"{target.stem}{SUFFIX}.jpg")


def is_comparison(path: Path) -> bool:
    """Return whether a file is such a picture.

    Either its name says so and a photo of the name before lies beside it, or its mark says so.
    """
    if path.suffix != ".jpg" or SUFFIX not in path.stem:
        return False
    if is_comparison_mark(mark_of(path)):
        return True
    name = path.stem.removesuffix(SUFFIX)
    others = path.parent.glob("*.*") if name and name != path.stem else ()
    return any(other != path and other.stem == name for other in others)


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


def write_compare(path: Path, before: np.ndarray, after: Photo, result: Path) -> None:
    """Write the picture.

    Args:
        path: A .jpg file.
        before: The source, reduced by `reduced`.
        after: The result; its color space is the picture's.
        result: The file of the result, which the picture's mark names.

    Raises:
        PhotoError: The picture cannot be written.
    """
    gap = np.full((before.shape[0], max(2, before.shape[1] // 128), before.shape[2]), 255, np.uint8)
    sheet = np.concatenate([before, gap, reduced(after)], 1)
    picture = Photo(sheet, after.signal)
    put_mark(picture, path, comparison_mark(result))
    save_photo(path, picture)
