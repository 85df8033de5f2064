"""Reader of 16-bit samples in PNG and TIFF files, which Pillow would cut to 8 bits.

OpenCV and tifffile are slow to import, so the import waits until such a file arrives. OpenCV mixes
up planar TIFF files and maps uncompressed ones into memory beside the pixels. Of TIFF files that
are to be turned it reads none (5.0), or has turned them already. tifffile reads those. Strips that
deflate packed have a reader of their own: a file of one strip would take twice its memory.
"""

import contextlib
import os
from pathlib import Path

import numpy as np
from PIL.ImageFile import ImageFile

from photos.files import PhotoError, opened
from photos.header import Header
from photos.metadata import AS_STORED, orientation_of
from photos.photo import bands
from photos.read_deflate_tiff import can_read, read_deflate
from photos.tiff_samples import interpret, is_planar, samples_of, tiff_tags
from photos.transparent_color import has_transparent_color, with_transparent_color

_COMPRESSION = 259
_BY_TIFFFILE = (1, 8, 32946)  # none and deflate, without further packages


def read(path: str | Path, image: ImageFile, header: Header) -> np.ndarray:
    """Decode a file for which `header.is_deep` is true.

    Args:
        path: The file.
        image: The same file, open, not loaded.
        header: The header of the file.

    Returns:
        uint16 `(H, W, C)`, upright.

    Raises:
        PhotoError: The file is damaged, or is a TIFF that neither library can read.
        Exception: The file is damaged; the decoders raise almost any type.
    """
    if image.format == "PNG":
        with opened(path) as second:  # the checksums: OpenCV would show what it could decode
            second.verify()
    turned = orientation_of(image)
    tags, samples = tiff_tags(image), samples_of(image)
    count = header.channels - has_transparent_color(image) if samples is None else samples.count
    if tags is not None:  # Pillow gives the size of a TIFF upright
        height, width, packing = tags[257], tags[256], tags.get(_COMPRESSION, 1)
    else:
        height, width, packing = image.height, image.width, None
    special = packing is not None and (is_planar(image) or turned > 1 or count not in (3, 4))
    if special and packing not in _BY_TIFFFILE:
        raise PhotoError(
            "16-bit TIFF that is turned, planar, or not RGB, and compressed: save it with deflate"
        )
    if tags is not None and samples is not None and can_read(tags):
        pixels = read_deflate(path, tags, (height, width, count), is_planar(image))
    elif special or packing == 1:
        pixels = _by_tifffile(path, is_planar(image))
    else:
        pixels = _by_opencv(path, (height, width, count))
    if pixels is None or pixels.dtype != np.uint16 or pixels.shape[:2] != (height, width):
        raise PhotoError("damaged image (16-bit pixels)")
    if samples is not None:
        pixels = interpret(pixels.reshape(height, width, count), samples)
    elif has_transparent_color(image):
        pixels = with_transparent_color(pixels, image)
    if turned > 1:
        shape = (width, height) if turned >= 5 else (height, width)
        upright = np.empty((*shape, pixels.shape[2]), pixels.dtype)
        AS_STORED[turned](upright)[:] = pixels
        return upright
    return pixels


def _by_opencv(path: str | Path, shape: tuple[int, int, int]) -> np.ndarray | None:
    """Decode a file, or return None if OpenCV cannot decode pixels of this shape."""
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")  # OpenCV reads it at the import
    import cv2

    channels = shape[2]
    with contextlib.suppress(AttributeError):  # OpenCV may have been imported before
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:  # OpenCV would make a second copy if it allocated the pixels
        pixels = cv2.imread(str(path), np.empty(shape, np.uint16), cv2.IMREAD_UNCHANGED)
    except (TypeError, cv2.error):  # before OpenCV 4.11
        pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.ndim != 3 or pixels.shape[2] < min(channels, 3):
        return None
    for rows in bands(*pixels.shape[:2]):  # OpenCV has blue first
        pixels[rows, :, :3] = pixels[rows, :, 2::-1].copy()
    if channels == 2:
        return np.ascontiguousarray(pixels[..., [0, 3]]) if pixels.shape[2] == 4 else None
    return pixels[..., :channels] if pixels.shape[2] >= channels else None


def _by_tifffile(path: str | Path, planar: bool) -> np.ndarray:
    """Decode the first page of a TIFF; the planes of a planar one become channels."""
    import tifffile

    with tifffile.TiffFile(path) as file:
        pixels = file.pages.first.asarray()
    pixels = pixels.astype(np.uint16, copy=False) if pixels.dtype.kind == "u" else pixels
    return np.moveaxis(pixels, 0, -1) if planar and pixels.ndim == 3 else pixels
