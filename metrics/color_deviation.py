"""Color deviation: how far the colors are from the target's, as an eye sees it."""

import numpy as np
from skimage.color import deltaE_ciede2000, rgb2lab

from metrics.filters import blur, clipped

SIGMA = 3.0  # pixels
STEP = 3  # pixels between the places compared


def color_deviation(images: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Mean CIEDE2000 difference of the blurred image and the blurred target.

    Both are blurred as the color loss does it, RGB as encoded (sRGB, not linear light), so that
    texture, noise and a shift of a pixel do not count. The Gaussian's standard deviation is 3
    pixels, the σ of ICCV equation 4 read as such; the border is mirrored. Compared is every third
    pixel in both directions from the second on: a picture blurred this far has nothing between
    them. Colors go from sRGB to CIELAB at D65 and the 2° observer.

    Formula: CIEDE2000 of Sharma, Wu and Dalal, Color Research and Application 30(1), 2005, with
    kL = kC = kH = 1; scikit-image's.

    Args:
        images: `(N, H, W, 3)` float RGB; clipped to [0, 1]. H and W at least 2.
        targets: as `images`.

    Returns:
        `(N,)` float64 ≥ 0. About 1 is just noticeable side by side, 5 is plain.
    """
    return deltaE_ciede2000(_lab(images), _lab(targets)).mean(axis=(1, 2))


def _lab(images):
    blurred = blur(clipped(images, np.float32), SIGMA)[:, 1::STEP, 1::STEP]
    return rgb2lab(blurred.astype(np.float64))
