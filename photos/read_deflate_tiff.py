"""16-bit TIFF files compressed by deflate, decoded in small parts.

Other libraries hold a whole strip beside the pixels. A file may consist of one strip, and then
needs twice the memory of its pixels. This reader needs the pixels and a few megabytes.

Source: TIFF 6.0, sections 7 and 14 (predictor), and Adobe's TIFF Technical Note of 2002 (deflate).
"""

import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np

from photos.files import PhotoError
from photos.photo import bands

DEFLATE = (8, 32946)  # values of the tag Compression
_COMPRESSION, _OFFSETS, _ROWS, _COUNTS, _PREDICTOR, _TILE_WIDTH = 259, 273, 278, 279, 317, 322
_PART = 1 << 20  # bytes of the file that are read at a time


def can_read(tags: Mapping[int, Any]) -> bool:
    """Return whether `read_deflate` decodes a 16-bit TIFF with these tags."""
    strips = _TILE_WIDTH not in tags and _OFFSETS in tags and _COUNTS in tags
    return strips and tags.get(_COMPRESSION) in DEFLATE and tags.get(_PREDICTOR, 1) in (1, 2)


def read_deflate(
    path: str | Path, tags: Mapping[int, Any], shape: tuple[int, int, int], planar: bool
) -> np.ndarray:
    """Decode the strips of a file.

    Args:
        path: The file.
        tags: Its tags, for which `can_read` is true.
        shape: Rows, columns and samples of a pixel, as stored.
        planar: Whether each sample has strips of its own.

    Returns:
        uint16 `(H, W, C)`, as stored.

    Raises:
        PhotoError: A strip is damaged or missing.
        OSError: The file cannot be read.
    """
    height, _, channels = shape
    pixels = np.empty(shape, np.uint16)
    rows = min(int(tags.get(_ROWS, height)), height)
    starts = range(0, height, max(rows, 1))
    planes = [pixels[..., i : i + 1] for i in range(channels)] if planar else [pixels]
    strips = [plane[start : start + rows] for plane in planes for start in starts]
    offsets, counts = tags[_OFFSETS], tags[_COUNTS]
    if len(offsets) < len(strips) or len(counts) < len(strips):
        raise PhotoError("damaged image (missing strips)")
    with Path(path).open("rb") as file:
        order = "<" if file.read(2) == b"II" else ">"
        for strip, offset, count in zip(strips, offsets, counts, strict=False):
            file.seek(offset)
            _read_strip(file, count, strip, np.dtype(f"{order}u2"), tags.get(_PREDICTOR, 1) == 2)
    return pixels


def _read_strip(
    file: IO[bytes], count: int, strip: np.ndarray, stored: np.dtype, differences: bool
) -> None:
    """Decode `count` bytes of a file into a strip `(h, W, C)` of the pixels."""
    stream, waiting = zlib.decompressobj(), b""
    for rows in bands(strip.shape[0], strip.shape[1]):
        band = strip[rows]
        wanted = band.size * 2
        decoded = bytearray()
        while len(decoded) < wanted:
            if not waiting and count > 0:
                waiting = file.read(min(_PART, count))
                count -= len(waiting) or count
            ended = stream.eof or not waiting
            try:
                part = stream.decompress(waiting, wanted - len(decoded))
            except zlib.error as error:
                raise PhotoError(f"damaged image ({error})") from None
            waiting = stream.unconsumed_tail
            if ended and not part:
                raise PhotoError("damaged image (a strip ends too early)")
            decoded += part
        values = np.frombuffer(decoded, stored).reshape(band.shape)
        if differences:  # each sample less the one to its left, modulo 65536
            np.cumsum(values, axis=1, dtype=np.uint16, out=band)
        else:
            band[:] = values
