"""Alpha of photos that say it by a color, or by mistake: PNG's tRNS, and empty alpha of BMP."""

import numpy as np
from PIL.ImageFile import ImageFile

from photos.photo import bands


def has_transparent_color(image: ImageFile) -> bool:
    """Return whether a file names one of its colors as transparent."""
    return isinstance(image.info.get("transparency"), int | tuple)


def scale_transparent_color(image: ImageFile) -> None:
    """Scale the transparent gray of a PNG of 2 or 4 bits, as Pillow scales its pixels to 8 bits."""
    bits = image.tile[0][3] if image.tile else ""
    factor = {"L;2": 85, "L;4": 17}.get(str(bits))
    if factor and isinstance(gray := image.info.get("transparency"), int):
        image.info["transparency"] = gray * factor


def with_transparent_color(pixels: np.ndarray, image: ImageFile) -> np.ndarray:
    """Add alpha that is 0 in one color and full elsewhere (PNG, Third Edition, section 11.3.1.1).

    Args:
        pixels: uint16 `(H, W, 1 or 3)`.
        image: The file, for which `has_transparent_color` is true.

    Returns:
        uint16 `(H, W, 2 or 4)`.
    """
    height, width, channels = pixels.shape
    color = np.array(image.info["transparency"], np.uint16).reshape(-1)
    result = np.empty((height, width, channels + 1), np.uint16)
    for rows in bands(height, width):
        result[rows, :, :channels] = pixels[rows]
        result[rows, :, channels] = np.any(pixels[rows] != color, -1) * np.uint16(65535)
    return result


def fill_empty_alpha(pixels: np.ndarray) -> None:
    """Make a BMP opaque whose alpha is 0 everywhere: many programs leave the fourth byte empty.

    Args:
        pixels: uint8 `(H, W, 4)`, changed in place.
    """
    if not pixels[..., 3].any():
        pixels[..., 3] = 255
