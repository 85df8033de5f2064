"""The frequency bands of image and target that `noise_gain` and `sharpness` compare."""

import dataclasses

import numpy as np

from metrics.filters import blur, clipped

FINE = 1.5  # pixels; standard deviation of the blur whose removal leaves the fine band
ROUNDING = 1 / 255 / np.sqrt(12)  # standard deviation of the rounding to 8 bits
LEAST_SHARE = 0.01  # of the pixels of an image that an area must have to be measured


@dataclasses.dataclass(frozen=True, eq=False)
class DetailBands:
    """Images and targets, their smooth part and their fine part, each `(N, H, W, 3)` float32 RGB.

    Attributes:
        image: the images, clipped to [0, 1].
        target: the targets, clipped to [0, 1].
        smooth_image: the images, blurred by a Gaussian of 1.5 pixels.
        smooth_target: the targets, blurred the same way.
        fine_image: `image - smooth_image`.
        fine_target: `target - smooth_target`.
    """

    image: np.ndarray
    target: np.ndarray
    smooth_image: np.ndarray
    smooth_target: np.ndarray
    fine_image: np.ndarray
    fine_target: np.ndarray

    @classmethod
    def of(cls, images: np.ndarray, targets: np.ndarray) -> "DetailBands":
        """Filter images and targets, `(N, H, W, 3)` float RGB, nominally in [0, 1]."""
        x, t = clipped(images, np.float32), clipped(targets, np.float32)
        smooth_x, smooth_t = blur(x, FINE), blur(t, FINE)
        return cls(x, t, smooth_x, smooth_t, x - smooth_x, t - smooth_t)


def rms(squares: np.ndarray, area: np.ndarray) -> np.ndarray:
    """Compute the root mean square over the pixels of an area.

    Args:
        squares: `(N, H, W)` float ≥ 0.
        area: `(N, H, W)` bool.

    Returns:
        `(N,)` float64; NaN where the area has less than 1% of the pixels.
    """
    count = area.sum(axis=(1, 2))
    total = np.sum(squares * area, axis=(1, 2), dtype=np.float64)
    enough = count >= LEAST_SHARE * area[0].size
    return np.where(enough, np.sqrt(total / np.maximum(count, 1)), np.nan)
