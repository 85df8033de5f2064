"""Reading of photos: upright, at full depth, with few copies."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import cast

import numpy as np
from PIL import Image, ImageCms
from PIL.ImageFile import ImageFile

from photos import read_samples
from photos.extras import extras_of
from photos.files import PhotoError, named, opened, reason
from photos.formats import encoding_of
from photos.header import header_of, is_deep
from photos.metadata import AS_STORED, kept_metadata, orientation_of
from photos.photo import Photo, bands
from photos.tiff_samples import samples_of, tiff_tags
from photos.transparent_color import (
    fill_empty_alpha,
    has_transparent_color,
    with_transparent_color,
)

_BITS, _COMPRESSION, _PHOTOMETRIC, _SUBSAMPLING = 258, 259, 262, 530  # TIFF 6.0
_YCBCR = 6


def load_photo(path: str | Path, gps: bool = True) -> Photo:
    """Read a photo as its author meant it to be seen.

    The content of a file decides its format, whatever the suffix. The EXIF orientation is applied.
    Palettes become RGB or RGBA. CMYK becomes sRGB, by its profile where it has one. Gray stays
    gray, alpha stays alpha. Of several frames the first is read.

    Args:
        path: The photo.
        gps: Whether the metadata keeps the place.

    Raises:
        PhotoError: The file is missing, truncated, not an image, too large, holds floating-point
            pixels or colors of PQ or HLG, or is HEIC and pillow-heif is missing.
    """
    try:
        with opened(path) as image:
            return _loaded(path, image, gps)
    except PhotoError as error:
        raise named(error, path) from error.__cause__
    except Exception as error:  # decoders report damage with all kinds
        raise PhotoError(f"{path}: {reason(error)}") from error


def _loaded(path: str | Path, image: ImageFile, gps: bool) -> Photo:
    header = header_of(image)
    turned, extras = orientation_of(image), extras_of(path, image)
    encoding = encoding_of(path, image)
    if _has_small_color(image):
        raise PhotoError(
            "YCbCr TIFF without compression, whose color has fewer pixels: save it with deflate"
        )
    if is_deep(image):
        upright = read_samples.read(path, image, header)
    else:
        if image.format == "TIFF" and turned > 4:
            image.filename = ""  # otherwise Pillow may map the pixels at the upright size
        image.load()  # turns a TIFF upright, and says so in its EXIF
        upright = _pixels(image, _target_mode(image))
        if image.format == "BMP" and upright.shape[2] == 4:
            fill_empty_alpha(upright)
        if upright.dtype == np.uint16 and has_transparent_color(image):
            upright = with_transparent_color(upright, image)
    size = upright.shape[1], upright.shape[0]
    kept = kept_metadata(path, image, size, turned, gps)
    return Photo(
        upright, header.signal, kept.exif, kept.xmp, encoding, kept.notes, kept.left_out, extras
    )


def _has_small_color(image: ImageFile) -> bool:
    """Return whether a file is a TIFF that Pillow would misread (TIFF 6.0, section 21)."""
    tags = tiff_tags(image)
    if tags is None or tags.get(_PHOTOMETRIC) != _YCBCR or tags.get(_COMPRESSION, 1) != 1:
        return False
    return tuple(tags.get(_SUBSAMPLING, (2, 2))) != (1, 1)


def _target_mode(image: ImageFile) -> str:
    """Return the mode of the photo's pixels; "I" stands for 16-bit gray."""
    if image.mode == "F" or (image.mode == "I" and image.format == "TIFF"):
        kind = "floating-point" if image.mode == "F" else "32-bit"
        raise PhotoError(f"{kind} pixels are not supported; save it with 8 or 16 bits")
    if image.mode.startswith("I"):
        return "I"
    gray = image.mode in ("1", "L", "LA", "La")
    if image.has_transparency_data:
        return "LA" if gray else "RGBA"
    return "L" if gray else "RGB"


def _pixels(image: ImageFile, mode: str) -> np.ndarray:
    """Return a loaded image's pixels, upright and contiguous.

    The pixels are copied by bands, because Pillow's own conversions make whole copies.
    """
    channels, dtype = len(mode), np.uint16 if mode == "I" else np.uint8
    height, width = image.height, image.width
    if orientation_of(image) >= 5:
        height, width = width, height
    upright = np.empty((height, width, channels), dtype)
    stored = AS_STORED[orientation_of(image)](upright)
    convert = _converter(image, mode)
    for rows in bands(image.height, image.width):
        band = convert(image.crop((0, rows.start, image.width, rows.stop)))
        stored[rows] = band.reshape(-1, image.width, channels)
    return upright


def _converter(image: ImageFile, mode: str) -> Callable[[Image.Image], np.ndarray]:
    """Return a function from a band of the image to integers in `mode`."""
    if mode == "I":  # Pillow stores it with 32 bits, but the values have 16
        return _gray_converter(image)
    if image.mode in ("CMYK", "LAB"):
        transform = _to_srgb(image)
        if transform is not None:
            return lambda band: np.asarray(transform.apply(band))
    if image.mode == mode:
        return np.asarray
    return lambda band: np.asarray(band.convert(mode))


def _gray_converter(image: ImageFile) -> Callable[[Image.Image], np.ndarray]:
    """Return a function from a band of gray to uint16, black at 0 and white at 65535."""
    samples, tags = samples_of(image), tiff_tags(image)
    top = 4095 if tags is not None and tags.get(_BITS) == (12,) else 65535
    inverted = samples is not None and samples.white_is_zero

    def convert(band: Image.Image) -> np.ndarray:
        values = np.clip(np.asarray(band), 0, top).astype(np.uint16)
        if top < 65535:
            values = (values << 4) | (values >> 8)
        return ~values if inverted else values

    return convert


def _to_srgb(image: ImageFile) -> ImageCms.ImageCmsTransform | None:
    profile = image.info.get("icc_profile")
    try:
        if image.mode == "LAB":
            source = ImageCms.createProfile("LAB")
        else:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile or b""))
        srgb = ImageCms.createProfile("sRGB")
        transform = ImageCms.buildTransform(source, srgb, image.mode, "RGB")
        return cast(ImageCms.ImageCmsTransform, transform)
    except Exception:  # no profile, a profile of another space, or damage: Pillow's conversion
        return None
