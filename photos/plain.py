"""Photos as plain RGB arrays, whatever kind of file the camera wrote."""

import contextlib
from pathlib import Path

import numpy as np

from photos.colors.color_signals import profile_of
from photos.decoding import load_photo
from photos.encoding import save_photo
from photos.files import opened
from photos.formats import encoding_of
from photos.header import header_of, read_header
from photos.metadata import kept_metadata, orientation_of
from photos.photo import Photo, bands, over_white, to_8_bit


def read_photo(path: str | Path) -> np.ndarray:
    """Read a photo by `load_photo` as 8-bit RGB.

    Gray becomes RGB, transparency is laid over white, and 16 bits are rounded to 8. Colors stay in
    the photo's own space, see `color_profile`; `write_photo` keeps it.

    Args:
        path: The photo.

    Returns:
        uint8 RGB `(H, W, 3)`.

    Raises:
        PhotoError: The file cannot be read, see `load_photo`.
    """
    return plain_pixels(load_photo(path))


def plain_pixels(photo: Photo) -> np.ndarray:
    """Return a photo's pixels as uint8 RGB `(H, W, 3)`, without a copy where they are that."""
    pixels = photo.pixels
    if pixels.dtype == np.uint8 and pixels.shape[2] == 3:
        return pixels
    plain = np.empty((*pixels.shape[:2], 3), np.uint8)
    for rows in bands(*pixels.shape[:2]):
        band = to_8_bit(pixels[rows])
        plain[rows] = over_white(band) if photo.has_alpha else band
    return plain


def srgb_pixels(photo: Photo) -> np.ndarray:
    """Return a photo's pixels in sRGB `(H, W, 3)`, uint8 or uint16 as they are.

    Transparency is laid over white. Colors that sRGB lacks are clipped.
    """
    pixels, space = photo.pixels, photo.space
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
    """Return the ICC profile of the colors that `read_photo` returns, or None for sRGB.

    The profile is the embedded one, or one made from what else the file says about its colors. A
    gray photo has one of RGB with the same curve. CMYK is read as sRGB.

    Raises:
        PhotoError: The header cannot be read, see `read_header`.
    """
    return profile_of(read_header(path).signal, gray=False)


def write_photo(path: str | Path, image: np.ndarray, source: str | Path | None = None) -> None:
    """Write a photo in the format of its suffix, whole or not at all.

    Args:
        path: The target, with one of `WRITTEN_SUFFIXES`; an existing file is replaced.
        image: uint8 RGB `(H, W, 3)`.
        source: The photo from which `image` was made. Its metadata and color space are kept where
            the format has a place for them.

    Raises:
        PhotoError: The suffix is not a photo's, or the file cannot be written.
        TypeError: `image` is not uint8 RGB.
    """
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise TypeError(f"image must be uint8 (H, W, 3), not {image.dtype} {image.shape}")
    photo = Photo(image)
    if source is not None:
        _carry_over(photo, source)
    save_photo(path, photo)


def _carry_over(photo: Photo, source: str | Path) -> None:
    height, width = photo.pixels.shape[:2]
    # Metadata that is too damaged to copy must not cost the photo.
    with contextlib.suppress(Exception), opened(source) as image:
        kept = kept_metadata(source, image, (width, height), orientation_of(image), gps=True)
        photo.exif, photo.xmp, photo.notes = kept.exif, kept.xmp, kept.notes
        photo.encoding = encoding_of(source, image)
        photo.signal = header_of(image).signal
