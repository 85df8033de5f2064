"""Writing of photos: whole or not at all, at least as well as the source was encoded."""

import contextlib
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, cast

import numpy as np
from PIL import Image

from common.atomic_files import replacing
from photos.files import PhotoError, heif_is_writable, register_heif
from photos.fit_metadata import fit_metadata
from photos.formats import BY_SUFFIX, WRITTEN_SUFFIXES, PhotoFormat
from photos.hidden_colors import HiddenColors
from photos.photo import Photo, bands, over_white, to_8_bit

_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


def save_photo(
    path: str | Path,
    photo: Photo,
    finish: Callable[[Path], None] | None = None,
    private: bool = False,
) -> list[str]:
    """Write a photo in the format of the suffix, with its profile and metadata.

    PNG and TIFF keep 16 bits; HEIC, PNG, TIFF and WebP keep alpha. Other files get 8 bits, and
    transparency is laid over white. A JPEG is 4:4:4, at no frequency coarser than quality 95 or
    than its source. WebP stays lossless, and TIFF stays compressed or not, as the source was. HEIC
    has quality 95, or less where the file would be too large for decoders (above some 25
    megapixels of much detail).

    Args:
        path: The target, with one of `WRITTEN_SUFFIXES`; an existing file is replaced.
        photo: The photo; its `pixels` are not changed.
        finish: Called with the whole file under its temporary name, before the file takes its
            place. If it raises, nothing takes the place.
        private: Whether only this user may read the file.

    Returns:
        What of the metadata the format cannot hold, in words.

    Raises:
        PhotoError: The suffix is not a photo's, the format cannot hold this size, the file cannot
            be written, or HEIC lacks pillow-heif or its encoder.
    """
    path = Path(path)
    file_format = BY_SUFFIX.get(path.suffix.lower())
    if file_format is None or file_format.written_as is not None:
        known = " ".join(sorted(WRITTEN_SUFFIXES))
        raise PhotoError(f"{path}: cannot write {path.suffix or 'no suffix'!r}, use {known}")
    side = file_format.largest_side
    if side and max(photo.pixels.shape[:2]) > side:
        raise PhotoError(
            f"{path}: cannot be written: {file_format.name} ends at {side} pixels a side"
        )
    if file_format.name == "HEIF":
        register_heif(path)
        if not heif_is_writable():
            raise PhotoError(f"{path}: cannot be written: this pillow-heif has no HEIC encoder")
    photo, left_out = fit_metadata(photo, file_format)
    try:
        with replacing(path, private) as temporary:
            with temporary.open("wb") as file:
                writer = file_format.writer_for(photo.pixels.itemsize)
                if writer is not None:
                    writer(file, photo)
                else:
                    _write_by_pillow(file, file_format, photo)
            if finish is not None:
                finish(temporary)
    except PhotoError:
        raise
    except (OSError, ValueError, RuntimeError, MemoryError, struct.error) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise PhotoError(f"{path}: cannot be written: {why or type(error).__name__}") from error
    return left_out


def _write_by_pillow(file: IO[bytes], file_format: PhotoFormat, photo: Photo) -> None:
    options = file_format.options(photo)
    target = cast(IO[bytes], _Unnumbered(file))
    mixed = not options.get("lossless")  # a lossy codec mixes neighbors
    with _as_pillow(photo, opaque=not file_format.alpha, mixed=mixed) as image:
        if file_format.name == "HEIF":  # whose plugin takes metadata from there
            image.info.update({k: v for k, v in options.items() if k in ("exif", "xmp")})
        image.save(target, format=file_format.name, **options)
        for quality in file_format.fallback_qualities:
            if file_format.largest_file is None or file.tell() <= file_format.largest_file:
                break
            file.seek(0)
            file.truncate()
            image.save(target, format=file_format.name, **{**options, "quality": quality})


class _Unnumbered:
    """A file without its number: Pillow writes to numbers from C, and loses the error's reason."""

    def __init__(self, file: IO[bytes]):
        self.write, self.flush, self.seek, self.tell = file.write, file.flush, file.seek, file.tell


@contextlib.contextmanager
def _as_pillow(photo: Photo, opaque: bool, mixed: bool) -> Iterator[Image.Image]:
    """Copy a photo to a Pillow image of 8 bits, whose memory is free at the end of the block.

    Args:
        photo: The photo.
        opaque: Whether transparency is laid over white.
        mixed: Whether hidden colors would change visible ones, and are therefore replaced.
    """
    height, width, channels = photo.pixels.shape
    flatten = opaque and photo.has_alpha
    hidden, top = None, np.float32(np.iinfo(photo.pixels.dtype).max)
    if mixed and not flatten:
        hidden = HiddenColors.of(photo, lambda rows: photo.colors[rows] / top)
    mode = _MODES[channels - flatten]
    image = Image.new(mode, (width, height))
    try:
        for rows in bands(height, width):
            band = to_8_bit(photo.pixels[rows])
            band = over_white(band) if flatten else band
            if hidden is not None:
                colors = np.rint(hidden.of_rows(rows).clip(0, 1) * 255).astype(np.uint8)
                colors = np.where(band[..., -1:] == 0, colors, band[..., :-1])
                band = np.concatenate([colors, band[..., -1:]], -1)
            band = band[..., 0] if mode == "L" else band
            image.paste(Image.fromarray(np.ascontiguousarray(band), mode), (0, rows.start))
        yield image
    finally:
        image.close()
