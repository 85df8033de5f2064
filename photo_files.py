"""Photo files in and out: 8-bit sRGB-like RGB inside, whatever the camera wrote outside."""

import contextlib
import struct
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from atomic import replacing

# Formats that are both read and written, by the suffixes that cameras and editors give them.
_FORMATS = {
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".png": "PNG",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".webp": "WEBP",
    ".bmp": "BMP",
}
PHOTO_SUFFIXES = frozenset(_FORMATS)
_ENCODING = {
    "JPEG": {"quality": 95, "subsampling": 0},  # 4:4:4 keeps the colour that the network restored
    "WEBP": {"quality": 95},
}

_ORIENTATION = 0x0112
_EXIF_IFD, _GPS_IFD = 0x8769, 0x8825
_PIXEL_WIDTH, _PIXEL_HEIGHT = 0xA002, 0xA003
# What stays true of an enhanced photo: description, maker, model, software, date, artist,
# copyright, shooting parameters, place. A TIFF's layout tags and the old thumbnail do not.
_KEPT_TAGS = {0x010E, 0x010F, 0x0110, 0x0131, 0x0132, 0x013B, 0x8298, _EXIF_IFD, _GPS_IFD}
_LARGEST_EXIF = 65_000  # bytes; a JPEG segment holds little more

# Pillow's decoders report damage with all of these.
_DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    struct.error,
    Image.DecompressionBombError,
)


class PhotoError(ValueError):
    """A photo file that cannot be read or written; the message is one line naming the file."""


def photos_in(folder: Path) -> list[Path]:
    """The files of a folder that are photos by their suffix, by name; hidden ones left out."""
    names = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    return [path for path in names if path.suffix.lower() in PHOTO_SUFFIXES and path.is_file()]


@contextlib.contextmanager
def opened(path: str | Path) -> Iterator[Image.Image]:
    """An image file, opened by Pillow, whose warnings are not shown while it is open.

    They are of large photos (Pillow still refuses twice the size it warns at) and bad metadata.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Image.open(path) as image:
            yield image


def read_photo(path: str | Path) -> np.ndarray:
    """Read a photo as it is meant to be seen.

    The EXIF orientation is applied. Grayscale, palette and CMYK become RGB; transparency is laid
    over white; 16-bit grayscale is scaled to 8 bits (Pillow itself reduces 16-bit colour). Of
    several frames the first is read. A colour profile is not applied: `write_photo` keeps it.

    Args:
        path: any image file that Pillow reads.

    Returns:
        uint8 RGB `(H, W, 3)`.

    Raises:
        PhotoError: the file is missing, truncated, not an image, or holds floating-point pixels.
    """
    try:
        with opened(path) as image:
            image.load()
            _make_upright(image)
            return np.array(_to_rgb(image))
    except PhotoError as error:
        raise PhotoError(f"{path}: {error}") from None
    except _DAMAGE as error:
        raise PhotoError(f"{path}: {_reason(error)}") from error


def _make_upright(image: Image.Image) -> None:
    """In place: a copy of 20 megapixels is 80 MB."""
    # Damaged metadata raises almost anything, and the pixels are still a photo.
    with contextlib.suppress(Exception):
        ImageOps.exif_transpose(image, in_place=True)


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # Pillow's own conversion to 8 bits clips instead of scaling
        wide = np.clip(np.asarray(image), 0, 65535).astype(np.float32)
        return Image.fromarray(np.rint(wide / 257).astype(np.uint8)).convert("RGB")
    if image.mode == "F":
        raise PhotoError("floating-point pixels are not supported; save it with 8 or 16 bits")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")


def _reason(error: Exception) -> str:
    if isinstance(error, Image.UnidentifiedImageError):
        return "not an image, or of an unsupported format"
    if isinstance(error, Image.DecompressionBombError):
        return f"larger than {2 * Image.MAX_IMAGE_PIXELS / 1e6:.0f} million pixels"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return f"damaged image ({' '.join(str(error).split()) or type(error).__name__})"


def color_profile(path: str | Path) -> bytes | None:
    """The ICC profile embedded in a photo, or None: there is none, or it does not describe RGB."""
    with opened(path) as image:
        return _rgb_profile(image)


def _rgb_profile(image: Image.Image) -> bytes | None:
    profile = image.info.get("icc_profile") or b""
    # That of a CMYK or grayscale photo does not describe the RGB that is made of it.
    return profile if profile[16:20] == b"RGB " else None


def write_photo(path: str | Path, image: np.ndarray, source: str | Path | None = None) -> None:
    """Write a photo in the format of its suffix, whole or not at all.

    Args:
        path: target with one of `PHOTO_SUFFIXES`; an existing file is replaced.
        image: uint8 RGB `(H, W, 3)`.
        source: the photo that `image` was made from: its EXIF (orientation reset, thumbnail
            dropped) and its RGB colour profile are kept where the format has a place for them.

    Raises:
        PhotoError: the suffix is not a photo's, or the file cannot be written.
    """
    path = Path(path)
    file_format = _FORMATS.get(path.suffix.lower())
    if file_format is None:
        known = " ".join(sorted(PHOTO_SUFFIXES))
        raise PhotoError(f"{path}: cannot write {path.suffix or 'no suffix'!r}, use {known}")
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise TypeError(f"image must be uint8 (H, W, 3), not {image.dtype} {image.shape}")
    options = dict(_ENCODING.get(file_format, {}))
    if source is not None:
        options.update(_metadata(source, image.shape))
    try:
        with replacing(path) as temporary:
            Image.fromarray(image).save(temporary, format=file_format, **options)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise PhotoError(f"{path}: cannot be written: {reason}") from error


def _metadata(source: str | Path, shape: tuple[int, ...]) -> dict:
    """Options of `Image.save` that carry over what `source` says about itself."""
    try:
        with opened(source) as image:
            profile = _rgb_profile(image)
            exif = image.getexif()
            for tag in set(exif) - _KEPT_TAGS:
                del exif[tag]
            # Read now: the file is closed when the copy is written.
            details, _ = [exif.get_ifd(ifd) if ifd in exif else {} for ifd in (_EXIF_IFD, _GPS_IFD)]
            for tag, size in ((_PIXEL_WIDTH, shape[1]), (_PIXEL_HEIGHT, shape[0])):
                if tag in details:
                    details[tag] = size
            if exif:
                exif[_ORIENTATION] = 1
            data = exif.tobytes() if exif else b""
    except Exception:  # metadata too damaged to copy must not cost the photo
        return {}
    options = {}
    if 0 < len(data) <= _LARGEST_EXIF:
        options["exif"] = data
    if profile:
        options["icc_profile"] = profile
    return options
