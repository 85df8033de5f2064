"""Writer of BMP files, band by band: Microsoft, BITMAPINFOHEADER and BITMAPV5HEADER.

Pillow writes neither alpha nor color profiles. A photo without both gets the old header, which
every program reads.
"""

import struct
from typing import IO

import numpy as np

from photos.colors.color_signals import profile_of
from photos.photo import Photo, bands, to_8_bit
from photos.png_chunks import INCH

_FILE_HEADER, _VERSION_5 = 14, 124  # bytes
_MASKS = (0xFF0000, 0xFF00, 0xFF, 0xFF000000)  # of red, green, blue and alpha
_RGB, _BITFIELDS = 0, 3
_INTENT = 4  # perceptual
_DENSITY = (72.0, 72.0)  # pixels an inch, where the photo says nothing


def write_bmp(file: IO[bytes], photo: Photo) -> None:
    """Write a photo with 8 bits a channel and its color signal as a profile.

    Gray is written as a palette of 256, gray with alpha or with a profile as RGB.

    Args:
        file: A file open for writing, at its start.
        photo: The photo.
    """
    height, width = photo.pixels.shape[:2]
    profile = profile_of(photo.signal, gray=False) or b""
    channels = 4 if photo.has_alpha else 1 if photo.is_gray and not profile else 3
    palette = np.arange(256).repeat(4).astype(np.uint8)
    palette[3::4] = 0
    colors = palette.tobytes() if channels == 1 else b""
    stride = (width * channels + 3) // 4 * 4
    new = bool(profile) or channels == 4
    fields = (width, height, 1, 8 * channels, _BITFIELDS if channels == 4 else _RGB)
    density = [round(side / INCH) for side in photo.notes.density or _DENSITY]
    sizes = (stride * height, *density, len(colors) // 4, 0)
    header = struct.pack("<iiHHIIiiII", *fields, *sizes)
    start = _FILE_HEADER + (_VERSION_5 if new else 4 + len(header)) + len(colors)
    if new:
        kind, place = (b"DEBM", start - _FILE_HEADER + stride * height) if profile else (b"BGRs", 0)
        header += struct.pack("<4I4s48x", *(_MASKS if channels == 4 else (0,) * 4), kind)
        header += struct.pack("<4I", _INTENT, place, len(profile), 0)
    total = start + stride * height + len(profile)
    file.write(b"BM" + struct.pack("<IIII", total, 0, start, 4 + len(header)) + header + colors)
    for rows in reversed(list(bands(height, width))):  # the last row first
        band = to_8_bit(photo.pixels[rows])[::-1]
        lines = np.zeros((len(band), stride), np.uint8)
        pixels = lines[:, : width * channels].reshape(len(band), width, channels)
        if channels == 1:
            pixels[:] = band
        else:
            pixels[..., :3] = band[..., :1] if photo.is_gray else band[..., 2::-1]
            if channels == 4:
                pixels[..., 3] = band[..., -1]
            lines[:, : width * channels] = pixels.reshape(len(band), -1)
        file.write(lines.data)
    file.write(profile)
