"""Noise, blur and compression of a phone, measured on aligned patch pairs."""

import cv2
import numpy as np

from common.color import LUMA_601, light_of_code
from simulation.measured_blocks import (
    BIN_CENTERS,
    BIN_EDGES,
    BLOCK,
    UNCLIPPED,
    rounded,
    split_into_blocks,
)

FLAT = 0.02  # standard deviation of a DSLR block; detail of the phone in such a block is noise
BANDS = 10  # bands of spatial frequency, up to Nyquist's 0.5 cycles per pixel


def measure_noise(image: np.ndarray, dslr: np.ndarray) -> dict:
    """Measure noise in the blocks where the DSLR is flat, by brightness.

    A plane is fitted to each block and subtracted. The residual in luma has a standard deviation
    (`sd_of_255`, by `levels`) and a correlation between neighbors (`neighbor_correlation`).
    `smoothing` is the standard deviation, in pixels, of the Gaussian blur that gives white noise
    this correlation. `shot` and `read` fit the variance of each channel before smoothing as
    shot · light + read²: the variance that the smoothing and the average of three channels remove
    is added again.

    Texture finer than the DSLR shows counts as noise. A tone curve other than sRGB scales the
    noise.

    Args:
        image: float32 N×H×W×3 in [0, 1], RGB: pictures of the camera to measure.
        dslr: the same scenes by the DSLR, of the same shape.
    """
    y, x = np.mgrid[:BLOCK, :BLOCK].reshape(2, -1)
    plane = np.stack([np.ones(BLOCK**2), y, x], axis=1)
    flatten = np.eye(BLOCK**2) - plane @ np.linalg.pinv(plane)
    flat = split_into_blocks(dslr).std(axis=3).max(axis=-1) < FLAT
    pixels = split_into_blocks(image)[flat]  # M×100×3
    residual = ((pixels @ LUMA_601) @ flatten).reshape(-1, BLOCK, BLOCK)
    level = pixels.mean(axis=(1, 2))
    variance = (residual**2).sum(axis=(1, 2)) / (BLOCK**2 - 3)
    used = (variance > 0) & (level < UNCLIPPED)
    level, variance, residual = level[used], variance[used], residual[used]
    result = {"blocks": len(level), "levels": [rounded(v) for v in BIN_CENTERS]}
    groups = np.digitize(level, BIN_EDGES) - 1
    rows = [(groups == k) for k in range(len(BIN_EDGES) - 1)]
    result["sd_of_255"] = [
        rounded(255 * np.sqrt(np.median(variance[row]))) if row.sum() > 10 else None for row in rows
    ]
    rows = [row for row in rows if row.sum() > 10]
    if len(rows) < 2:
        unknown = dict.fromkeys(("neighbor_correlation", "smoothing", "shot", "read"))
        return {**result, **unknown}
    products = (residual[:, :, 1:] * residual[:, :, :-1]).mean(axis=(1, 2))
    correlation = float(np.median(products / (residual**2).mean(axis=(1, 2))))
    sigma, gain = _find_smoothing(correlation, flatten)
    light = np.array([light_of_code(np.median(level[row])) for row in rows])
    slope = _light_slope(np.array([np.median(level[row]) for row in rows]))
    sensor = np.array([np.median(variance[row]) for row in rows]) * slope**2
    sensor /= gain * (LUMA_601**2).sum()
    # All bins have about the same relative error, so the least squares use relative residuals.
    terms = np.stack([light, np.ones_like(light)], axis=1) / sensor[:, None]
    shot, read = np.linalg.lstsq(terms, np.ones_like(light), rcond=None)[0]
    if read < 0:
        shot, read = (light / sensor).sum() / ((light / sensor) ** 2).sum(), 0.0
    return {
        **result,
        "neighbor_correlation": rounded(correlation),
        "smoothing": rounded(sigma),
        "shot": float(f"{shot:.3g}"),
        "read": float(f"{np.sqrt(read):.3g}"),
    }


