"""Multi-scale structural similarity (Wang et al., Asilomar 2003)."""

import numpy as np

from metrics.ssim import ssim_and_contrast

WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)


def ms_ssim(images: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Compute the MS-SSIM of each image, which the DPED papers call "SSIM" on 100×100 patches.

    Formula: the product of the contrast-structure factors of levels 1 to 4 and of the SSIM of level
    5, each to the power of its weight (equation 7). Negative factors count as 0. The window has
    `min(11, H, W)` pixels, with sigma in proportion. The next level takes means of 2×2 pixels; an
    odd size repeats its last row and column.

    Args:
        images: `(N, H, W, C)` float; clipped to [0, 1]. H and W at least 16.
        targets: as `images`.

    Returns:
        `(N,)` float64, 1 for identical images.
    """
    return ms_ssim_and_ssim(images, targets)[0]


def ms_ssim_and_ssim(images: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compute MS-SSIM and SSIM together; SSIM is the first level of MS-SSIM.

    Args:
        images: `(N, H, W, C)` float; clipped to [0, 1]. H and W at least 16.
        targets: as `images`.

    Returns:
        Two `(N,)` float64 arrays; the second equals `metrics.ssim`.
    """
    x, y = np.clip(images, 0, 1), np.asarray(targets)
    product, ssim = np.ones(len(x)), np.ones(len(x))
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
