"""The DSLR's colors in the phone's color space.

A network learns the DSLR's colors in the values that the phone stores, because the enhanced photo
keeps the phone's color profile.
"""

import io
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageCms

INTENT = ImageCms.Intent.RELATIVE_COLORIMETRIC  # white stays white, and colors keep their look
STRIP = 256  # rows converted at a time, because Pillow needs 4 bytes a pixel, twice
MAX_CHANGE = 1  # levels of 255 that rounding may change a color


def color_transform(
    phone_profile: bytes | None, dslr_profile: bytes | None
) -> Callable[[np.ndarray], np.ndarray] | None:
    """Return the function from the DSLR photo's colors to the phone photo's color space.

    The conversion is relative colorimetric, and clips colors beyond the phone's color space.

    Args:
        phone_profile: The ICC profile of the phone's photo, see `photos.color_profile`. None stands
            for sRGB, and so does a damaged profile or a profile of something other than RGB.
        dslr_profile: The ICC profile of the DSLR's photo, with the same rules.

    Returns:
        A function from pixels to pixels, uint8 RGB H×W×3, which leaves its argument unchanged.
        None if the spaces are the same: no color of a grid moves by more than `MAX_CHANGE`. The
        function cannot be pickled.
    """
    if phone_profile == dslr_profile:
        return None
    transform = _build_transform(_usable_profile(dslr_profile), _usable_profile(phone_profile))

    def convert(pixels: np.ndarray) -> np.ndarray:
        result = np.empty_like(pixels)
        for top in range(0, len(pixels), STRIP):
            strip = Image.fromarray(pixels[top : top + STRIP])
            result[top : top + STRIP] = ImageCms.applyTransform(strip, transform)
        return result

    levels = np.arange(0, 256, 15, dtype=np.uint8)
    grid = np.stack(np.meshgrid(levels, levels, levels), -1).reshape(len(levels), -1, 3)
    moved = np.abs(convert(grid).astype(int) - grid).max()
    return convert if moved > MAX_CHANGE else None


def _usable_profile(data: bytes | None) -> ImageCms.ImageCmsProfile:
    """Return the profile if it describes RGB and converts both ways, otherwise sRGB."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(data or b""))
        _build_transform(profile, srgb)
        _build_transform(srgb, profile)
    except (ImageCms.PyCMSError, OSError):
        return srgb
    return profile


def _build_transform(
    source: ImageCms.ImageCmsProfile, target: ImageCms.ImageCmsProfile
) -> ImageCms.ImageCmsTransform:
    return ImageCms.buildTransform(source, target, "RGB", "RGB", INTENT)
