"""Pixels, color profiles and EXIF for tests."""

import struct

import numpy as np
import numpy.typing as npt
from PIL import Image

from photos.exif import Exif
from photos.read_exif import read_exif

# Colorants relative to D50 of Display P3 (and its gamma nearly), as Apple's profile has them.
DISPLAY_P3 = (
    (0.51512, 0.24120, -0.00105),
    (0.29198, 0.69225, 0.04189),
    (0.15710, 0.06657, 0.78407),
)


def profile_of(gamma, columns=None):
    """Return an ICC profile of a gamma and three colorants, or of gray."""
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"
    tags = {b"kTRC": curve} if columns is None else {n + b"TRC": curve for n in (b"r", b"g", b"b")}
    for name, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), columns or (), strict=False):
        tags[name] = b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(v * 65536) for v in column))
    tags[b"wtpt"] = b"XYZ \0\0\0\0" + struct.pack(">3i", 63190, 65536, 54061)
    place, table, data = 132 + 12 * len(tags), struct.pack(">I", len(tags)), b""
    for name, tag in tags.items():
        table += struct.pack(">4sII", name, place + len(data), len(tag))
        data += tag
    header = bytearray(128)
    struct.pack_into(">I", header, 0, 128 + len(table) + len(data))
    header[8:12], header[12:16], header[36:40] = b"\x02\x40\0\0", b"mntr", b"acsp"
    header[16:20], header[20:24] = b"GRAY" if columns is None else b"RGB ", b"XYZ "
    struct.pack_into(">3i", header, 68, 63190, 65536, 54061)
    return bytes(header) + table + data


def noise(channels, dtype: npt.DTypeLike = np.uint16, height=31, width=47):
    """Return random pixels `(height, width, channels)`."""
    top = np.iinfo(dtype).max + 1
    return np.random.default_rng(channels).integers(0, top, (height, width, channels)).astype(dtype)


def exif_of(tags) -> Exif:
    """Return EXIF made of values by tag, and of dictionaries of them by directory."""
    made = Image.Exif()
    made.update(tags)
    return read_exif(made.tobytes())[0]
