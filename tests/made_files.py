"""Photo files made byte by byte, with what libraries do not write."""

import io
import struct
import zlib

import numpy as np
from PIL import Image

SHORT, LONG, RATIONAL, UNDEFINED, ASCII, BYTE = 3, 4, 5, 7, 2, 1


def png(pixels, chunks=(), interlaced=False):
    """Return a PNG of uint8 or uint16 `(H, W, 1 to 4)`, with chunks before the pixels.

    Pixels of two dimensions make a palette image.
    """
    kind = {1: 0, 2: 4, 3: 2, 4: 6}[pixels.shape[2]] if pixels.ndim == 3 else 3
    height, width = pixels.shape[:2]
    header = struct.pack(">IIBBBBB", width, height, 8 * pixels.itemsize, kind, 0, 0, interlaced)
    passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2)]
    passes = [*passes, (1, 0, 2, 1)] if interlaced else [(0, 0, 1, 1)]
    data = b""
    for top, left, down, across in passes:
        part = pixels[top::down, left::across]
        for line in part.astype(f">u{pixels.itemsize}"):
            data += b"\0" + line.tobytes()
    parts = [(b"IHDR", header), *chunks, (b"IDAT", zlib.compress(data)), (b"IEND", b"")]
    packed = (
        struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


def tiff(pixels, tags=(), exif=(), interop=(), order="<", planar=False, deflate=False):
    """Return a TIFF of one strip (or one a plane), without compression or with deflate.

    Args:
        pixels: uint8 or uint16 `(H, W, C)`.
        tags: (tag, type, numbers or bytes), which replace those of the layout.
        exif: The same for the EXIF directory.
        interop: The same for its directory of interoperability.
        order: The byte order, "<" or ">".
        planar: Whether the channels are stored apart.
        deflate: Whether the strips are compressed.
    """
    height, width, channels = pixels.shape
    planes = np.moveaxis(pixels, -1, 0) if planar else [pixels]
    strips = [plane.astype(f"{order}u{pixels.itemsize}").tobytes() for plane in planes]
    strips = [zlib.compress(strip) for strip in strips] if deflate else strips
    entries = {
        256: (LONG, [width]),
        257: (LONG, [height]),
        258: (SHORT, [8 * pixels.itemsize] * channels),
        259: (SHORT, [8 if deflate else 1]),
        262: (SHORT, [2 if channels > 2 else 1]),
        273: (LONG, [0] * len(strips)),
        277: (SHORT, [channels]),
        278: (LONG, [height]),
        279: (LONG, [len(strip) for strip in strips]),
        284: (SHORT, [2 if planar else 1]),
    }
    entries |= {tag: (kind, values) for tag, kind, values in tags}
    data, place, interop_place = b"".join(strips), 8, 0
    offsets = np.cumsum([place, *(len(strip) for strip in strips)])[:-1]
    entries[273] = (LONG, offsets.tolist())
    place += len(data)
    for pointer, inner in ((0xA005, interop), (0x8769, exif)):
        if inner or (pointer == 0x8769 and interop):
            block = {tag: (kind, values) for tag, kind, values in inner}
            if pointer == 0x8769 and interop:
                block[0xA005] = (LONG, [interop_place])
            packed = directory(block, place, order)
            if pointer == 0xA005:
                interop_place = place
            else:
                entries[pointer] = (LONG, [place])
            data += packed
            place += len(packed)
    start = b"II*\0" if order == "<" else b"MM\0*"
    return start + struct.pack(f"{order}I", place) + data + directory(entries, place, order)


def directory(entries, place, order):
    """Return a TIFF directory that begins at `place`, with its values behind."""
    table, values = struct.pack(f"{order}H", len(entries)), b""
    after = place + 2 + 12 * len(entries) + 4
    for tag, (kind, content) in sorted(entries.items()):
        count, packed = len(content), content
        if not isinstance(content, bytes):
            letter = {SHORT: "H", LONG: "I", RATIONAL: "I", BYTE: "B"}[kind]
            count = len(content) // 2 if kind == RATIONAL else len(content)
            packed = struct.pack(f"{order}{len(content)}{letter}", *content)
        if len(packed) > 4:
            cell = struct.pack(f"{order}I", after + len(values))
            values += packed + bytes(len(packed) % 2)
        else:
            cell = packed.ljust(4, b"\0")
        table += struct.pack(f"{order}HHI", tag, kind, count) + cell
    return table + bytes(4) + values


def bmp(pixels, kind=b"BGRs", numbers=(0,) * 12, profile=b"", masks=None):
    """Return a BMP of version 5 of uint8 `(H, W, 3 or 4)`; 4 channels have bit masks."""
    height, width, channels = pixels.shape
    stride = (width * channels + 3) // 4 * 4
    order = [2, 1, 0, 3][:channels]
    lines = [line[:, order].tobytes().ljust(stride, b"\0") for line in pixels[::-1]]
    masks = masks or ((0xFF0000, 0xFF00, 0xFF, 0xFF000000) if channels == 4 else (0,) * 4)
    compression = 3 if channels == 4 else 0
    size = stride * height
    fields = (124, width, height, 1, 8 * channels, compression, size)
    header = struct.pack("<IiiHHII16x", *fields)
    header += struct.pack("<4I4s12I", *masks, kind, *numbers)
    header += struct.pack("<4I", 4, 124 + size if profile else 0, len(profile), 0)
    start = struct.pack("<IIII", 14 + 124 + size + len(profile), 0, 14 + 124, 0)[:12]
    return b"BM" + start + header + b"".join(lines) + profile


def encoded(pixels, file_format, **options):
    """Return a file that Pillow writes of uint8 `(H, W, 1, 3 or 4)`."""
    file = io.BytesIO()
    image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    image.save(file, file_format, **options)
    return file.getvalue()


def exif_block(color_space=None, index=None, more=()):
    """Return an EXIF block of a color space and an index of interoperability."""
    exif = [(0xA001, SHORT, [color_space])] if color_space is not None else []
    interop = [(1, ASCII, index)] if index else []
    whole = tiff(np.zeros((1, 1, 1), np.uint8), more, exif, interop)
    return b"Exif\0\0" + whole
