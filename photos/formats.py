"""The table of photo formats; a new format is one entry of `FORMATS`."""

import contextlib
import dataclasses
import functools
import io
import struct
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from PIL import Image
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile

from photos.colors.color_signals import CodePoints, profile_of
from photos.exif import MAIN, ORIENTATION
from photos.photo import Encoding, Photo
from photos.write_bmp import write_bmp
from photos.write_png import write_png
from photos.write_tiff import write_tiff

QUALITY = 95
RAW = "RAW"  # of any camera
RAW_FILES = (
    *(".dng", ".arw", ".cr2", ".cr3", ".nef", ".nrw", ".orf", ".pef", ".raf", ".rw2", ".srw"),
    *(".3fr", ".erf", ".iiq", ".kdc", ".mef", ".mos", ".mrw", ".rwl", ".sr2", ".x3f"),
)
LARGEST_SEGMENT = 65_000  # bytes of EXIF, XMP or IPTC that a JPEG takes


@dataclasses.dataclass(frozen=True)
class PhotoFormat:
    """A format of photo files.

    Attributes:
        name: Pillow's name of the format.
        plugin: The module of Pillow that reads the format, or "" where Pillow has none.
        suffixes: The suffixes of the files, the usual one first; without a suffix the format is
            only read, in a file that has another's suffix.
        written_as: The suffix of a result in another format, or None if this format is written.
        alpha: Whether a file keeps alpha.
        largest_side: The longest side that a file can have, pixels, or None.
        largest_file: The size above which decoders refuse a file, bytes, or None.
        holds: The metadata that a file keeps: "exif", "xmp", and attributes of `Notes`.
        largest_block: The size of EXIF, of XMP and of image resources that a file can hold, bytes,
            or None.
        fallback_qualities: The qualities to try in turn while a file exceeds `largest_file`.
        options: Returns the options of Pillow's `save` for a photo.
        encoding: Returns how a file is encoded, given its path and the open image.
        writer: Writes a photo in the place of Pillow, band by band, or None.
        writer_depths: The depths, in bytes a channel, of the photos that `writer` writes.
        decoder_bytes: Bytes a pixel that the decoder takes beside Pillow's image.
        encoder_bytes: Bytes a pixel that the encoder takes beside Pillow's image.
    """

    name: str
    plugin: str = ""
    suffixes: tuple[str, ...] = ()
    written_as: str | None = None
    alpha: bool = True
    largest_side: int | None = None
    largest_file: int | None = None
    holds: frozenset[str] = frozenset({"exif", "xmp"})
    largest_block: int | None = None
    fallback_qualities: tuple[int, ...] = ()
    options: Callable[[Photo], dict[str, Any]] = lambda photo: _metadata(photo)
    encoding: Callable[[str | Path, ImageFile], Encoding] | None = None
    writer: Callable[[IO[bytes], Photo], None] | None = None
    writer_depths: tuple[int, ...] = ()
    decoder_bytes: int = 0
    encoder_bytes: int = 0

    def writer_for(self, depth: int) -> Callable[[IO[bytes], Photo], None] | None:
        """Return the writer that replaces Pillow for a depth in bytes a channel, or None."""
        return self.writer if depth in self.writer_depths else None


def _metadata(photo: Photo, color: bool = False) -> dict[str, Any]:
    """Return the options of Pillow's `save` that hold EXIF, profile, XMP and density.

    Args:
        photo: The photo.
        color: Whether the file holds color even if the photo is gray.
    """
    options: dict[str, Any] = {}
    if photo.exif is not None:
        options["exif"] = photo.exif.tobytes()
    if profile := profile_of(photo.signal, photo.is_gray and not color):
        options["icc_profile"] = profile
    if photo.xmp:
        options["xmp"] = photo.xmp
    if photo.notes.density:
        options["dpi"] = photo.notes.density
    return options


def _jpeg_options(photo: Photo) -> dict[str, Any]:
    source = photo.encoding.quantization if photo.encoding.format == "JPEG" else None
    segments = [(0xFE, comment) for comment in photo.notes.comments]
    if photo.notes.resources:
        segments.append((0xED, b"Photoshop 3.0\0" + photo.notes.resources))
    extra = b"".join(struct.pack(">BBH", 0xFF, n, 2 + len(data)) + data for n, data in segments)
    coding = {"subsampling": 0, "qtables": quantization(source)}
    return _metadata(photo) | coding | {"extra": extra}


def _webp_options(photo: Photo) -> dict[str, Any]:
    lossless = photo.encoding.format == "WEBP" and photo.encoding.lossless
    quality = {"lossless": True, "exact": True} if lossless else {"quality": QUALITY}
    return _metadata(photo, color=True) | quality


def _heif_options(photo: Photo) -> dict[str, Any]:
    # Color at half resolution, as phones write it: few phones decode anything else.
    # The slower presets take five times as long for a file 7 % smaller and no better.
    options = {"quality": QUALITY, "chroma": 420, "enc_params": {"preset": "ultrafast"}}
    options |= _metadata(photo, color=photo.has_alpha)  # gray alone stays gray
    if isinstance(photo.signal, CodePoints):
        options.pop("icc_profile", None)
        options["color_primaries"] = photo.signal.primaries
        options["transfer_characteristics"] = photo.signal.transfer
        options |= {"matrix_coefficients": 6, "full_range_flag": 1}
    return options


def _avif_options(photo: Photo) -> dict[str, Any]:
    options = _metadata(photo)
    if photo.exif is not None:
        exif = photo.exif.copy()  # Pillow would write EXIF with an orientation anew, its own way
        exif.directories.get(MAIN, {}).pop(ORIENTATION, None)
        options["exif"] = exif.tobytes()
    gray = photo.pixels.shape[2] < 3
    return options | {"quality": QUALITY, "subsampling": "4:0:0" if gray else "4:4:4", "speed": 10}


