"""16-bit colour in PNG and TIFF files, which Pillow would cut to 8 bits.

OpenCV or tifffile, both slow to import, are imported when such a file is met. OpenCV mixes up
planar TIFF files, of those that are to be turned reads none (5.0) or has turned them already, and
maps uncompressed ones into memory beside the pixels.
"""

import contextlib
import os
from pathlib import Path

import numpy as np
from PIL import Image

from photos.files import PhotoError, opened
from photos.header import Header, is_planar
from photos.metadata import AS_STORED, orientation_of
from photos.photo import bands

_COMPRESSION = 259
_BY_TIFFFILE = (1, 8, 32946)  # none and deflate, without further packages


def read(path: str | Path, image: Image.Image, header: Header) -> np.ndarray:
    """Decode a file that `header.is_deep` of.

    Args:
        path: the file.
        image: the same, open, not loaded.
        header: of the same.

    Returns:
        uint16 `(H, W, C)`, upright.

    Raises:
        PhotoError: damage.
        Exception: others of it.
    """
    if image.format == "PNG":
        with opened(path) as second:  # the checksums: OpenCV would show what it could decode
            second.verify()
    turned = orientation_of(image)
    if image.format == "TIFF":  # whose size Pillow gives upright
        height, width = image.tag_v2[257], image.tag_v2[256]
    else:
        height, width = image.height, image.width
    packing = image.tag_v2.get(_COMPRESSION, 1) if image.format == "TIFF" else None
    special = packing is not None and (is_planar(image) or turned > 1)
    if special and packing not in _BY_TIFFFILE:
        raise PhotoError("16-bit TIFF, turned or planar, and compressed: save it with deflate")
    if special or packing == 1:
        pixels = _by_tifffile(path, is_planar(image))
    else:
        pixels = _by_opencv(path, (height, width, header.channels))
    if pixels is None or pixels.dtype != np.uint16 or pixels.shape[:2] != (height, width):
        raise PhotoError("damaged image (16-bit pixels)")
    if turned > 1:
        shape = (width, height) if turned >= 5 else (height, width)
        upright = np.empty((*shape, pixels.shape[2]), pixels.dtype)
        AS_STORED[turned](upright)[:] = pixels
        return upright
    return pixels


def _by_opencv(path: str | Path, shape: tuple[int, ...]) -> np.ndarray | None:
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")  # read at the import
    import cv2

    channels = shape[2]

    with contextlib.suppress(AttributeError):  # for the case that it was imported before
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:  # into memory of ours: OpenCV makes a second copy of its own
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


def _by_tifffile(path: str | Path, planar: bool) -> np.ndarray | None:
    import tifffile

    with tifffile.TiffFile(path) as file:
        pixels = file.pages[0].asarray()
    pixels = pixels.astype(np.uint16, copy=False) if pixels.dtype.kind == "u" else pixels
    return np.moveaxis(pixels, 0, -1) if planar and pixels.ndim == 3 else pixels
