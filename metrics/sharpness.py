"""Sharpness: the share of fine detail in an image, relative to its target."""

import cv2
import numpy as np

from metrics.detail_bands import ROUNDING, DetailBands, rms
from metrics.filters import blur, gray

COARSE = 5.0  # pixels; standard deviation of the blur that bounds the coarse band
STEEP = 8 / 255  # a pixel; smallest slope of an edge, after the fine blur
SQUARE = 9  # pixels; side of the square about an edge's pixel that belongs to the edge


def sharpness(images: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Divide the share of fine detail at the target's edges by the target's own share.

    With gray x, `fine(x) = x - G1*x` and `coarse(x) = G1*x - G2*x`, G1 and G2 Gaussians of 1.5 and
    5 pixels, and E the pixels at edges of the target,

        share(x) = rms_E fine(x) / max(rms_E coarse(x), q),  sharpness = share(x) / share(t)

    with q = `1 / (255·√12)`, the noise of rounding to 8 bits. E are the pixels in whose 9×9 square
    the target, blurred by G1, has a slope of at least 8/255 a pixel somewhere. A change of contrast
    scales both bands, so the metric does not count it; `contrast_ratio` does. Noise adds to the
    fine band: read the metric beside `noise_gain`.

    Args:
        images: `(N, H, W, 3)` float RGB; clipped to [0, 1].
        targets: as `images`.

    Returns:
        `(N,)` float64 ≥ 0: 1 for as sharp as the target, below 1 for blurred, above 1 for
        oversharpened; NaN where less than 1% of the target is at edges. Computed in float32.
    """
    return sharpness_of(DetailBands.of(images, targets))


def sharpness_of(bands: DetailBands) -> np.ndarray:
    """Compute `sharpness` from bands that are already filtered."""
    smooth_x, smooth_t = gray(bands.smooth_image), gray(bands.smooth_target)
    edges = _edges(smooth_t)
    rms_x, rms_t = (
        rms(np.square(gray(fine)), edges) for fine in (bands.fine_image, bands.fine_target)
    )
    coarse_x, coarse_t = (
        np.maximum(rms(np.square(smooth - blur(gray(whole), COARSE)), edges), ROUNDING)
        for smooth, whole in ((smooth_x, bands.image), (smooth_t, bands.target))
    )
    return rms_x * coarse_t / (coarse_x * rms_t)


def _edges(smooth: np.ndarray) -> np.ndarray:
    """Find the pixels at edges of gray images, `(N, H, W)` bool."""
    down, right = np.gradient(smooth, axis=(1, 2))
    steep = (np.square(down) + np.square(right) >= STEEP**2).astype(np.uint8)
    square = np.ones((SQUARE, SQUARE), np.uint8)
    return np.stack([cv2.dilate(image, square) for image in steep]).astype(bool)
