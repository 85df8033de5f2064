"""Structural similarity with a Gaussian window (Wang et al., IEEE TIP 2004)."""

import numpy as np
from scipy.ndimage import correlate1d

K1, K2 = 0.01, 0.03


def ssim(images: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Gaussian-window SSIM of each image: 11×11 window, sigma 1.5, over channels and positions.

    The window lies wholly inside the image. Equal to scikit-image's with
    `gaussian_weights=True, sigma=1.5, use_sample_covariance=False` and to `tf.image.ssim`.

    Args:
        images: `(N, H, W, C)` float; clipped to [0, 1]. H and W at least 11.
        targets: as `images`.

    Returns:
        `(N,)` float64, 1 for identical images.
    """
    similarity, _ = ssim_and_contrast(np.clip(images, 0, 1), targets, size=11, sigma=1.5)
    return similarity


def ssim_and_contrast(
    images: np.ndarray, targets: np.ndarray, size: int, sigma: float
) -> tuple[np.ndarray, np.ndarray]:
    """SSIM and its contrast-structure factor, each averaged over an image.

    Formula: Wang et al. 2004, equation 13, with C1 = K1², C2 = K2² at range 1.

    Args:
        images: `(N, H, W, C)` float in [0, 1]; H and W at least `size`.
        targets: as `images`.
        size: width of the square window in pixels, odd or even.
        sigma: standard deviation of the window in pixels.

    Returns:
        Two `(N,)` float64 arrays.
    """
    x = np.asarray(images, np.float64)
    y = np.asarray(targets, np.float64)
    offsets = np.arange(size) - (size - 1) / 2
    window = np.exp(-np.square(offsets) / (2 * sigma**2))
    window /= window.sum()

    def local_mean(z):
        for axis in (1, 2):
            z = correlate1d(z, window, axis=axis, mode="constant")
            # An even window's centre is right of its middle; what is kept has no border in it.
            first = size // 2
            z = z.take(range(first, first + z.shape[axis] - size + 1), axis=axis)
        return z

    mean_x, mean_y = local_mean(x), local_mean(y)
    square_x, square_y = np.square(mean_x), np.square(mean_y)
    variances = local_mean(np.square(x) + np.square(y)) - square_x - square_y
    covariance = local_mean(x * y) - mean_x * mean_y
    contrast = (2 * covariance + K2**2) / (variances + K2**2)
    luminance = (2 * mean_x * mean_y + K1**2) / (square_x + square_y + K1**2)
    axes = (1, 2, 3)
    return np.mean(luminance * contrast, axis=axes), np.mean(contrast, axis=axes)
