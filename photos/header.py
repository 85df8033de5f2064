"""The header of a photo file: what the file holds, and the memory to read and write it."""

import dataclasses
from pathlib import Path

from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile

from photos.colors.color_signals import ColorSignal
from photos.colors.find_signal import find_signal
from photos.files import PhotoError, named, opened, reason
from photos.formats import BY_NAME, BY_SUFFIX
from photos.metadata import orientation_of
from photos.tiff_samples import is_planar, samples_of

_CHANNELS = {"1": 1, "L": 1, "LA": 2, "La": 2, "RGBA": 4, "RGBa": 4, "PA": 4}
_FIXED = 60_000_000  # bytes for buffers, whatever the size


@dataclasses.dataclass(frozen=True)
class Header:
    """Size and kind of a photo file.

    Attributes:
        width: Width of the stored image, pixels.
        height: Height of the stored image, pixels.
        channels: The channels of `Photo.pixels`, 1 to 4.
        depth: Bytes a channel, 1 or 2.
        signal: What the file says about the colors of `Photo.pixels`, or None.
        read_bytes: The most memory that `load_photo` takes, its result included.
    """

    width: int
    height: int
    channels: int
    depth: int
    signal: ColorSignal | None
    read_bytes: int

    @property
    def pixels(self) -> int:
        """The number of pixels."""
        return self.width * self.height

    @property
    def pixel_bytes(self) -> int:
        """The memory of the decoded photo."""
        return self.pixels * self.channels * self.depth

    def write_bytes(self, target: Path) -> int:
        """Return the most memory that `save_photo` takes, the photo itself included.

        Args:
            target: The file to write.
        """
        file_format = BY_SUFFIX.get(target.suffix.lower())
        by_band = file_format is not None and file_format.writer_for(self.depth) is not None
        pillow = 0 if by_band else 1 if self.channels == 1 else 4
        encoder = file_format.encoder_bytes if file_format is not None else 0
        return self.pixel_bytes + self.pixels * (pillow + encoder) + _FIXED


def header_of(image: ImageFile) -> Header:
    """Return the header of an open image.

    Raises:
        PhotoError: The colors are PQ or HLG.
    """
    deep, samples = is_deep(image), samples_of(image)
    gray = image.mode in ("1", "L", "LA", "La", "I", "F") or image.mode.startswith("I;")
    gray = gray or _raw_mode(image).startswith("LA")  # with 16 bits Pillow makes it color
    stored = _CHANNELS.get("LA" if deep and gray else image.mode, 1 if gray else 3)
    channels = stored
    if deep and samples is not None:
        stored, channels, gray = samples.count, samples.channels, samples.colors == 1
    elif image.has_transparency_data:
        channels = 2 if gray else 4
    depth = 2 if deep or image.mode.startswith("I") else 1
    pixels = image.width * image.height
    size = pixels * channels * depth
    if deep:
        # A copy puts the pixels in order, or takes those that mean something.
        copied = orientation_of(image) > 1 or is_planar(image) or stored != channels
        work = pixels * stored * depth if copied else 0
    else:
        pillow = {"L": 1, "P": 1, "1": 1}.get(image.mode, 4)
        work = pixels * (pillow + _decoder_bytes(image))
    return Header(
        width=image.width,
        height=image.height,
        channels=channels,
        depth=depth,
        signal=None if image.mode in ("CMYK", "LAB") else find_signal(image, gray=channels < 3),
        read_bytes=int(size + work) + _FIXED,
    )


def _decoder_bytes(image: ImageFile) -> float:
    """Return the bytes a pixel that the decoder takes beside Pillow's image."""
    if isinstance(image, JpegImageFile):
        if not image.info.get("progressive"):
            return 0
        # The decoder keeps the coefficients of the whole photo, 2 bytes each, until the last scan.
        # The photo's own copy comes after them.
        samples = [across * down for _, across, down, _ in image.layer]
        copied = len(samples)
        return max(0, 2 * sum(samples) / max(max(samples), 1) - copied)
    file_format = BY_NAME.get(image.format or "")
    return file_format.decoder_bytes if file_format is not None else 0


def is_deep(image: ImageFile) -> bool:
    """Return whether a file has 16-bit samples that Pillow cuts to 8 bits, or cannot decode.

    Gray without alpha is left to Pillow.
    """
    if image.format == "PNG":
        return image.mode in ("RGB", "RGBA", "LA") and ";16" in _raw_mode(image)
    samples = samples_of(image)
    return samples is not None and (samples.count > 1 or is_planar(image))


def _raw_mode(image: ImageFile) -> str:
    arguments = image.tile[0][3] if image.tile else ""
    return str(arguments[0] if isinstance(arguments, tuple) else arguments)


def read_header(path: str | Path) -> Header:
    """Read the header of a photo file; its pixels are not read.

    Args:
        path: The photo.

    Raises:
        PhotoError: The file is missing, not an image or too large, or its colors are PQ or HLG.
    """
    try:
        with opened(path) as image:
            return header_of(image)
    except PhotoError as error:
        raise named(error, path) from error.__cause__
    except Exception as error:  # decoders report damage with all kinds
        raise PhotoError(f"{path}: {reason(error)}") from error
