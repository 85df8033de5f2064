"""Photos as both cameras wrote them: what can be aligned, and in which colour space."""

import dataclasses
import io
import struct
import warnings
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageCms
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from align.alignment_error import AlignmentError
from photos import PhotoError, color_profile, read_photo

SMALLEST = 200  # pixels, short side: two patches of 100
WIDEST = 2.5  # long side over short side; panoramas are stitched, so no homography fits them
FLATTEST = 0.01  # standard deviation of luma in [0, 1]; below, there is nothing to match
GRAIN = 8  # pixels; luma is averaged over squares of this size first, so that noise does not count
STRIDE = 16  # pixels; where a colour photo mostly shows its colour at once

INTENT = ImageCms.Intent.RELATIVE_COLORIMETRIC  # white stays white, colours stay themselves
STRIP = 256  # rows converted at a time, as Pillow needs 4 bytes a pixel, twice
UNCHANGED = 1  # levels of 255: what rounding does to a colour

_PNG, _TIFF = b"\x89PNG\r\n\x1a\n", (b"II*\0", b"MM\0*")
_PNG_DEPTH = 24  # position of the bit depth in a PNG file, in its first chunk (IHDR)
_BITS_PER_SAMPLE = 258  # TIFF 6.0


@dataclasses.dataclass(frozen=True, eq=False)
class Photo:
    """A photo that can be aligned.

    Attributes:
        pixels: upright, uint8 RGB H×W×3, in the file's own colour space.
        profile: the embedded ICC profile of that space; None where the file has none for RGB.
    """

    pixels: np.ndarray
    profile: bytes | None


def open_photo(path: str | Path) -> Photo:
    """Read a photo, upright, if it is fit to be aligned.

    While it reads, it holds about three copies of the pixels.

    Args:
        path: the photo; of several frames the first is read.

    Raises:
        AlignmentError: "PATH: reason". The file is truncated or not an image; has more than 8 bits
            a channel; is grayscale, by its pixels; is narrower than `SMALLEST`, longer than
            `WIDEST` allows, or blank.
        OSError: the file is missing, or the system does not let it be read.
    """
    try:
        bits = bits_per_channel(path)
        if bits > 8:
            reason = f"{bits} bits a channel: save it with 8, as the phone does"
            raise AlignmentError(f"{path}: {reason}")
        photo = Photo(read_photo(path), color_profile(path))
    except PhotoError as error:
        reason = error.__cause__
        if isinstance(reason, OSError) and reason.strerror:  # of the disk, not of the photo
            raise OSError(reason.errno, reason.strerror, str(path)) from error
        raise AlignmentError(str(error)) from error
    unfit = _unfit(photo.pixels)
    if unfit:
        raise AlignmentError(f"{path}: {unfit}")
    return photo


def bits_per_channel(path: str | Path) -> int:
    """Bits a channel that a file says it has: Pillow reduces 16-bit colour PNGs without a word.

    Returns:
        What the header of a PNG or TIFF says, which Pillow need not be able to open; 8 for any
        other file, or one that does not say.
    """
    try:
        with warnings.catch_warnings(), Path(path).open("rb") as file:
            warnings.simplefilter("ignore")  # of damaged directories
            start = file.read(_PNG_DEPTH + 1)
            if start.startswith(_PNG):
                return start[_PNG_DEPTH]
            if start.startswith(_TIFF):
                directory = ImageFileDirectory_v2(start[:8])
                file.seek(directory.next)
                directory.load(file)
                return max(directory.get(_BITS_PER_SAMPLE, (8,)))
    except (OSError, ValueError, IndexError, TypeError, SyntaxError, struct.error):
        pass  # `read_photo` says what is wrong
    return 8


def _unfit(pixels: np.ndarray) -> str | None:
    """Why uint8 RGB H×W×3 cannot be aligned, or None."""
    height, width = pixels.shape[:2]
    short, long = sorted((height, width))
    if short < SMALLEST:
        return f"{width}×{height} pixels: the short side needs {SMALLEST}"
    if long > WIDEST * short:
        return f"{width}×{height} pixels: a panorama cannot be aligned"
    averages = cv2.resize(pixels, (width // GRAIN, height // GRAIN), interpolation=cv2.INTER_AREA)
    if cv2.cvtColor(averages, cv2.COLOR_RGB2GRAY).std() < FLATTEST * 255:
        return "blank: there is nothing to see"
    if _is_gray(pixels[::STRIDE, ::STRIDE]) and _is_gray(pixels):
        return "grayscale: there is no colour to learn"
    return None


def _is_gray(pixels: np.ndarray) -> bool:
    red, green, blue = np.moveaxis(pixels, -1, 0)
    return np.array_equal(red, green) and np.array_equal(green, blue)


def color_transform(
    phone_profile: bytes | None, dslr_profile: bytes | None
) -> Callable[[np.ndarray], np.ndarray] | None:
    """What brings the DSLR photo's colours into the phone photo's colour space.

    A network learns the DSLR's colours in the values that the phone stores, because the enhanced
    photo keeps the phone's profile. Relative colorimetric; colours beyond the phone's space are
    clipped.

    Args:
        phone_profile: the phone photo's ICC profile; None, or one that is damaged or does not
            describe RGB, stands for sRGB. That is wrong for a file whose Adobe RGB only EXIF
            tells of, as some cameras write it: no profile, interoperability index R03.
        dslr_profile: the DSLR photo's, alike.

    Returns:
        A function from the DSLR's pixels to those in the phone's space, both uint8 RGB H×W×3, the
        argument left as it is. None where the spaces are the same: no colour of a grid moves by
        more than `UNCHANGED`. The function cannot be pickled.
    """
    if phone_profile == dslr_profile:
        return None
    transform = _transform(_usable(dslr_profile), _usable(phone_profile))

    def convert(pixels: np.ndarray) -> np.ndarray:
        result = np.empty_like(pixels)
        for top in range(0, len(pixels), STRIP):
            strip = Image.fromarray(pixels[top : top + STRIP])
            result[top : top + STRIP] = ImageCms.applyTransform(strip, transform)
        return result

    levels = np.arange(0, 256, 15, dtype=np.uint8)
    grid = np.stack(np.meshgrid(levels, levels, levels), -1).reshape(len(levels), -1, 3)
    moved = np.abs(convert(grid).astype(int) - grid).max()
    return convert if moved > UNCHANGED else None


def _usable(data: bytes | None) -> ImageCms.ImageCmsProfile:
    """The profile if it describes RGB and converts from and to it, otherwise sRGB."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(data or b""))
        _transform(profile, srgb)
        _transform(srgb, profile)
    except (ImageCms.PyCMSError, OSError):
        return srgb
    return profile


def _transform(source, target):
    return ImageCms.buildTransform(source, target, "RGB", "RGB", INTENT)
