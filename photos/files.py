"""Which files are photos, and opening one that may be anything."""

import contextlib
import stat
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

# Formats that are both read and written, by the suffixes that cameras and editors give them.
FORMATS = {
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".png": "PNG",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".webp": "WEBP",
    ".bmp": "BMP",
    ".heic": "HEIF",
    ".heif": "HEIF",
}
PHOTO_SUFFIXES = frozenset(FORMATS)
# By content, whatever the suffix. Pillow knows more, some of which start other programs.
_READ = ("JPEG", "PNG", "TIFF", "WEBP", "BMP", "GIF", "PPM", "JPEG2000", "AVIF", "HEIF")
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}

LARGEST = 300_000_000  # pixels; the largest sensors in phones have 200 million
Image.MAX_IMAGE_PIXELS = LARGEST // 2  # Pillow refuses twice what it warns at


class PhotoError(ValueError):
    """A photo file that cannot be read or written; the message is one line naming the file."""


def photos_in(folder: Path) -> list[Path]:
    """The files of a folder that are photos by their suffix, by name; hidden ones left out."""
    names = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    return [path for path in names if path.suffix.lower() in PHOTO_SUFFIXES and path.is_file()]


@contextlib.contextmanager
def opened(path: str | Path) -> Iterator[Image.Image]:
    """An image file, opened by Pillow, whose warnings are not shown while it is open.

    They are of large photos (Pillow still refuses those above `LARGEST`) and bad metadata.

    Raises:
        PhotoError: it is no regular file, or HEIC without pillow-heif.
        Exception: almost any, of damage in the file.
    """
    mode = Path(path).stat().st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):  # a pipe would be waited for
        raise PhotoError(f"{path}: not a regular file")
    with Path(path).open("rb") as file:
        start = file.read(12)
    if start[4:8] == b"ftyp" and start[8:12] in _HEIF_BRANDS:
        register_heif(path)
    with _quiet, Image.open(path, formats=_known(_READ)) as image:
        yield image


def _known(formats: tuple[str, ...]) -> list[str]:
    Image.init()
    return [name for name in formats if name in Image.OPEN]


def register_heif(path: str | Path) -> None:
    """Teach Pillow HEIC, by pillow-heif.

    Raises:
        PhotoError: pillow-heif is not installed; names `path`.
    """
    try:
        import pillow_heif
    except ImportError:
        raise PhotoError(f"{path}: HEIC needs pillow-heif: pip install pillow-heif") from None
    if "HEIF" not in Image.OPEN:
        pillow_heif.register_heif_opener()


def heif_is_writable() -> bool:
    """Whether pillow-heif is there, with an encoder."""
    try:
        import pillow_heif
    except ImportError:
        return False
    return any("HEVC" in name for name in pillow_heif.libheif_info()["encoders"].values())


class _Quiet:
    """Warnings off from the first thread in to the last one out: they are the process's."""

    def __init__(self):
        self._lock, self._inside, self._filters = threading.Lock(), 0, None

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


def reason(error: Exception) -> str:
    """Why a file cannot be read, in one line, from what a decoder raised."""
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
