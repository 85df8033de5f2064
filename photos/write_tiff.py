"""Writer of TIFF files with 8 or 16 bits a channel, band by band: Adobe, TIFF Revision 6.0, 1992.

Pillow has no 16-bit color. tifffile writes no EXIF or GPS directories, and OpenCV writes neither
EXIF nor XMP nor the color profile. Pillow writes the directory here, zlib the pixels.
"""

import itertools
import zlib
from typing import IO

import numpy as np
from PIL import TiffTags
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from photos.photo import Photo, bands

_LEVEL = 4
_DEFLATE, _NONE = 8, 1
_UNASSOCIATED = 2  # alpha with which the colors are not multiplied
# Tags whose values Pillow would type by how large they are, while their size may not change.
_STRIP_OFFSETS, _STRIP_BYTES = 273, 279


def write_tiff(file: IO[bytes], photo: Photo) -> None:
    """Write a photo with profile, EXIF and XMP, compressed (deflate) if its source was.

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
    directory = ImageFileDirectory_v2()
    for tag, value in (photo.exif or {}).items():
        directory[tag] = value
    directory.tagtype[_STRIP_OFFSETS] = directory.tagtype[_STRIP_BYTES] = TiffTags.LONG
    layout = {
        256: width,
        257: height,
        258: (8 * photo.pixels.itemsize,) * channels,
        259: _DEFLATE if compressed else _NONE,
        262: 1 if channels < 3 else 2,  # black is zero; RGB
        277: channels,
        278: strips[0].stop,
        _STRIP_OFFSETS: tuple(sizes),
        _STRIP_BYTES: tuple(sizes),
    }
    for tag, value in layout.items():
        directory[tag] = value
    if compressed:
        directory[317] = 2  # differences of neighbors
    if photo.has_alpha:
        directory[338] = _UNASSOCIATED
    for tag, packet in ((700, photo.xmp), (34675, photo.profile)):
        if packet:
            directory.tagtype[tag] = TiffTags.UNDEFINED if tag == 34675 else TiffTags.BYTE
            directory[tag] = packet
    start = directory.save(file)
    for number, rows in enumerate(strips):
        strip = photo.pixels[rows][..., take]
        strip = np.ascontiguousarray(strip, strip.dtype.newbyteorder("<"))
        packed = zlib.compress(_differences(strip), _LEVEL) if compressed else strip.data.cast("B")
        sizes[number] = len(packed)
        file.write(packed)
    offsets = itertools.accumulate(sizes[:-1], initial=0)
    directory[_STRIP_OFFSETS], directory[_STRIP_BYTES] = tuple(offsets), tuple(sizes)
    file.seek(0)
    if directory.save(file) != start:  # Pillow adds its own size to the offsets
        raise ValueError("the directory of the TIFF changed its size")


def _differences(strip: np.ndarray) -> bytes:
    """Return each value less the value of the pixel to its left."""
    result = strip.copy()
    result[:, 1:] -= strip[:, :-1]
    return result.tobytes()
