"""Noise gain: the noise of an image relative to its target, where the target is flat."""

import cv2
import numpy as np

from metrics.detail_bands import ROUNDING, DetailBands, rms
from metrics.filters import gray

WINDOW = 11  # pixels; side of the neighborhood that must be flat
FLAT = 3 / 255  # largest standard deviation of a flat neighborhood
UNCLIPPED = (4 / 255, 251 / 255)  # range of means in which the noise is not clipped


def noise_gain(images: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Divide the noise of each image by that of its target, where the target is flat.

    With `r(x) = x - G*x`, G a Gaussian of 1.5 pixels, and F the flat pixels of the target,

        noise_gain = max(rms_F r(x), q) / max(rms_F r(t), q)

    over the three channels. q is the noise of rounding to 8 bits, `1 / (255·√12)`; a file cannot
    hold less. F are the pixels whose 11×11 window has, in the target, a standard deviation (root
    mean square over the channels) of at most 3/255 and a mean between 4/255 and 251/255 in every
    channel. Outside of that range the target's noise is clipped. The window keeps edges out of F
    also where image and target are shifted by a few pixels.

    Args:
        images: `(N, H, W, 3)` float RGB; clipped to [0, 1].
        targets: as `images`.

    Returns:
        `(N,)` float64: 1 for as much noise as the target, above 1 for more; NaN where less than 1%
        of the target is flat. Computed in float32.
    """
    return noise_gain_of(DetailBands.of(images, targets))


def noise_gain_of(bands: DetailBands) -> np.ndarray:
    """Compute `noise_gain` from bands that are already filtered."""
    flat = _flat(bands.target)
    noise, target_noise = (
        np.maximum(rms(gray(np.square(fine)), flat), ROUNDING)
        for fine in (bands.fine_image, bands.fine_target)
    )
    return noise / target_noise


def _flat(targets: np.ndarray) -> np.ndarray:
    """Find the flat pixels, `(N, H, W)` bool."""

    def window(image):
        return cv2.boxFilter(image, -1, (WINDOW, WINDOW), borderType=cv2.BORDER_REFLECT)

    means = np.stack([window(target) for target in targets])
    squares = np.stack([window(np.square(target)) for target in targets])
    low, high = UNCLIPPED
    inside = (means >= low) & (means <= high)
    inside = inside[..., 0] & inside[..., 1] & inside[..., 2]
    return inside & (gray(squares - np.square(means)) <= FLAT**2)
