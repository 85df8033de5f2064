"""Writing photos: whole or not at all, at least as well as the source was encoded."""

import contextlib
import functools
import io
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from common.atomic_files import replacing
from photos.files import FORMATS, PHOTO_SUFFIXES, PhotoError, heif_is_writable, register_heif
from photos.photo import Photo, bands, over_white, to_8_bit
from photos.write_16_bit_png import write_16_bit_png
from photos.write_tiff import write_tiff

_QUALITY = 95
_OPAQUE = ("JPEG", "BMP")
_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
_LARGEST_SIDE = {"JPEG": 65500, "WEBP": 16383}
_LARGEST_HEIF = 16_000_000  # bytes; of one picture decoders (libde265) take no more than 16 MiB
_HEIF_QUALITIES = (_QUALITY, 90, 85, 80, 70, 60)
_LARGEST_SEGMENT = 65_000  # bytes that a JPEG takes of XMP


def save_photo(path: str | Path, photo: Photo) -> None:
    """Write a photo in the format of the suffix, with its profile and metadata.

    PNG and TIFF keep 16 bits, HEIC, PNG, TIFF and WebP alpha; other files get 8 bits, and
    transparency over white. JPEG is 4:4:4, at no frequency coarser than quality 95 or than the
    source was; WebP stays lossless, TIFF compressed or not, as the source was. HEIC has quality 95,
    less where the file would be too large for decoders (above some 25 megapixels of much detail).

    Args:
        path: target with one of `PHOTO_SUFFIXES`; an existing file is replaced.
        photo: its `pixels` are not changed.

    Raises:
        PhotoError: the suffix is not a photo's, the format has no place for this size, the file
            cannot be written, or HEIC without pillow-heif.
    """
    path = Path(path)
    file_format = FORMATS.get(path.suffix.lower())
    if file_format is None:
        known = " ".join(sorted(PHOTO_SUFFIXES))
        raise PhotoError(f"{path}: cannot write {path.suffix or 'no suffix'!r}, use {known}")
    side = _LARGEST_SIDE.get(file_format)
    if side and max(photo.pixels.shape[:2]) > side:
        raise PhotoError(f"{path}: cannot be written: {file_format} ends at {side} pixels a side")
    if file_format == "HEIF":
        register_heif(path)
        if not heif_is_writable():
            raise PhotoError(f"{path}: cannot be written: this pillow-heif has no HEIC encoder")
    try:
        with replacing(path) as temporary, temporary.open("wb") as file:
            _write(file, file_format, photo)
    except (OSError, ValueError, RuntimeError, MemoryError, struct.error) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise PhotoError(f"{path}: cannot be written: {why or type(error).__name__}") from error


def _write(file: IO[bytes], file_format: str, photo: Photo) -> None:
    if file_format == "TIFF":
        write_tiff(file, photo)
    elif file_format == "PNG" and photo.pixels.dtype == np.uint16:
        write_16_bit_png(file, photo)
    else:
        options = _options(file_format, photo)
        with _as_pillow(photo, file_format in _OPAQUE) as image:
            if file_format == "HEIF":  # whose plugin takes it from there
                image.info.update({k: v for k, v in options.items() if k in ("exif", "xmp")})
            image.save(_Unnumbered(file), format=file_format, **options)
            for quality in _HEIF_QUALITIES[1:] if file_format == "HEIF" else ():
                if file.tell() <= _LARGEST_HEIF:
                    break
                file.seek(0)
                file.truncate()
                image.save(_Unnumbered(file), format="HEIF", **{**options, "quality": quality})


class _Unnumbered:
    """A file without its number: Pillow writes to numbers from C, and loses the error's reason."""

    def __init__(self, file: IO[bytes]):
        self.write, self.flush, self.seek, self.tell = file.write, file.flush, file.seek, file.tell


@contextlib.contextmanager
def _as_pillow(photo: Photo, opaque: bool) -> Iterator[Image.Image]:
    """A copy for Pillow with 8 bits, freed at once."""
    height, width, channels = photo.pixels.shape
    flatten = opaque and photo.has_alpha
    mode = _MODES[channels - flatten]
    image = Image.new(mode, (width, height))
    try:
        for rows in bands(height, width):
            band = to_8_bit(photo.pixels[rows])
            band = over_white(band) if flatten else band
            band = band[..., 0] if mode == "L" else band
            image.paste(Image.fromarray(np.ascontiguousarray(band), mode), (0, rows.start))
        yield image
    finally:
        image.close()


def _options(file_format: str, photo: Photo) -> dict:
    """Options of `Image.save`."""
    options = {}
    if photo.exif is not None:
        options["exif"] = photo.exif.tobytes()
    if photo.profile and file_format != "BMP":
        options["icc_profile"] = photo.profile
    if photo.xmp:
        if file_format == "PNG":
            options["pnginfo"] = PngInfo()
            options["pnginfo"].add_itxt("XML:com.adobe.xmp", photo.xmp.decode("utf-8", "replace"))
        elif file_format != "JPEG" or len(photo.xmp) <= _LARGEST_SEGMENT:
            options["xmp"] = photo.xmp
    same = photo.encoding.get("format") == file_format
    if file_format == "JPEG":
        source = photo.encoding.get("qtables") if same else None
        options.update(subsampling=0, qtables=quantization(source))
    elif file_format == "WEBP":
        lossless = same and photo.encoding.get("lossless", False)
        options.update({"lossless": True, "exact": True} if lossless else {"quality": _QUALITY})
    elif file_format == "HEIF":
        # Colour at half resolution, as phones write it: few phones decode anything else.
        # The slower presets take five times as long for a file 7 % smaller and no better.
        options.update(quality=_QUALITY, chroma=420, enc_params={"preset": "ultrafast"})
    return options


def quantization(source: list[list[int]] | None = None) -> list[list[int]]:
    """Quantization tables of luma and chroma: of quality 95, or finer where the source's are.

    Args:
        source: tables of a JPEG, luma first; chroma takes the finest of the others.

    Returns:
        Two tables of 64 steps, in Pillow's order.
    """
    default = _default_tables()
    if not source or any(len(table) != 64 or min(table) < 1 for table in source):
        return [list(table) for table in default]
    luma, chroma = source[0], [min(steps) for steps in zip(*(source[1:] or source), strict=True)]
    pairs = zip(default, (luma, chroma), strict=True)
    return [[min(steps) for steps in zip(a, b, strict=True)] for a, b in pairs]


@functools.cache
def _default_tables() -> tuple[tuple[int, ...], ...]:
    encoded = io.BytesIO()
    Image.new("RGB", (1, 1)).save(encoded, "JPEG", quality=_QUALITY)
    with Image.open(encoded) as image:
        return tuple(tuple(image.quantization[number]) for number in (0, 1))
