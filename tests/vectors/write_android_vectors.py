"""Write the test vectors of the Android app's core.

    PYTHONPATH=. python tests/vectors/write_android_vectors.py

`thumbnails` holds thumbnails of photos that a formula makes. `photos` holds the SHA-256 of such
photos, enhanced whole by two small networks, one of integers and one of floats. An app must get the
same photos in tiles.
"""

import hashlib
from pathlib import Path

import numpy as np
from write_tiling_vectors import as_text

from common.atomic_files import replacing
from inference.photo_thumbnail import thumbnail_of

PATH = Path(__file__).resolve().parents[2] / "docs" / "android_vectors.json"
UP, RIGHT = (
    3,
    4,
)  # pixels that the networks see above and beside a pixel; the halo is the greater one
SIDE = 5  # side of their thumbnail
THUMBNAILS = ((5, 7, 4), (67, 101, 8), (9, 4, 6), (1, 3, 2), (64, 64, 4), (200, 3, 5))
# Height, width, tile, multiple: larger than tiles, of their size, smaller on one axis or both.
PHOTOS = (
    *((100, 131, 32, 1), (32, 32, 32, 1), (33, 95, 32, 1), (7, 90, 32, 1), (90, 5, 32, 1)),
    *((3, 2, 32, 1), (1, 1, 32, 1), (101, 75, 32, 2), (31, 77, 32, 2), (5, 9, 32, 4)),
)


def photo(height: int, width: int) -> np.ndarray:
    """Return uint8 `(height, width, 3)`, a pattern that any language makes in a line."""
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(3), indexing="ij")
    return ((x * 37 + y * 101 + c * 59 + x * y * 7) % 256).astype(np.uint8)


def vectors() -> dict:
    """Return everything that the file holds."""
    thumbnails = [
        {
            "height": height,
            "width": width,
            "size": size,
            "values": [
                round(float(v), 6) for v in thumbnail_of(photo(height, width), size).ravel()
            ],
        }
        for height, width, size in THUMBNAILS
    ]
    photos = [
        {
            "height": height,
            "width": width,
            "tile": tile,
            "halo": RIGHT,
            "multiple": multiple,
            "thumbnail": thumbnail,
            "dtype": dtype,
            "sha256": hashlib.sha256(
                _enhanced(height, width, thumbnail, dtype).tobytes()
            ).hexdigest(),
        }
        for height, width, tile, multiple in PHOTOS
        for thumbnail in (None, SIDE)
        for dtype in ("uint8", "float32")
    ]
    return {"thumbnails": thumbnails, "photos": photos}


def _enhanced(height: int, width: int, thumbnail: int | None, dtype: str) -> np.ndarray:
    """Return the photo enhanced whole, uint8, continued as `docs/tiling.md` says."""
    image = photo(height, width)
    small = thumbnail_of(image, thumbnail) if thumbnail else None
    above = np.pad(image, [(UP, 0), (0, 0), (0, 0)], mode="edge")[:height]
    right = np.pad(image, [(0, 0), (0, RIGHT), (0, 0)], mode="edge")[:, RIGHT:]
    network = _integers if dtype == "uint8" else _floats
    return network(above, right, small)


def _integers(above: np.ndarray, right: np.ndarray, small: np.ndarray | None) -> np.ndarray:
    result = (above.astype(np.int32) + right + 1) >> 1
    if small is not None:
        level = np.rint(small[SIDE // 2, SIDE // 3] * 255).astype(np.int32)
        result = (3 * result + level + 2) >> 2
    return result.astype(np.uint8)


def _floats(above: np.ndarray, right: np.ndarray, small: np.ndarray | None) -> np.ndarray:
    above, right = (side / np.float32(255) for side in (above, right))
    result = np.float32(0.625) * (above + right) - np.float32(0.0625)  # below 0 and above 1, too
    if small is not None:
        result = np.float32(0.75) * result + np.float32(0.25) * small[SIDE // 2, SIDE // 3]
    return np.rint(result.clip(0, 1) * np.float32(255)).astype(np.uint8)


def main() -> None:
    """Write the file."""
    with replacing(PATH) as path:
        path.write_text(as_text(vectors()))


if __name__ == "__main__":
    main()
