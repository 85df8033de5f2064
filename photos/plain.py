"""Photos as 8-bit RGB, whatever the camera wrote outside."""

import contextlib
from pathlib import Path

import numpy as np
from PIL import Image

from photos.color_spaces import space_of
from photos.decoding import encoding_of, load_photo
from photos.encoding import save_photo
from photos.files import opened
from photos.metadata import kept_exif, kept_xmp
from photos.photo import Photo, bands, over_white, to_8_bit


def read_photo(path: str | Path) -> np.ndarray:
    """Read a photo as it is meant to be seen.

    As `load_photo`, with gray as RGB, transparency laid over white, and 16 bits rounded to 8. A
    colour profile is not applied: `write_photo` keeps it.

    Returns:
        uint8 RGB `(H, W, 3)`.

    Raises:
        PhotoError: as `load_photo`.
    """
    return plain_pixels(load_photo(path))


def plain_pixels(photo: Photo) -> np.ndarray:
    """A photo's pixels as uint8 RGB `(H, W, 3)`; `photo.pixels` itself where they are that."""
    pixels = photo.pixels
    if pixels.dtype == np.uint8 and pixels.shape[2] == 3:
        return pixels
    plain = np.empty((*pixels.shape[:2], 3), np.uint8)
    for rows in bands(*pixels.shape[:2]):
        band = to_8_bit(pixels[rows])
        plain[rows] = over_white(band) if photo.has_alpha else band
    return plain


def srgb_pixels(photo: Photo) -> np.ndarray:
    """A photo's pixels in sRGB `(H, W, 3)`, of their dtype; transparency is laid over white.

    Colours that sRGB lacks are clipped.
    """
    pixels, space = photo.pixels, space_of(photo.profile)
    if space is None and pixels.shape[2] == 3:
        return pixels
    top = np.float32(np.iinfo(pixels.dtype).max)
    result = np.empty((*pixels.shape[:2], 3), pixels.dtype)
    for rows in bands(*pixels.shape[:2]):
        colors = photo.colors[rows]
        values = space.to_srgb(colors) if space is not None else colors / top
        values = np.clip(values, 0, 1)
        if photo.has_alpha:
            values = 1 - (1 - values) * (pixels[rows][..., -1:] / top)
        result[rows] = np.rint(values * top)
    return result


def color_profile(path: str | Path) -> bytes | None:
    """The ICC profile embedded in a photo, or None: there is none, or it does not describe RGB."""
    with opened(path) as image:
        return _rgb_profile(image)


def _rgb_profile(image: Image.Image) -> bytes | None:
    profile = image.info.get("icc_profile") or b""
    # That of a CMYK or grayscale photo does not describe the RGB that is made of it.
    return profile if profile[16:20] == b"RGB " else None


def write_photo(path: str | Path, image: np.ndarray, source: str | Path | None = None) -> None:
    """Write a photo in the format of its suffix, whole or not at all.

    Args:
        path: target with one of `PHOTO_SUFFIXES`; an existing file is replaced.
        image: uint8 RGB `(H, W, 3)`.
        source: the photo that `image` was made from: its metadata and its RGB colour profile are
            kept where the format has a place for them.

    Raises:
        PhotoError: the suffix is not a photo's, or the file cannot be written.
    """
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise TypeError(f"image must be uint8 (H, W, 3), not {image.dtype} {image.shape}")
    photo = Photo(image)
    if source is not None:
        _carry_over(photo, source)
    save_photo(path, photo)


def _carry_over(photo: Photo, source: str | Path) -> None:
    height, width = photo.pixels.shape[:2]
    # Too damaged to copy, it must not cost the photo.
    with contextlib.suppress(Exception), opened(source) as image:
        photo.exif, photo.xmp = kept_exif(image, width, height, gps=True), kept_xmp(image, gps=True)
        photo.encoding = encoding_of(source, image)
        photo.profile = _rgb_profile(image)
