"""Fine detail against the target's: noise where the target is flat, sharpness at its edges."""

import cv2
import numpy as np

from metrics.filters import blur, clipped, gray

FINE, COARSE = 1.5, 5.0  # pixels; standard deviations that bound the bands of detail
ROUNDING = 1 / 255 / np.sqrt(12)  # standard deviation of the rounding to 8 bits
WINDOW = 11  # pixels; side of the neighborhood that must be flat
FLAT = 3 / 255  # largest standard deviation of a flat neighborhood
UNCLIPPED = (4 / 255, 251 / 255)  # means between which noise is not cut off
STEEP = 8 / 255  # a pixel: smallest slope of an edge, after the fine blur
REACH = 9  # pixels; side of the square about an edge's pixel that belongs to the edge
SHARE = 0.01  # of an image's pixels that must be flat, or at edges


def noise_gain(images: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Noise of an image over that of its target, where the target is flat.

    With `r(x) = x - G*x`, G a Gaussian of 1.5 pixels, and F the flat pixels of the target,

        noise_gain = max(rms_F r(x), q) / max(rms_F r(t), q)

    over the three channels. q is the noise of rounding to 8 bits, `1 / (255·√12)`: less is not
    noise that a file can hold. F: the 11×11 window about the pixel has, in the target, a standard
    deviation (root mean square over the channels) of at most 3/255, and a mean between 4/255 and
    251/255 in every channel, since where a target is burnt out its noise is cut off. The window
    keeps the edges of an image that is shifted by some pixels out of F.

    Args:
        images: `(N, H, W, 3)` float RGB; clipped to [0, 1].
        targets: as `images`.

    Returns:
        `(N,)` float64: 1 for as much noise as the target, above 1 for more; not a number where
        less than 1% of the target is flat.
    """
    return detail(images, targets)[0]


def sharpness(images: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Share of fine detail at the target's edges, over the target's own share.

    With gray x, `fine(x) = x - G1*x` and `coarse(x) = G1*x - G2*x`, G1 and G2 Gaussians of 1.5 and
    5 pixels, and E the pixels at edges of the target,

        share(x) = rms_E fine(x) / max(rms_E coarse(x), q),  sharpness = share(x) / share(t)

    with q as for `noise_gain`. E: the target, blurred by G1, has a slope of at least 8/255 a pixel
    somewhere in the 9×9 square about the pixel.
    Stretching an image's contrast changes both bands alike, so it does not count: `contrast_ratio`
    is there for that. Noise does count; `noise_gain` tells.

    Args:
        images: as for `noise_gain`.
        targets: as `images`.

    Returns:
        `(N,)` float64 ≥ 0: 1 for as sharp as the target, below 1 for blurred, above 1 for
        sharpened too much; not a number where less than 1% of the target is at edges.
    """
    return detail(images, targets)[1]


def detail(images: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`noise_gain` and `sharpness`, which share their filters; computed in float32."""
    x, t = clipped(images, np.float32), clipped(targets, np.float32)
    smooth_x, smooth_t = blur(x, FINE), blur(t, FINE)
    fine_x, fine_t = x - smooth_x, t - smooth_t

    flat = _flat(t)
    noise_x, noise_t = (
        np.maximum(_rms(gray(np.square(fine)), flat), ROUNDING) for fine in (fine_x, fine_t)
    )

    smooth_x, smooth_t = gray(smooth_x), gray(smooth_t)
    edges = _edges(smooth_t)
    rms_x, rms_t = (_rms(np.square(gray(fine)), edges) for fine in (fine_x, fine_t))
    coarse_x, coarse_t = (
        np.maximum(_rms(np.square(smooth - blur(gray(whole), COARSE)), edges), ROUNDING)
        for smooth, whole in ((smooth_x, x), (smooth_t, t))
    )
    return noise_x / noise_t, rms_x * coarse_t / (coarse_x * rms_t)


def _flat(targets):
    """`(N, H, W)` bool: the flat pixels."""

    def window(image):
        return cv2.boxFilter(image, -1, (WINDOW, WINDOW), borderType=cv2.BORDER_REFLECT)

    means = np.stack([window(target) for target in targets])
    squares = np.stack([window(np.square(target)) for target in targets])
    low, high = UNCLIPPED
    inside = (means >= low) & (means <= high)
    inside = inside[..., 0] & inside[..., 1] & inside[..., 2]
    return inside & (gray(squares - np.square(means)) <= FLAT**2)


def _edges(smooth):
    """`(N, H, W)` bool: the pixels at edges of gray images."""
    down, right = np.gradient(smooth, axis=(1, 2))
    steep = (np.square(down) + np.square(right) >= STEEP**2).astype(np.uint8)
    square = np.ones((REACH, REACH), np.uint8)
    return np.stack([cv2.dilate(image, square) for image in steep]).astype(bool)


def _rms(squares, area):
    """Root of the mean of `squares` over the pixels of `area`; not a number for too few."""
    count = area.sum(axis=(1, 2))
    total = np.sum(squares * area, axis=(1, 2), dtype=np.float64)
    enough = count >= SHARE * area[0].size
    return np.where(enough, np.sqrt(total / np.maximum(count, 1)), np.nan)
