"""Color deviation: the visible difference between the colors of an image and its target."""

import numpy as np
from skimage.color import deltaE_ciede2000, rgb2lab

from metrics.filters import blur, clipped

SIGMA = 3.0  # pixels; standard deviation of the blur
STEP = 3  # pixels between the positions that are compared


def color_deviation(images: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Compute the mean CIEDE2000 difference between the blurred image and the blurred target.

    The blur removes texture, noise and the effect of a shift by one pixel. The color loss has the
    same idea with a narrower blur: its variance is 3 (`losses/blur.py` says why), whereas here the
    standard deviation is 3 pixels. The blur works on encoded RGB (sRGB, not linear light) and
    mirrors the border. Every third pixel in both directions is compared, starting with the second;
    so blurred, an image holds no more detail. Colors are converted from sRGB to CIELAB for D65 and
    the 2° observer.

    Formula: CIEDE2000 of Sharma, Wu and Dalal, Color Research and Application 30(1), 2005, with
    kL = kC = kH = 1, computed by scikit-image.

    Args:
        images: `(N, H, W, 3)` float RGB; clipped to [0, 1]. H and W at least 2.
        targets: as `images`.

    Returns:
        `(N,)` float64 ≥ 0. A difference of 1 is just noticeable side by side, 5 is obvious.
    """
    return deltaE_ciede2000(_lab(images), _lab(targets)).mean(axis=(1, 2))


def _lab(images):
    blurred = blur(clipped(images, np.float32), SIGMA)[:, 1::STEP, 1::STEP]
    return rgb2lab(blurred.astype(np.float64))
