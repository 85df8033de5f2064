"""What a photo's file says it holds, and the memory that reading and writing it takes."""

import dataclasses
from pathlib import Path

from PIL import Image

from photos.files import FORMATS, PhotoError, opened, reason
from photos.metadata import orientation_of

_CHANNELS = {"1": 1, "L": 1, "LA": 2, "La": 2, "RGBA": 4, "RGBa": 4, "PA": 4}
# Bytes a pixel of codecs beside Pillow's image, measured on photos of 12 and 48 megapixels
# (`tests/photos/test_photo_memory.py` holds them).
_DECODER = {"WEBP": 12, "HEIF": 8, "AVIF": 8, "JPEG2000": 12}
_ENCODER = {"WEBP": 10, "HEIF": 30}
_PLANAR = 284  # TIFF 6.0, PlanarConfiguration
_FIXED = 60_000_000  # bytes for buffers, whatever the size


@dataclasses.dataclass(frozen=True)
class Header:
    """Size and kind of a photo file.

    Attributes:
        width: as stored, pixels.
        height: likewise.
        channels: of `Photo.pixels`, 1 to 4.
        depth: bytes a channel, 1 or 2.
        profile: the embedded ICC profile, of whatever space; None for none.
        read_bytes: the most memory that `load_photo` takes, its result included.
    """

    width: int
    height: int
    channels: int
    depth: int
    profile: bytes | None
    read_bytes: int

    @property
    def pixels(self) -> int:
        """Their number."""
        return self.width * self.height

    @property
    def pixel_bytes(self) -> int:
        """What the decoded photo takes."""
        return self.pixels * self.channels * self.depth

    def write_bytes(self, target: Path) -> int:
        """The most memory that `save_photo` takes, the photo itself included."""
        file_format = FORMATS.get(target.suffix.lower())
        banded = file_format == "TIFF" or (file_format == "PNG" and self.depth == 2)
        stored = 0 if banded else 1 if self.channels == 1 else 4
        per_pixel = stored + _ENCODER.get(file_format, 0)
        return self.pixel_bytes + self.pixels * per_pixel + _FIXED


def header_of(image: Image.Image) -> Header:
    """The header of an open image."""
    deep = is_deep(image)
    gray = image.mode in ("1", "L", "LA", "La", "I", "F") or image.mode.startswith("I;")
    gray = gray or _raw_mode(image).startswith("LA")  # with 16 bits Pillow makes it colour
    channels = _CHANNELS.get("LA" if deep and gray else image.mode, 1 if gray else 3)
    if image.has_transparency_data and not deep:
        channels = 2 if gray else 4
    depth = 2 if deep or image.mode.startswith("I") else 1
    pixels = image.width * image.height
    size = pixels * channels * depth
    if deep:
        # Put in order by a copy.
        work = size if orientation_of(image) > 1 or is_planar(image) else 0
    else:
        stored = {"L": 1, "P": 1, "1": 1}.get(image.mode, 4)
        work = pixels * (stored + _decoder_bytes(image))
    return Header(
        width=image.width,
        height=image.height,
        channels=channels,
        depth=depth,
        profile=image.info.get("icc_profile") or None,
        read_bytes=int(size + work) + _FIXED,
    )


def _decoder_bytes(image: Image.Image) -> float:
    if image.format in ("JPEG", "MPO"):
        if not image.info.get("progressive"):
            return 0
        # Coefficients of the whole photo, 2 bytes each, until the last scan; then our copy.
        samples = [across * down for _, across, down, _ in image.layer]
        copied = len(samples)
        return max(0, 2 * sum(samples) / max(max(samples), 1) - copied)
    return _DECODER.get(image.format, 0)


def is_deep(image: Image.Image) -> bool:
    """Whether a file has 16-bit colour (or gray with alpha), which Pillow itself cuts to 8 bits."""
    if image.format == "PNG":
        return image.mode in ("RGB", "RGBA", "LA") and ";16" in _raw_mode(image)
    if image.format != "TIFF" or image.mode not in ("RGB", "RGBA"):
        return False
    tags = image.tag_v2
    bits, kind, raw = tags.get(258, (8,)), tags.get(339, (1,)), _raw_mode(image)
    # Premultiplied alpha is left to Pillow.
    return set(bits) == {16} and set(kind) == {1} and not raw.startswith("RGBa")


def is_planar(image: Image.Image) -> bool:
    """Whether a file is a TIFF that keeps red, green and blue apart."""
    return image.format == "TIFF" and image.tag_v2.get(_PLANAR, 1) == 2


def _raw_mode(image: Image.Image) -> str:
    arguments = image.tile[0][3] if image.tile else ""
    return str(arguments[0] if isinstance(arguments, tuple) else arguments)


def read_header(path: str | Path) -> Header:
    """What a photo file says it holds; its pixels are not read.

    Raises:
        PhotoError: the file is missing, not an image or too large.
    """
    try:
        with opened(path) as image:
            return header_of(image)
    except PhotoError:
        raise
    except Exception as error:  # decoders report damage with all kinds
        raise PhotoError(f"{path}: {reason(error)}") from error
