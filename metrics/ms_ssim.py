"""Multi-scale structural similarity (Wang et al., Asilomar 2003)."""

import numpy as np

from metrics.ssim import ssim_and_contrast

WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)


def ms_ssim(images: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """MS-SSIM of each image; what the sources call "SSIM" on 100×100 patches.

    Formula: contrast-structure of levels 1 to 4 and SSIM of level 5, each to its weight
    (equation 7). The window shrinks with the image, `min(11, H, W)` pixels with sigma in
    proportion; between levels 2×2 means, the last row and column of an odd size repeated. Negative
    factors count as 0.

    Args:
        images: `(N, H, W, C)` float; clipped to [0, 1]. H and W at least 16.
        targets: as `images`.

    Returns:
        `(N,)` float64, 1 for identical images.
    """
    return ms_ssim_and_ssim(images, targets)[0]


def ms_ssim_and_ssim(images: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """MS-SSIM and, from its first level and at no further cost, SSIM.

    Args:
        images: as for `ms_ssim`; the second value is `metrics.ssim` where H and W are at least 11.
        targets: as `images`.

    Returns:
        Two `(N,)` float64 arrays.
    """
    x, y = np.clip(images, 0, 1), np.asarray(targets)
    product = np.ones(len(x))
    for level, weight in enumerate(WEIGHTS):
        size = min(11, x.shape[1], x.shape[2])
        similarity, contrast = ssim_and_contrast(x, y, size, sigma=1.5 * size / 11)
        if level == 0:
            ssim = similarity
        last = level == len(WEIGHTS) - 1
        product *= np.maximum(similarity if last else contrast, 0) ** weight
        x, y = _halve(x), _halve(y)
    return product, ssim


def _halve(x: np.ndarray) -> np.ndarray:
    _, height, width, _ = x.shape
    x = np.pad(x, ((0, 0), (0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    return (x[:, ::2, ::2] + x[:, 1::2, ::2] + x[:, ::2, 1::2] + x[:, 1::2, 1::2]) / 4