def measure_blur(phone: np.ndarray, dslr: np.ndarray) -> dict:
    """Measure the amplitude spectrum of gray for the DSLR, and for the phone relative to the DSLR.

    The bands are 0.05 cycles per pixel wide and begin at 0.05. Each spectrum is divided by its
    first band, which removes the exposure; the results are medians over pairs. `sigma` is the
    standard deviation, in pixels, of the Gaussian blur that fits the ratio below 0.25 cycles per
    pixel. Above 0.25, noise fills the spectrum of the phone.

    Args:
        phone: float32 N×H×W×3 in [0, 1], RGB.
        dslr: the same scenes, of the same shape.
    """
    height, width = phone.shape[1:3]
    window = np.outer(np.hanning(height), np.hanning(width))
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width))
    band = (frequency * 2 * BANDS).astype(int)

    def amplitude(images):
        gray = images.mean(axis=-1)
        spectrum = np.abs(np.fft.fft2((gray - gray.mean(axis=(1, 2), keepdims=True)) * window))
        power = np.stack([(spectrum[:, band == k] ** 2).mean(axis=1) for k in range(1, BANDS)])
        return np.sqrt(power / (power[:1] + 1e-12))

    own = amplitude(dslr)
    ratio = np.median(amplitude(phone) / (own + 1e-6), axis=1)
    middle = (np.arange(1, BANDS) + 0.5) / (2 * BANDS)
    squared = middle[1:4] ** 2 - middle[0] ** 2
    variance = -(np.log(ratio[1:4]) * squared).sum() / (squared**2).sum() / (2 * np.pi**2)
    return {
        "phone_to_dslr": [rounded(value) for value in ratio],
        "dslr": [rounded(value) for value in np.median(own, axis=1)],
        "sigma": rounded(np.sqrt(max(variance, 0.0))),
    }


def measure_jpeg_grid(images: np.ndarray) -> dict:
    """Measure the share of patches that show the block grid of JPEG compression.

    A patch cut from a JPEG picture keeps the 8-pixel grid at an unknown phase. The grid counts as
    seen if the differences across one of the 8 column phases stand out: the largest is 4 robust
    deviations above the median. A grid makes strong compression likely. Without a grid, the
    compression may be light, or a resampling may have removed the grid. The quality factor does
    not follow from patches, so none is given.

    Args:
        images: float32 N×H×W×3 in [0, 1], RGB.
    """
    gray = images @ LUMA_601
    second = np.abs(gray[:, :, 3:] - 3 * gray[:, :, 2:-1] + 3 * gray[:, :, 1:-2] - gray[:, :, :-3])
    columns = np.log(second.mean(axis=1) + 1e-4)
    phases = np.stack([np.median(columns[:, k::8], axis=1) for k in range(8)], axis=1)
    center = np.median(phases, axis=1, keepdims=True)
    deviation = 1.48 * np.median(np.abs(phases - center), axis=1) + 1e-3
    return {"grid_seen": rounded(np.mean((phases.max(axis=1) - center[:, 0]) / deviation > 4))}


def _light_slope(code):
    return np.where(code <= 0.04045, 1 / 12.92, 2.4 / 1.055 * ((code + 0.055) / 1.055) ** 1.4)


def _find_smoothing(correlation, flatten):
    """Find the Gaussian blur that gives white noise a correlation between neighbors.

    The expected correlation is exact for white noise that is smoothed and then multiplied by
    `flatten`, which subtracts the plane.

    Returns:
        Standard deviation of the blur, pixels; the share of the variance that the blur leaves.
    """
    sigmas = np.linspace(0.2, 2, 91)
    places = np.arange(BLOCK)
    expected, gains = [], []
    for sigma in sigmas:
        kernel = cv2.getGaussianKernel(25, sigma).ravel()
        lags = np.convolve(kernel, kernel)[24 : 24 + BLOCK]
        line = lags[np.abs(places[:, None] - places)]
        covariance = flatten @ np.kron(line, line) @ flatten
        blocks = covariance.reshape(BLOCK, BLOCK, BLOCK, BLOCK)
        neighbors = np.einsum("yxyx->yx", blocks[:, 1:, :, :-1]).mean()
        variance = np.trace(covariance) / BLOCK**2
        expected.append(neighbors / variance)
        gains.append(np.trace(covariance) / (BLOCK**2 - 3))
    best = int(np.argmin(np.abs(np.array(expected) - correlation)))
    return sigmas[best], gains[best]
