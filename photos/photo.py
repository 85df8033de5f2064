"""A photo in memory: its pixels, and what its file said about them."""

import dataclasses
from collections.abc import Iterator

import numpy as np

from photos.colors.color_signals import ColorSignal, space_of
from photos.colors.color_space import ColorSpace
from photos.exif import Exif

BAND = 1 << 18  # pixels processed at a time: 3 MB as float32 RGB


@dataclasses.dataclass(frozen=True)
class Encoding:
    """How a file was encoded, so that the result is encoded as well.

    Attributes:
        format: The name of a `PhotoFormat`, or None for a photo that no file held.
        quantization: The quantization tables of a JPEG, luma first.
        lossless: Whether a WebP is lossless.
        compressed: Whether a TIFF is compressed.
    """

    format: str | None = None
    quantization: list[list[int]] | None = None
    lossless: bool = False
    compressed: bool = False


@dataclasses.dataclass(frozen=True)
class Notes:
    """What some formats hold beside EXIF and XMP.

    Attributes:
        density: Pixels an inch, across and down, or None.
        comments: The comments of a JPEG.
        resources: The image resources of Photoshop, IPTC among them, or None.
        chunks: The text of a PNG: kinds and contents of chunks.
    """

    density: tuple[float, float] | None = None
    comments: tuple[bytes, ...] = ()
    resources: bytes | None = None
    chunks: tuple[tuple[bytes, bytes], ...] = ()


@dataclasses.dataclass(eq=False)
class Photo:
    """A photo, upright.

    Attributes:
        pixels: uint8 or uint16 `(H, W, C)`; C is 1 (gray), 2 (gray, alpha), 3 (RGB) or 4 (RGBA,
            not premultiplied).
        signal: What the file said about the color space of `pixels`; None for sRGB.
        exif: The EXIF that stays true of a photo after enhancement, with orientation 1, or None.
        xmp: The XMP packet without an orientation, or None.
        encoding: How the file was encoded.
        notes: What the file held beside EXIF and XMP.
        left_out: What of the file's metadata could not be read, in words.
        extras: What else the file held beside one picture and its metadata, in words.
    """

    pixels: np.ndarray
    signal: ColorSignal | None = None
    exif: Exif | None = None
    xmp: bytes | None = None
    encoding: Encoding = Encoding()
    notes: Notes = Notes()
    left_out: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()

    @property
    def colors(self) -> np.ndarray:
        """A view of `pixels` without alpha, `(H, W, 1 or 3)`."""
        return self.pixels[..., : 3 if self.pixels.shape[2] > 2 else 1]

    @property
    def is_gray(self) -> bool:
        """Whether the colors of `pixels` are gray."""
        return self.pixels.shape[2] < 3

    @property
    def space(self) -> ColorSpace | None:
        """The color space of `pixels`; None for sRGB."""
        return space_of(self.signal, self.is_gray)

    @property
    def has_alpha(self) -> bool:
        """Whether the last channel of `pixels` is alpha."""
        return self.pixels.shape[2] in (2, 4)


def bands(height: int, width: int) -> Iterator[slice]:
    """Yield slices of rows that cover a photo, each of about `BAND` pixels."""
    rows = max(1, BAND // max(width, 1))
    for start in range(0, height, rows):
        yield slice(start, min(start + rows, height))


def to_8_bit(band: np.ndarray) -> np.ndarray:
    """Round integers of 8 or 16 bits to the nearest uint8; uint8 is returned unchanged."""
    if band.dtype == np.uint8:
        return band
    return ((band.astype(np.uint32) + 128) // 257).astype(np.uint8)


def over_white(band: np.ndarray) -> np.ndarray:
    """Lay uint8 pixels with alpha `(h, w, 2 or 4)` over white: uint8 without alpha."""
    alpha = band[..., -1:].astype(np.uint16)
    blend = band[..., :-1] * alpha + 255 * (255 - alpha)
    return ((blend + np.uint16(127)) // 255).astype(np.uint8)
