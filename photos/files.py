"""Photo files: how to open a file that may be anything."""

import contextlib
import functools
import importlib.util
import stat
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from PIL import Image
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile

from photos.exif import PREFIX
from photos.formats import BY_NAME, FORMATS, RAW_SUFFIXES, PhotoFormat
from photos.png_chunks import RAW_PROFILE, TEXT, XMP_KEYWORD, chunks_of, text_of
from photos.png_damage import tolerate_damaged_chunks
from photos.tiff_samples import join_single_plane, open_16_bits_as_8
from photos.transparent_color import scale_transparent_color

_HEVC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"}
_HEIF_BRANDS = {*_HEVC_BRANDS, b"mif1", b"msf1"}
_START = 64  # bytes that tell the format

LARGEST = 300_000_000  # pixels; the largest sensors in phones have 200 million
Image.MAX_IMAGE_PIXELS = LARGEST // 2  # Pillow refuses twice the size at which it warns
# Pillow refuses a JPEG whose EXIF gives the resolution as an odd type. Nothing here needs it there.
setattr(JpegImageFile, "_read_dpi_from_exif", lambda image: None)  # noqa: B010


class PhotoError(ValueError):
    """A photo file that cannot be read or written; the message is one line that names the file."""


@contextlib.contextmanager
def opened(path: str | Path) -> Iterator[ImageFile]:
    """Open an image file by Pillow, whose warnings are hidden while the file is open.

    Pillow warns about large photos and bad metadata. It still refuses photos above `LARGEST`. The
    content decides the format, whatever the suffix; formats that start other programs are refused.

    Args:
        path: The file.

    Raises:
        PhotoError: The path is no regular file, or the file is HEIC and pillow-heif is missing.
        Exception: The file is damaged; the decoders raise almost any type.
    """
    mode = Path(path).stat().st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):  # a pipe would be waited for
        raise PhotoError(f"{path}: not a regular file")
    with Path(path).open("rb") as file:
        start = file.read(_START)
    heif = _is_heif(start)
    if heif:
        register_heif(path)
    with _quiet, _open(path, heif) as image:
        if image.format == "PNG":
            _add_late_metadata(path, image)
            scale_transparent_color(image)
        join_single_plane(image)
        yield image


@functools.cache
def _load_plugins() -> None:
    """Load the parts of Pillow that read photos; all of Pillow's formats take 0.02 s more."""
    for one in FORMATS:
        if one.plugin:
            importlib.import_module(f"PIL.{one.plugin}")
    tolerate_damaged_chunks()


def _open(path: str | Path, heif: bool) -> ImageFile:
    _load_plugins()
    open_16_bits_as_8()
    if Path(path).suffix.lower() in RAW_SUFFIXES:
        found = format_by_content(path)
        if found is None or found.name == "TIFF":  # as which many raw files begin
            return _open_raw(path)
    known = [one.name for one in FORMATS if one.name in Image.OPEN and (heif or one.name != "HEIF")]
    return cast(ImageFile, Image.open(path, formats=known))


def _open_raw(path: str | Path) -> ImageFile:
    if importlib.util.find_spec("rawpy") is None:
        raise PhotoError(f"{path}: raw files need rawpy: pip install rawpy")
    from photos.read_raw import RawFile

    return RawFile(str(path))


def _add_late_metadata(path: str | Path, image: ImageFile) -> None:
    """Add EXIF and XMP that follow the pixels of a PNG, with which Pillow would read them.

    Pillow decodes XMP, so its bytes replace Pillow's text.
    """
    for kind, data in chunks_of(path):
        if kind == b"eXIf":
            image.info.setdefault("exif", PREFIX + data)
        elif kind in TEXT:
            keyword, text = text_of(kind, data)
            if keyword == XMP_KEYWORD and text:
                image.info["xmp"] = text
            elif keyword.startswith(RAW_PROFILE):
                image.info.setdefault(keyword.decode("latin-1"), text.decode("latin-1"))


def format_by_content(path: str | Path) -> PhotoFormat | None:
    """Return the format of a file by its first bytes, or None if it is no photo.

    Args:
        path: Any path.
    """
    try:
        if not stat.S_ISREG(Path(path).stat().st_mode):
            return None
        with Path(path).open("rb") as file:
            start = file.read(_START)
    except OSError:  # `opened` reports it
        return None
    if _is_heif(start):
        return BY_NAME["HEIF"]
    _load_plugins()
    for one in FORMATS:
        accept = Image.OPEN.get(one.name, (None, None))[1]
        if accept is not None and accept(start) is True:
            return one
    return None


def _is_heif(start: bytes) -> bool:
    """Return whether a file begins as HEIC does; AVIF may have the same general brand first."""
    size = int.from_bytes(start[:4])
    brands = {start[8:12], *(start[at : at + 4] for at in range(16, min(size, len(start)) - 3, 4))}
    known = start[4:8] == b"ftyp" and start[8:12] in _HEIF_BRANDS
    return known and not (b"avif" in brands and not brands & _HEVC_BRANDS)


def register_heif(path: str | Path) -> None:
    """Teach Pillow to read and write HEIC, by pillow-heif.

    Args:
        path: The file that needs HEIC, for the error message.

    Raises:
        PhotoError: pillow-heif is not installed.
    """
    try:
        import pillow_heif
    except ImportError:
        raise PhotoError(f"{path}: HEIC needs pillow-heif: pip install pillow-heif") from None
    if "HEIF" not in Image.OPEN:
        pillow_heif.register_heif_opener()


def heif_is_writable() -> bool:
    """Return whether pillow-heif is installed with an encoder."""
    try:
        import pillow_heif
    except ImportError:
        return False
    return any("HEVC" in name for name in pillow_heif.libheif_info()["encoders"].values())


class _Quiet:
    """A block without warnings, for several threads: the filter of warnings is the process's.

    The first thread that enters switches warnings off; the last one that leaves restores them.
    """

    def __init__(self):
        self._lock, self._inside = threading.Lock(), 0
        self._filters = warnings.catch_warnings()

    def __enter__(self):
        with self._lock:
            if self._inside == 0:
                self._filters = warnings.catch_warnings()
                self._filters.__enter__()
                warnings.simplefilter("ignore")
            self._inside += 1

    def __exit__(self, *raised):
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                self._filters.__exit__(*raised)


_quiet = _Quiet()


def named(error: PhotoError, path: str | Path) -> PhotoError:
    """Return an error whose message begins with the file."""
    message = str(error)
    return error if message.startswith(f"{path}: ") else PhotoError(f"{path}: {message}")


def reason(error: Exception) -> str:
    """Return in one line why a file cannot be read, from the error that a decoder raised."""
    if isinstance(error, PhotoError):
        return str(error)
    if isinstance(error, Image.UnidentifiedImageError):
        return "not an image, or of an unsupported format"
    if isinstance(error, Image.DecompressionBombError):
        return f"larger than {LARGEST / 1e6:.0f} million pixels"
    if isinstance(error, MemoryError):
        return "not enough memory"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return f"damaged image ({' '.join(str(error).split()) or type(error).__name__})"
