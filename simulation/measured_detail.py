"""Noise, blur and compression of a phone, on aligned patch pairs."""

import cv2
import numpy as np

from common.color import LUMA_601
from simulation.blocks import BLOCK, LEVELS, UNCLIPPED, middles, rounded, tiles
from simulation.development import decoded

FLAT = 0.02  # standard deviation of the DSLR's block: what the phone's then shows is noise
BANDS = 10  # of spatial frequency, up to Nyquist's 0.5 cycles a pixel


def noise(image: np.ndarray, dslr: np.ndarray) -> dict:
    """Noise where the DSLR is flat, against brightness; model shot·light + read² of the sensor.

    Each block's plane is subtracted; what is left in luma has a standard deviation and a
    correlation between neighbors. The model holds for each channel before the camera's smoothing:
    `smoothing` is the Gaussian (standard deviation, pixels) that gives white noise that
    correlation, and the variance that it and the mean of three channels take away is put back.
    Texture finer than the DSLR shows counts as noise; a tone curve other than sRGB scales it.
    """
    y, x = np.mgrid[:BLOCK, :BLOCK].reshape(2, -1)
    plane = np.stack([np.ones(BLOCK**2), y, x], axis=1)
    flatten = np.eye(BLOCK**2) - plane @ np.linalg.pinv(plane)
    flat = tiles(dslr).std(axis=3).max(axis=-1) < FLAT
    pixels = tiles(image)[flat]  # M×100×3
    residual = ((pixels @ LUMA_601) @ flatten).reshape(-1, BLOCK, BLOCK)
    level = pixels.mean(axis=(1, 2))
    variance = (residual**2).sum(axis=(1, 2)) / (BLOCK**2 - 3)
    used = (variance > 0) & (level < UNCLIPPED)
    level, variance, residual = level[used], variance[used], residual[used]
    result = {"blocks": len(level), "levels": [rounded(v) for v in middles()]}
    groups = np.digitize(level, LEVELS) - 1
    rows = [(groups == k) for k in range(len(LEVELS) - 1)]
    result["sd_of_255"] = [
        rounded(255 * np.sqrt(np.median(variance[row]))) if row.sum() > 10 else None for row in rows
    ]
    rows = [row for row in rows if row.sum() > 10]
    if len(rows) < 2:
        unknown = dict.fromkeys(("neighbor_correlation", "smoothing", "shot", "read"))
        return {**result, **unknown}
    products = (residual[:, :, 1:] * residual[:, :, :-1]).mean(axis=(1, 2))
    correlation = float(np.median(products / (residual**2).mean(axis=(1, 2))))
    sigma, gain = _smoothing(correlation, flatten)
    light = np.array([decoded(np.median(level[row])) for row in rows])
    slope = _decoded_slope(np.array([np.median(level[row]) for row in rows]))
    sensor = np.array([np.median(variance[row]) for row in rows]) * slope**2
    sensor /= gain * (LUMA_601**2).sum()
    # Relative errors of the bins are alike, so that is what the least squares weigh.
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


def blur(phone: np.ndarray, dslr: np.ndarray) -> dict:
    """Amplitude spectra of gray: of the DSLR, and of the phone relative to it.

    For bands of 0.05 cycles a pixel from 0.05 up, relative to the first, which takes exposure out;
    medians over pairs. `sigma` is the Gaussian blur (standard deviation, pixels) of the phone that
    fits the ratio below 0.25 cycles a pixel; above, noise fills the phone's spectrum.
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


def jpeg_grid(images: np.ndarray) -> dict:
    """Share of patches whose differences across one of 8 column phases stand out: JPEG's grid.

    A patch cut at any place from a JPEG keeps the grid at an unknown phase. Where it is seen
    (largest phase 4 robust deviations above the median), strong compression is likely; where it
    is not, light compression, or a resampling after it, can not be told from none: the quality
    factor does not follow from patches, and none is given.
    """
    gray = images @ LUMA_601
    second = np.abs(gray[:, :, 3:] - 3 * gray[:, :, 2:-1] + 3 * gray[:, :, 1:-2] - gray[:, :, :-3])
    columns = np.log(second.mean(axis=1) + 1e-4)
    phases = np.stack([np.median(columns[:, k::8], axis=1) for k in range(8)], axis=1)
    center = np.median(phases, axis=1, keepdims=True)
    deviation = 1.48 * np.median(np.abs(phases - center), axis=1) + 1e-3
    return {"grid_seen": rounded(np.mean((phases.max(axis=1) - center[:, 0]) / deviation > 4))}


def _decoded_slope(code):
    return np.where(code <= 0.04045, 1 / 12.92, 2.4 / 1.055 * ((code + 0.055) / 1.055) ** 1.4)


def _smoothing(correlation, flatten):
    """Gaussian (standard deviation) of a neighbor correlation, and the variance it leaves.

    For white noise, smoothed and then freed of its plane by `flatten`, exactly.
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
