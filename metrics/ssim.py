"""Structural similarity with a Gaussian window (Wang et al., IEEE TIP 2004)."""

import numpy as np

from metrics.filters import filtered, gaussian

K1, K2 = 0.01, 0.03


def ssim(images: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Compute the SSIM of each image with a Gaussian window of 11×11 pixels and sigma 1.5.

    The SSIM is the mean over channels and over the positions where the window lies wholly inside
    the image. It equals that of `tf.image.ssim`, and that of scikit-image with
    `gaussian_weights=True, sigma=1.5, use_sample_covariance=False`.

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
    """Compute SSIM and its contrast-structure factor, each averaged over an image.

    Formula: Wang et al. 2004, equation 13, with C1 = K1², C2 = K2² at range 1.

    Args:
        images: `(N, H, W, C)` float in [0, 1]; H and W at least `size`.
        targets: as `images`.
        size: width of the square window in pixels, odd or even.
        sigma: standard deviation of the window in pixels.

    Returns:
        SSIM and contrast-structure, `(N,)` float64 each.
    """
    x = np.asarray(images, np.float64)
    y = np.asarray(targets, np.float64)
    window = gaussian(size, sigma)
    # Keep the positions without a border. The origin of an even window is right of its center.
    rows, columns = (slice(size // 2, size // 2 + n - size + 1) for n in x.shape[1:3])

    def local_mean(z):
        return filtered(z, window)[:, rows, columns]

    # Computed in place: new memory would cost as much time as the arithmetic.
    mean_x, mean_y = local_mean(x), local_mean(y)
    product = mean_x * mean_y
    squares = np.square(mean_x)
    squares += np.square(mean_y)
    contrast = local_mean(x * y)  # the covariance after the next line
    contrast -= product
    variances = local_mean(np.square(x) + np.square(y))
    variances -= squares
    for numerator, denominator, constant in (
        (contrast, variances, K2**2),
        (product, squares, K1**2),
    ):
        numerator *= 2
        numerator += constant
        denominator += constant
        numerator /= denominator
    luminance = product
    axes = (1, 2, 3)
    return np.mean(luminance * contrast, axis=axes), np.mean(contrast, axis=axes)