def _jpeg_encoding(path: str | Path, image: ImageFile) -> Encoding:
    assert isinstance(image, JpegImageFile)
    luma = image.layer[0][3]  # the number of the first component's table
    numbers = [luma, *(number for number in image.quantization if number != luma)]
    return Encoding("JPEG", quantization=[list(image.quantization[number]) for number in numbers])


def _webp_encoding(path: str | Path, image: ImageFile) -> Encoding:
    with Path(path).open("rb") as file:
        file.seek(12)
        while len(head := file.read(8)) == 8:
            kind, size = struct.unpack("<4sI", head)
            if kind == b"ANMF":  # a frame: its size and place, then chunks of its own
                file.seek(16, 1)
            elif kind in (b"VP8L", b"VP8 "):
                return Encoding("WEBP", lossless=kind == b"VP8L")
            else:
                file.seek(size + size % 2, 1)
    return Encoding("WEBP")


def _tiff_encoding(path: str | Path, image: ImageFile) -> Encoding:
    return Encoding("TIFF", compressed=image.info.get("compression", "raw") != "raw")


# Bytes a pixel are measured on photos of 12 and 48 megapixels; `tests/photos/test_photo_memory.py`
# holds them.
FORMATS = (
    PhotoFormat(
        "JPEG",
        "JpegImagePlugin",
        (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"),
        alpha=False,
        largest_side=65500,
        holds=frozenset({"exif", "xmp", "density", "comments", "resources"}),
        largest_block=LARGEST_SEGMENT,
        options=_jpeg_options,
        encoding=_jpeg_encoding,
    ),
    PhotoFormat(
        "PNG",
        "PngImagePlugin",
        (".png",),
        holds=frozenset({"exif", "xmp", "density", "chunks"}),
        writer=write_png,
        writer_depths=(1, 2),
    ),
    PhotoFormat(
        "TIFF",
        "TiffImagePlugin",
        (".tif", ".tiff"),
        encoding=_tiff_encoding,
        writer=write_tiff,
        writer_depths=(1, 2),
    ),
    PhotoFormat(
        "WEBP",
        "WebPImagePlugin",
        (".webp",),
        largest_side=16383,
        options=_webp_options,
        encoding=_webp_encoding,
        decoder_bytes=12,
        encoder_bytes=10,
    ),
    PhotoFormat(
        "BMP",
        "BmpImagePlugin",
        (".bmp",),
        holds=frozenset({"density"}),
        writer=write_bmp,
        writer_depths=(1, 2),
    ),
    PhotoFormat(
        "HEIF",
        "",
        (".heic", ".heif", ".hif"),
        largest_file=16_000_000,  # decoders (libde265) take no more than 16 MiB of one picture
        fallback_qualities=(90, 85, 80, 70, 60),
        options=_heif_options,
        decoder_bytes=8,
        encoder_bytes=30,
    ),
    PhotoFormat(
        "AVIF",
        "AvifImagePlugin",
        (".avif",),
        largest_side=65536,
        options=_avif_options,
        decoder_bytes=8,
        encoder_bytes=40,
    ),
    PhotoFormat(RAW, "", RAW_FILES, written_as=".jpg", decoder_bytes=12),
    PhotoFormat("GIF", "GifImagePlugin"),
    PhotoFormat("PPM", "PpmImagePlugin"),
    PhotoFormat("JPEG2000", "Jpeg2KImagePlugin", decoder_bytes=12),
)
RAW_SUFFIXES = frozenset(RAW_FILES)
BY_SUFFIX = {suffix: one for one in FORMATS for suffix in one.suffixes}
BY_NAME = {one.name: one for one in FORMATS} | {"MPO": FORMATS[0]}  # a JPEG of several frames
PHOTO_SUFFIXES = frozenset(BY_SUFFIX)
WRITTEN_SUFFIXES = PHOTO_SUFFIXES - RAW_SUFFIXES


def encoding_of(path: str | Path, image: ImageFile) -> Encoding:
    """Return how a file is encoded.

    Args:
        path: The file.
        image: The open file.
    """
    file_format = BY_NAME.get(image.format or "")
    if file_format is None:
        return Encoding(image.format)
    with contextlib.suppress(Exception):  # damage; the encoding is only advice
        if file_format.encoding is not None:
            return file_format.encoding(path, image)
    return Encoding(file_format.name)


def quantization(source: list[list[int]] | None = None) -> list[list[int]]:
    """Return the tables of luma and chroma: of quality 95, or finer where the source is finer.

    Args:
        source: The tables of a JPEG, luma first; chroma takes the finest of the other tables.

    Returns:
        Two tables of 64 steps, in Pillow's order.
    """
    default = _default_tables()
    if not source or any(len(table) != 64 or min(table) < 1 for table in source):
        return [list(table) for table in default]
    luma, chroma = source[0], [min(steps) for steps in zip(*(source[1:] or source), strict=True)]
    pairs = zip(default, (luma, chroma), strict=True)
    return [[min(steps) for steps in zip(a, b, strict=True)] for a, b in pairs]


@functools.cache
def _default_tables() -> tuple[tuple[int, ...], ...]:
    encoded = io.BytesIO()
    Image.new("RGB", (1, 1)).save(encoded, "JPEG", quality=QUALITY)
    with Image.open(encoded) as image:
        assert isinstance(image, JpegImageFile)
        return tuple(tuple(image.quantization[number]) for number in (0, 1))
