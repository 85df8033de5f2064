"""What the samples of a 16-bit TIFF mean: TIFF 6.0, sections 4, 6 and 18."""

import dataclasses
import functools
from typing import cast

import numpy as np
from PIL import TiffImagePlugin
from PIL.ImageFile import ImageFile
from PIL.TiffImagePlugin import ImageFileDirectory_v2, TiffImageFile

from photos.photo import bands

_SAMPLES = "samples"  # a raw mode: Pillow opens such files, but cannot decode them
_SAMPLES_A_PIXEL = 277
_BITS, _PHOTOMETRIC, _FILL_ORDER, _PLANAR, _EXTRA, _FORMAT = 258, 262, 266, 284, 338, 339
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB = 0, 1, 2
_PREMULTIPLIED, _UNSPECIFIED = 1, 0


@dataclasses.dataclass(frozen=True)
class Samples:
    """The samples of a pixel.

    Attributes:
        count: The number of samples that the file stores.
        colors: 1 for gray, 3 for RGB; these samples come first.
        alpha: Whether the next sample is alpha. Further ones, and unspecified ones, mean nothing.
        premultiplied: Whether the colors are multiplied with alpha.
        white_is_zero: Whether gray counts from white to black.
    """

    count: int
    colors: int
    alpha: bool
    premultiplied: bool
    white_is_zero: bool

    @property
    def channels(self) -> int:
        """The channels of the photo."""
        return self.colors + self.alpha


def tiff_tags(image: ImageFile) -> ImageFileDirectory_v2 | None:
    """Return the tags of a TIFF, or None for another format."""
    return image.tag_v2 if isinstance(image, TiffImageFile) else None


def is_planar(image: ImageFile) -> bool:
    """Return whether a file is a TIFF that stores red, green and blue apart."""
    tags = tiff_tags(image)
    return tags is not None and tags.get(_PLANAR, 1) == 2


def join_single_plane(image: ImageFile) -> None:
    """Let Pillow read a TIFF with one sample a pixel the same way whether it is planar or not.

    Pillow 13 takes a letter of its raw mode for each plane. Of "L;I", white as zero, the first
    letter says black as zero.
    """
    tags = tiff_tags(image)
    if tags is not None and is_planar(image) and len(_bits_of(tags)) == 1:
        tags[_PLANAR] = 1
        cast(TiffImageFile, image)._setup()


def _bits_of(tags: ImageFileDirectory_v2) -> tuple[int, ...]:
    """Return the bits of each sample; some programs write one number for all samples."""
    bits = tags.get(_BITS, (1,))
    return bits * tags.get(_SAMPLES_A_PIXEL, 1) if len(bits) == 1 else bits


def samples_of(image: ImageFile) -> Samples | None:
    """Return what the samples of a TIFF with 16 bits mean, or None for any other file."""
    tags = tiff_tags(image)
    if tags is None or tags.get(_FILL_ORDER, 1) != 1:
        return None
    photometric, bits = tags.get(_PHOTOMETRIC), _bits_of(tags)
    whole = set(bits) == {16} and set(tags.get(_FORMAT, (1,))) == {1}
    if not whole or photometric not in (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB):
        return None
    count, colors, extra = len(bits), 3 if photometric == _RGB else 1, tags.get(_EXTRA, ())
    # As Pillow reads 8 bits: a further sample without a word about it is alpha.
    kind = extra[0] if extra else None
    alpha = count > colors and kind != _UNSPECIFIED
    premultiplied = alpha and kind == _PREMULTIPLIED
    return Samples(count, colors, alpha, premultiplied, photometric == _WHITE_IS_ZERO)


@functools.cache
def open_16_bits_as_8() -> None:
    """Let Pillow open each TIFF of 16 bits whose equal of 8 bits it opens."""
    table = TiffImagePlugin.OPEN_INFO
    for (prefix, photometric, kind, order, bits, extra), (mode, _) in list(table.items()):
        known = photometric in (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB) and order == 1
        if known and set(bits) == {8}:
            deep = (16,) * len(bits)
            modes = table.get((prefix, _BLACK_IS_ZERO, kind, order, deep, extra), (mode, _SAMPLES))
            table.setdefault((prefix, photometric, kind, order, deep, extra), modes)


def interpret(stored: np.ndarray, samples: Samples) -> np.ndarray:
    """Return the pixels that samples mean.

    Args:
        stored: uint16 `(H, W, samples.count)`; may be changed.
        samples: Their meaning.

    Returns:
        uint16 `(H, W, samples.channels)`, black at 0, not premultiplied.
    """
    pixels = stored
    if samples.channels < samples.count:
        pixels = np.ascontiguousarray(stored[..., : samples.channels])
    for rows in bands(*pixels.shape[:2]):
        band = pixels[rows]
        if samples.white_is_zero:
            np.invert(band[..., :1], out=band[..., :1])
        if samples.premultiplied:
            alpha = band[..., -1:].astype(np.float32)
            colors = band[..., :-1] * (65535 / np.maximum(alpha, 1))
            band[..., :-1] = np.rint(np.minimum(colors, 65535))
    return pixels
