"""One photo through a network: its color space, gray, alpha, and strength."""

import numpy as np

from common.color import LUMA_601
from inference.engine import Engine
from inference.enhance_image import enhance_image
from inference.streaming import Progress
from photos.colors.color_signals import ColorSignal, space_of
from photos.colors.color_space import ColorSpace
from photos.hidden_colors import HiddenColors
from photos.photo import Photo, bands

ROOM = 200_000_000  # bytes that a network should have to work in


def needs_copy(channels: int, strength: float, signal: ColorSignal | None) -> bool:
    """Return whether `enhance_photo` works on a copy of the colors instead of the colors.

    Args:
        channels: The photo's channels, 1 to 4.
        strength: The share of the network's change.
        signal: What the photo's file says about its colors.
    """
    return channels != 3 or strength < 1 or space_of(signal, channels < 3) is not None


def enhance_photo(
    engine: Engine,
    photo: Photo,
    strength: float = 1.0,
    max_memory: int | None = None,
    progress: Progress | None = None,
    exact: bool = False,
) -> None:
    """Enhance a photo in place.

    The network expects sRGB. It sees the photo in sRGB, clipped and rounded, and gray as color. The
    network's change, times `strength`, is added to the exact colors in sRGB, continued beyond its
    gamut. The sum is converted to the photo's own space. Colors that sRGB lacks therefore stay, and
    a network that changes nothing changes nothing, to rounding. Alpha stays as it is. In the place
    of a transparent pixel, the network sees its visible neighbors; the pixel stays as it is.

    Args:
        engine: The engine.
        photo: The photo, whose colors are replaced.
        strength: From 0 (the photo as it is) to 1 (the network's result).
        max_memory: Bytes that may be taken beyond the photo's pixels.
        progress: Called with (tiles done, tiles in all).
        exact: Whether approximation is forbidden, see `enhance_image`.

    Raises:
        ModelFileError: The network does not run at this size, or not in this memory.
    """
    if strength == 0:
        return
    colors, space = photo.colors, photo.space
    how = {"progress": progress, "in_place": True, "exact": exact}
    hidden = HiddenColors.of(photo, lambda rows: _exact(colors[rows], space))
    if hidden is None and not needs_copy(colors.shape[2], strength, photo.signal):
        enhance_image(engine, colors, max_memory=max_memory, **how)
        return
    height, width = colors.shape[:2]
    seen = np.empty((height, width, 3), colors.dtype)
    for rows in bands(height, width):
        shown = _exact(colors[rows], space)
        if hidden is not None:
            shown = hidden.replaced(rows, shown)
        seen[rows] = _as_seen(shown, colors.dtype)
    if max_memory is not None:
        max_memory = max(max_memory - seen.nbytes, 0)
    enhanced = enhance_image(engine, seen, max_memory=max_memory, **how)
    top = np.float32(np.iinfo(colors.dtype).max)
    for rows in bands(height, width):
        unclipped = _exact(colors[rows], space)
        shown = unclipped if hidden is None else hidden.replaced(rows, unclipped)
        before = _as_seen(shown, colors.dtype) / top
        change = enhanced[rows] / top - before
        if colors.shape[2] == 1:
            change = change @ LUMA_601[:, None]
        result = unclipped + np.float32(strength) * change
        if space is not None:
            result = space.from_srgb(result)
        values = np.rint(np.clip(result, 0, 1) * top).astype(colors.dtype)
        if hidden is not None:  # what nobody sees stays as it is
            values = np.where(photo.pixels[rows][..., -1:] == 0, colors[rows], values)
        colors[rows] = values


def _exact(band: np.ndarray, space: ColorSpace | None) -> np.ndarray:
    """Return colors in sRGB, float32, outside [0, 1] where sRGB lacks them."""
    if space is not None:
        return space.to_srgb(band)
    return band.astype(np.float32) / np.float32(np.iinfo(band.dtype).max)


def _as_seen(exact: np.ndarray, dtype: np.dtype | type[np.generic]) -> np.ndarray:
    """Return exact colors as the integers that the network sees."""
    top = np.float32(np.iinfo(dtype).max)
    return np.rint(np.clip(exact, 0, 1) * top).astype(dtype)
