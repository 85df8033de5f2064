"""Writer of PNG files with 8 or 16 bits a channel, band by band: W3C, PNG (Third Edition), 2025.

Pillow has no 16-bit color, and it copies the pixels. OpenCV reports success on a full disk, and it
refuses photos whose color profile libpng dislikes.
"""

import struct
import zlib
from typing import IO

import numpy as np

from photos.colors.color_signals import (
    DECLARED_SRGB,
    Calibration,
    CodePoints,
    ColorSignal,
    is_sound,
    profile_of,
)
from photos.colors.tone_curves import Power
from photos.photo import Photo, bands
from photos.png_chunks import INCH, SIGNATURE, text_chunks, write_chunk

_COLOR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}
# Of zlib, by bytes a channel. With 16 bits, 4 is within 2 % of the size at 6 in half the time.
_LEVELS = {1: 6, 2: 4}
_PAETH = 4


def write_png(file: IO[bytes], photo: Photo) -> None:
    """Write a photo with its color signal and metadata.

    Args:
        file: A file open for writing, at its start.
        photo: The photo.
    """
    height, width, channels = photo.pixels.shape
    file.write(SIGNATURE)
    depth = photo.pixels.itemsize
    header = struct.pack(">IIBBBBB", width, height, 8 * depth, _COLOR_TYPES[channels], 0, 0, 0)
    write_chunk(file, b"IHDR", header)
    for kind, data in _color_chunks(photo.signal, photo.is_gray):
        write_chunk(file, kind, data)
    if photo.exif is not None:
        write_chunk(file, b"eXIf", photo.exif.block())
    for kind, data in text_chunks(photo):
        write_chunk(file, kind, data)
    if photo.notes.density:
        across, down = (round(side / INCH) for side in photo.notes.density)
        write_chunk(file, b"pHYs", struct.pack(">IIB", across, down, 1))
    packer = zlib.compressobj(_LEVELS[depth])
    above = np.zeros((1, width * channels * depth), np.uint8)
    for rows in bands(height, width):
        values = np.ascontiguousarray(photo.pixels[rows], f">u{depth}")
        lines = values.view(np.uint8).reshape(-1, above.shape[1])
        packed = packer.compress(_filtered(lines, above, depth * channels).tobytes())
        if packed:
            write_chunk(file, b"IDAT", packed)
        above = lines[-1:]
    write_chunk(file, b"IDAT", packer.flush())
    write_chunk(file, b"IEND", b"")


def _color_chunks(signal: ColorSignal | None, gray: bool) -> list[tuple[bytes, bytes]]:
    """Return the chunks that say what a signal says (section 11.3.2)."""
    if signal == DECLARED_SRGB:
        return [(b"sRGB", b"\0")]  # perceptual
    if isinstance(signal, CodePoints) and max(signal.primaries, signal.transfer) < 256:
        data = bytes([signal.primaries, signal.transfer, 0, signal.full_range])
        return [(b"cICP", data)]
    if (
        isinstance(signal, Calibration)
        and is_sound(signal, gray)
        and all(signal.curves[0] == c for c in signal.curves)
    ):
        curve = signal.curves[0]
        if isinstance(curve, Power) and curve == Power(curve.g):
            chunks = [(b"gAMA", struct.pack(">I", round(100_000 / curve.g)))]
            if signal.chromaticities:
                values = [round(100_000 * value) for value in signal.chromaticities]
                chunks.append((b"cHRM", struct.pack(">8i", *values)))
            return chunks
    profile = profile_of(signal, gray)
    return [(b"iCCP", b"ICC Profile\0\0" + zlib.compress(profile))] if profile else []


def _filtered(lines: np.ndarray, above: np.ndarray, pixel: int) -> np.ndarray:
    """Apply the Paeth filter (section 9): each byte less the closest of its three neighbors.

    On photos of 16 bits it gives files no larger than a choice between filters for each line, and
    on photos of 8 bits files at most 5 % larger.

    Args:
        lines: uint8 `(n, bytes)`.
        above: The line before the first line, uint8 `(1, bytes)`.
        pixel: The bytes of a pixel.

    Returns:
        uint8 `(n, 1 + bytes)`, the filter's number first.
    """
    up = np.concatenate([above, lines[:-1]])
    left, corner = np.zeros_like(lines), np.zeros_like(lines)
    left[:, pixel:], corner[:, pixel:] = lines[:, :-pixel], up[:, :-pixel]
    a, b, c = (plane.astype(np.int16) for plane in (left, up, corner))
    to_a, to_b, to_c = np.abs(b - c), np.abs(a - c), np.abs(a + b - 2 * c)
    guess = np.where((to_a <= to_b) & (to_a <= to_c), left, np.where(to_b <= to_c, up, corner))
    result = np.empty((lines.shape[0], 1 + lines.shape[1]), np.uint8)
    result[:, 0], result[:, 1:] = _PAETH, lines - guess
    return result
