"""Writer of TIFF files with 8 or 16 bits a channel, band by band: Adobe, TIFF Revision 6.0, 1992.

Pillow has no 16-bit color. tifffile writes no EXIF or GPS directories, and OpenCV writes neither
EXIF nor XMP nor the color profile. `photos.exif` writes the directories here, zlib the pixels.
"""

import itertools
import zlib
from typing import IO

import numpy as np

from photos.colors.color_signals import profile_of
from photos.exif import BYTE, LONG, MAIN, SHORT, UNDEFINED, Exif, Tag
from photos.photo import Photo, bands
from photos.tiff_tags import PROFILE, XMP, YCBCR

_LEVEL = 4
_DEFLATE, _NONE = 8, 1
_UNASSOCIATED = 2  # alpha with which the colors are not multiplied
_STRIP_OFFSETS, _STRIP_BYTES = 273, 279


def write_tiff(file: IO[bytes], photo: Photo) -> None:
    """Write a photo with color profile, EXIF and XMP, compressed (deflate) if its source was.

    The byte order is that of its EXIF.

    Args:
        file: A file open for writing and seeking, at its start.
        photo: The photo.
    """
    height, width, channels = photo.pixels.shape
    # Few programs, and not Pillow, read 16-bit gray with alpha: color says the same.
    take = [0, 0, 0, 1] if channels == 2 and photo.pixels.itemsize == 2 else slice(None)
    channels = 4 if isinstance(take, list) else channels
    compressed = photo.encoding.compressed
    strips = list(bands(height, width))
    sizes = [0] * len(strips)
    exif = Exif() if photo.exif is None else photo.exif.copy()
    main = exif.directories.setdefault(MAIN, {})
    for tag in YCBCR & main.keys():
        del main[tag]
    bits = (8 * photo.pixels.itemsize,) * channels
    for tag, numbers, kind in (
        (256, (width,), LONG),
        (257, (height,), LONG),
        (258, bits, SHORT),
        (259, (_DEFLATE if compressed else _NONE,), SHORT),
        (262, (1 if channels < 3 else 2,), SHORT),  # black is zero; RGB
        (277, (channels,), SHORT),
        (278, (strips[0].stop,), LONG),
        (284, (1,), SHORT),  # colors of a pixel side by side
        (_STRIP_OFFSETS, sizes, LONG),
        (_STRIP_BYTES, sizes, LONG),
    ):
        exif.set_numbers(tag, *numbers, kind=kind)
    if compressed:
        exif.set_numbers(317, 2, kind=SHORT)  # differences of neighbors
    if photo.has_alpha:
        exif.set_numbers(338, _UNASSOCIATED, kind=SHORT)
    profile = profile_of(photo.signal, gray=channels < 3)
    for tag, kind, packet in ((XMP, BYTE, photo.xmp), (PROFILE, UNDEFINED, profile)):
        if packet:
            main[tag] = Tag(kind, len(packet), packet)
    start = len(exif.block())
    file.seek(start)
    for number, rows in enumerate(strips):
        strip = photo.pixels[rows][..., take]
        strip = np.ascontiguousarray(strip, strip.dtype.newbyteorder(exif.order))
        packed = zlib.compress(_differences(strip), _LEVEL) if compressed else strip.data.cast("B")
        sizes[number] = len(packed)
        file.write(packed)
    exif.set_numbers(_STRIP_OFFSETS, *itertools.accumulate(sizes[:-1], initial=start))
    exif.set_numbers(_STRIP_BYTES, *sizes)
    file.seek(0)
    file.write(exif.block())


def _differences(strip: np.ndarray) -> bytes:
    """Return each value less the value of the pixel to its left."""
    result = strip.copy()
    result[:, 1:] -= strip[:, :-1]
    return result.tobytes()
