"""One-click enhancement without a network: what a photo editor's "auto" button does.

It stands where the thesis has Apple Photo Enhancer, whose workings are not published. Five steps
of known kind, by OpenCV: white balance towards gray (shades of gray: Finlayson and Trezzi, CIC
2004), tone (levels and gamma), local contrast (CLAHE: Zuiderveld, Graphics Gems IV, 1994),
denoising (non-local means: Buades et al., CVPR 2005) and sharpening (unsharp mask). Its strengths
are set once for all phones, on the real iPhone training pairs (`python -m benchmarks.tune_auto`).
"""

import dataclasses

import cv2
import numpy as np

NORM = 6  # of shades of gray, between gray world (1) and the brightest pixel (infinite)
LARGEST_GAIN = 2.0  # of white balance and, each way, of gamma: a patch of lawn is no gray card
TILE = 128  # pixels, about, of the tiles of local contrast


@dataclasses.dataclass(frozen=True)
class AutoSettings:
    """Strengths of the five steps; zeros leave a photo as it is.

    Attributes:
        white_balance: share of the way to a gray mean, [0, 1].
        levels: share of the way to a full range of lightness, [0, 1].
        brightness: mean lightness to steer to, (0, 1).
        gamma: share of the way there, [0, 1].
        contrast: weight of CLAHE's lightness, [0, 1].
        clip: CLAHE's limit of contrast.
        saturation: gain of chroma less 1.
        denoise: filter strength of non-local means, of 255.
        sharpen: amount of the unsharp mask (standard deviation 1 pixel) on lightness.
    """

    white_balance: float = 0.0
    levels: float = 0.0
    brightness: float = 0.5
    gamma: float = 0.0
    contrast: float = 0.0
    clip: float = 2.0
    saturation: float = 0.0
    denoise: float = 0.0
    sharpen: float = 0.0


TUNED = AutoSettings(
    white_balance=0.1,
    levels=0.2,
    brightness=0.5,
    gamma=0.6,
    contrast=0.8,
    clip=2.0,
    saturation=0.3,
    denoise=5.0,
    sharpen=0.4,
)


def enhance_auto(image: np.ndarray, settings: AutoSettings = TUNED) -> np.ndarray:
    """Enhance a photo.

    Args:
        image: uint8 RGB H×W×3.
        settings: strengths.

    Returns:
        uint8 RGB of the same shape.
    """
    if settings.denoise > 0:
        image = cv2.fastNlMeansDenoisingColored(
            image, None, settings.denoise, settings.denoise, 5, 11
        )
    rgb = _balanced(image.astype(np.float32) / 255, settings.white_balance)
    lab = cv2.cvtColor(rgb, cv2.COLOR_RGB2Lab)  # lightness in [0, 100]
    light = _toned(lab[..., 0] / 100, settings)
    light = _locally_contrasted(light, settings)
    blurred = cv2.GaussianBlur(light, (0, 0), 1.0)
    lab[..., 0] = 100 * np.clip(light + settings.sharpen * (light - blurred), 0, 1)
    lab[..., 1:] *= 1 + settings.saturation
    result = cv2.cvtColor(lab, cv2.COLOR_Lab2RGB)
    return np.rint(np.clip(result, 0, 1) * 255).astype(np.uint8)


def _balanced(rgb, strength):
    means = np.power(np.mean(np.power(rgb, NORM, dtype=np.float64), axis=(0, 1)), 1 / NORM)
    gains = np.clip(means.mean() / np.maximum(means, 1e-3), 1 / LARGEST_GAIN, LARGEST_GAIN)
    return np.clip(rgb * (gains**strength).astype(np.float32), 0, 1)


def _toned(light, settings):
    low, high = np.percentile(light, (0.5, 99.5))
    stretched = np.clip((light - low) / max(high - low, 0.2), 0, 1)
    light = light + settings.levels * (stretched - light)
    mean = float(np.clip(light.mean(), 0.02, 0.98))
    exponent = np.log(settings.brightness) / np.log(mean)
    exponent = np.clip(exponent, 1 / LARGEST_GAIN, LARGEST_GAIN) ** settings.gamma
    return np.power(np.clip(light, 0, 1), exponent, dtype=np.float32)


def _locally_contrasted(light, settings):
    if settings.contrast == 0:
        return light
    tiles = tuple(max(1, round(side / TILE)) for side in light.shape[::-1])
    clahe = cv2.createCLAHE(settings.clip, tiles)
    wide = np.rint(light * 65535).astype(np.uint16)
    local = clahe.apply(wide).astype(np.float32) / 65535
    return light + settings.contrast * (local - light)
