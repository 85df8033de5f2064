"""Reading photos: upright, at full depth, with as few copies as can be."""

import contextlib
import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms

from photos import read_16_bit
from photos.files import PhotoError, opened, reason
from photos.header import header_of, is_deep
from photos.metadata import AS_STORED, kept_exif, kept_xmp, orientation_of
from photos.photo import Photo, bands

_SPACES = {"L": b"GRAY", "LA": b"GRAY", "RGB": b"RGB ", "RGBA": b"RGB "}


def load_photo(path: str | Path, gps: bool = True) -> Photo:
    """Read a photo as it is meant to be seen.

    What a file is, its content says, not its suffix. The EXIF orientation is applied. Palettes
    become RGB or RGBA; CMYK becomes sRGB, by its profile where it has one; gray stays gray, alpha
    alpha. Of several frames the first is read.

    Args:
        path: the photo.
        gps: whether the metadata keeps the place.

    Raises:
        PhotoError: the file is missing, truncated, not an image, too large, holds floating-point
            pixels, or HEIC without pillow-heif.
    """
    try:
        with opened(path) as image:
            return _loaded(path, image, gps)
    except PhotoError as error:
        named = str(error).startswith(f"{path}: ")
        raise PhotoError(str(error) if named else f"{path}: {error}") from error.__cause__
    except Exception as error:  # decoders report damage with all kinds
        raise PhotoError(f"{path}: {reason(error)}") from error


def _loaded(path, image: Image.Image, gps: bool) -> Photo:
    header = header_of(image)
    xmp = kept_xmp(image, gps)
    encoding = encoding_of(path, image)
    if is_deep(image):
        upright = read_16_bit.read(path, image, header)
        profile = _profile_of(image, "L" if upright.shape[2] < 3 else "RGB")
    else:
        image.load()  # which turns a TIFF upright, and says so in its EXIF
        mode = _target_mode(image)
        upright = _pixels(image, mode)
        profile = _profile_of(image, mode if image.mode not in ("CMYK", "LAB") else "")
    exif = kept_exif(image, upright.shape[1], upright.shape[0], gps)
    return Photo(upright, profile, exif, xmp, encoding)


def _target_mode(image: Image.Image) -> str:
    if image.mode == "F" or (image.mode == "I" and image.format == "TIFF"):
        kind = "floating-point" if image.mode == "F" else "32-bit"
        raise PhotoError(f"{kind} pixels are not supported; save it with 8 or 16 bits")
    if image.mode.startswith("I"):
        return "I"
    gray = image.mode in ("1", "L", "LA", "La")
    if image.has_transparency_data:
        return "LA" if gray else "RGBA"
    return "L" if gray else "RGB"


def _pixels(image: Image.Image, mode: str) -> np.ndarray:
    """The pixels of a loaded image, upright and contiguous, by bands: Pillow's own take copies."""
    channels, dtype = len(mode), np.uint8
    if mode == "I":
        dtype = np.uint16
    upright = np.empty((*_upright_shape(image, (image.height, image.width)), channels), dtype)
    stored = AS_STORED[orientation_of(image)](upright)
    convert = _converter(image, mode)
    for rows in bands(image.height, image.width):
        band = convert(image.crop((0, rows.start, image.width, rows.stop)))
        stored[rows] = band.reshape(-1, image.width, channels)
    return upright


def _upright_shape(image: Image.Image, shape: tuple[int, ...]) -> tuple[int, ...]:
    if orientation_of(image) >= 5:
        return (shape[1], shape[0], *shape[2:])
    return tuple(shape)


def _converter(image: Image.Image, mode: str):
    """A function from a band of the image to integers in `mode`."""
    if mode == "I":  # 32 bits only by Pillow's storage
        return lambda band: np.clip(np.asarray(band), 0, 65535).astype(np.uint16)
    if image.mode in ("CMYK", "LAB"):
        transform = _to_srgb(image)
        if transform is not None:
            return lambda band: np.asarray(transform.apply(band))
    if image.mode == mode:
        return np.asarray
    return lambda band: np.asarray(band.convert(mode))


def _to_srgb(image: Image.Image):
    profile = image.info.get("icc_profile")
    try:
        if image.mode == "LAB":
            source = ImageCms.createProfile("LAB")
        else:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile or b""))
        srgb = ImageCms.createProfile("sRGB")
        return ImageCms.buildTransform(source, srgb, image.mode, "RGB")
    except Exception:  # no profile, or of another space, or damaged: Pillow's plain conversion
        return None


def _profile_of(image: Image.Image, mode: str) -> bytes | None:
    """The embedded profile, if it describes pixels of `mode`."""
    profile = image.info.get("icc_profile") or b""
    space = _SPACES.get("L" if mode == "I" else mode)
    return profile if profile[36:40] == b"acsp" and profile[16:20] == space else None


def encoding_of(path: str | Path, image: Image.Image) -> dict:
    """What `Photo.encoding` says."""
    encoding = {"format": "JPEG" if image.format == "MPO" else image.format}
    with contextlib.suppress(Exception):  # it is only advice
        if encoding["format"] == "JPEG":
            encoding["qtables"] = [list(table) for table in image.quantization.values()]
        elif image.format == "WEBP":
            with Path(path).open("rb") as file:
                encoding["lossless"] = b"VP8L" in file.read(1 << 16)
        elif image.format == "TIFF":
            encoding["compressed"] = image.info.get("compression", "raw") != "raw"
    return encoding
