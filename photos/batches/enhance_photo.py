"""One photo through a network: its colour space, gray, alpha, and strength."""

from collections.abc import Callable

import numpy as np

from common.color import LUMA_601
from inference.enhance_image import enhance_image
from photos.color_spaces import ColorSpace, space_of
from photos.photo import Photo, bands

# Rec. 601 luma, as JPEG has it: the gray of a colour result.
ROOM = 200_000_000  # bytes that a network should have to work in


def copied(photo_channels: int, strength: float, profile: bytes | None) -> bool:
    """Whether `enhance_photo` works on a copy of the colours, not on themselves."""
    return photo_channels < 3 or strength < 1 or space_of(profile) is not None


def enhance_photo(
    engine,
    photo: Photo,
    strength: float = 1.0,
    max_memory: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    exact: bool = False,
) -> None:
    """Enhance a photo in place.

    The network expects sRGB, and sees the photo so, clipped and rounded; gray it sees as colour.
    What it changes is added, times `strength`, to the exact colours in sRGB beyond its gamut,
    and the sum goes back into the photo's own space: colours that sRGB lacks stay, and a network
    that changes nothing changes nothing, to rounding. Alpha is left alone.

    Args:
        engine: See `inference.engine.Engine`.
        photo: its colours are replaced.
        strength: 0 (the photo itself) to 1 (the network's result).
        max_memory: bytes that may be taken beyond the photo's pixels.
        progress: called with (tiles done, tiles in all).
        exact: as for `enhance_image`.

    Raises:
        ModelFileError: the network does not run at this size.
    """
    if strength == 0:
        return
    colors, space = photo.colors, space_of(photo.profile)
    how = {"progress": progress, "in_place": True, "exact": exact}
    if not copied(photo.pixels.shape[2], strength, photo.profile):
        enhance_image(engine, colors, max_memory=max_memory, **how)
        return
    height, width = colors.shape[:2]
    seen = np.empty((height, width, 3), colors.dtype)
    for rows in bands(height, width):
        seen[rows] = _as_seen(_exact(colors[rows], space), colors.dtype)
    if max_memory is not None:
        max_memory = max(max_memory - seen.nbytes, 0)
    enhanced = enhance_image(engine, seen, max_memory=max_memory, **how)
    top = np.float32(np.iinfo(colors.dtype).max)
    for rows in bands(height, width):
        unclipped = _exact(colors[rows], space)
        before = _as_seen(unclipped, colors.dtype) / top
        change = enhanced[rows] / top - before
        if colors.shape[2] == 1:
            change = change @ LUMA_601[:, None]
        result = unclipped + np.float32(strength) * change
        if space is not None:
            result = space.from_srgb(result)
        colors[rows] = np.rint(np.clip(result, 0, 1) * top).astype(colors.dtype)


def _exact(band: np.ndarray, space: ColorSpace | None) -> np.ndarray:
    """Colours in sRGB, float32, beyond [0, 1] where they are."""
    if space is not None:
        return space.to_srgb(band)
    return band.astype(np.float32) / np.float32(np.iinfo(band.dtype).max)


def _as_seen(exact: np.ndarray, dtype) -> np.ndarray:
    """As integers for the network, which `exact` of gray broadcasts to."""
    top = np.float32(np.iinfo(dtype).max)
    return np.rint(np.clip(exact, 0, 1) * top).astype(dtype)
