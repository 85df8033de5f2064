"""Photos as both cameras wrote them, and the photos that cannot be aligned."""

import dataclasses
import struct
import warnings
from pathlib import Path

import cv2
import numpy as np
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from align.alignment_error import AlignmentError
from photos import PhotoError, color_profile, read_photo
from photos.formats import RAW_SUFFIXES

MIN_SIDE = 200  # pixels of the short side: two patches of 100
MAX_ASPECT = 2.5  # long side over short side; no homography fits a stitched panorama
MIN_DEVIATION = 0.01  # standard deviation of luma in [0, 1]; below it there is nothing to match
NOISE_CELL = 8  # pixels; luma is averaged over squares of this size first to remove noise
GRAY_STRIDE = 16  # pixels between the samples in which a color photo mostly shows its color

_PNG, _TIFF = b"\x89PNG\r\n\x1a\n", (b"II*\0", b"MM\0*")
_PNG_DEPTH = 24  # position of the bit depth in a PNG file, in its first chunk (IHDR)
_BITS_PER_SAMPLE = 258  # TIFF 6.0


@dataclasses.dataclass(frozen=True, eq=False)
class CameraPhoto:
    """A photo that can be aligned.

    Attributes:
        pixels: Upright, uint8 RGB H×W×3, in the file's own color space.
        profile: The ICC profile of that space, see `photos.color_profile`; None for sRGB.
    """

    pixels: np.ndarray
    profile: bytes | None


def read_camera_photo(path: str | Path) -> CameraPhoto:
    """Read a photo, upright, and check that the photo can be aligned.

    Reading needs memory for about three copies of the pixels.

    Args:
        path: The photo. Of several frames the first is read.

    Raises:
        AlignmentError: "PATH: reason". The file is truncated or not an image; has more than 8 bits
            a channel; holds only gray pixels; is narrower than `MIN_SIDE`, longer than
            `MAX_ASPECT` allows, or blank.
        OSError: The file is missing, or the system does not let the file be read.
    """
    try:
        bits = bits_per_channel(path)
        if bits > 8:
            raise AlignmentError(f"{path}: {bits} bits a channel: save the photo with 8 bits")
        photo = CameraPhoto(read_photo(path), color_profile(path))
    except PhotoError as error:
        reason = error.__cause__
        if isinstance(reason, OSError) and reason.strerror:  # the disk fails, not the photo
            raise OSError(reason.errno, reason.strerror, str(path)) from error
        raise AlignmentError(str(error)) from error
    obstacle = _obstacle(photo.pixels)
    if obstacle:
        raise AlignmentError(f"{path}: {obstacle}")
    return photo


def bits_per_channel(path: str | Path) -> int:
    """Return the bits a channel that a file declares.

    Pillow reduces 16-bit color PNGs without a warning, so this function reads the header itself.

    Returns:
        The number in the header of a PNG or TIFF, which Pillow need not be able to open; 8 for any
        other file, for a raw file, whose photo has 8 bits, and for a header without the number.
    """
    if Path(path).suffix.lower() in RAW_SUFFIXES:
        return 8
    try:
        with warnings.catch_warnings(), Path(path).open("rb") as file:
            warnings.simplefilter("ignore")  # Pillow warns about damaged directories
            start = file.read(_PNG_DEPTH + 1)
            if start.startswith(_PNG):
                return start[_PNG_DEPTH]
            if start.startswith(_TIFF):
                directory = ImageFileDirectory_v2(start[:8])
                file.seek(directory.next)
                directory.load(file)
                return max(directory.get(_BITS_PER_SAMPLE, (8,)))
    except (OSError, ValueError, IndexError, TypeError, SyntaxError, struct.error):
        pass  # `read_photo` reports the damage
    return 8


def _obstacle(pixels: np.ndarray) -> str | None:
    """Return the reason why uint8 RGB H×W×3 cannot be aligned, or None."""
    height, width = pixels.shape[:2]
    short, long = sorted((height, width))
    if short < MIN_SIDE:
        return f"{width}×{height} pixels: the short side needs {MIN_SIDE}"
    if long > MAX_ASPECT * short:
        return f"{width}×{height} pixels: a panorama cannot be aligned"
    size = width // NOISE_CELL, height // NOISE_CELL
    averages = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    if cv2.cvtColor(averages, cv2.COLOR_RGB2GRAY).std() < MIN_DEVIATION * 255:
        return "blank: the photo shows nothing"
    if _is_gray(pixels[::GRAY_STRIDE, ::GRAY_STRIDE]) and _is_gray(pixels):
        return "grayscale: the photo has no color to learn from"
    return None


def _is_gray(pixels: np.ndarray) -> bool:
    red, green, blue = np.moveaxis(pixels, -1, 0)
    return np.array_equal(red, green) and np.array_equal(green, blue)
