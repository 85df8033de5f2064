"""One-click enhancement without a network: what the "auto" button of a photo editor does.

It stands where the thesis has Apple Photo Enhancer, whose method is not published. Five known
steps, by OpenCV: white balance towards gray (shades of gray: Finlayson and Trezzi, CIC 2004), tone
(levels and gamma), local contrast (CLAHE: Zuiderveld, Graphics Gems IV, 1994), denoising
(non-local means: Buades et al., CVPR 2005) and sharpening (unsharp mask). `TUNED` holds one set of
strengths for all phones, found on the real iPhone training pairs by
`python -m benchmarks.tune_one_click`.
"""

import dataclasses

import cv2
import numpy as np

MEAN_POWER = 6  # of shades of gray, between gray world (1) and the brightest pixel (infinite)
LARGEST_GAIN = 2.0  # of white balance and gamma, up and down: a patch of lawn is no gray card
CONTRAST_TILE = 128  # side of the tiles of local contrast, pixels, about


@dataclasses.dataclass(frozen=True)
class OneClickSettings:
    """Strengths of the five steps; zeros leave a photo unchanged.

    Attributes:
        white_balance: Share of the way to a gray mean, [0, 1].
        levels: Share of the way to a full range of lightness, [0, 1].
        brightness: The mean lightness to steer to, (0, 1).
        gamma: Share of the way to `brightness`, [0, 1].
        contrast: Weight of CLAHE's lightness, [0, 1].
        clip: CLAHE's limit of contrast.
        saturation: Gain of chroma less 1.
        denoise: Filter strength of non-local means, of 255.
        sharpen: Amount of the unsharp mask (standard deviation 1 pixel) on lightness.
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


TUNED = OneClickSettings(
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


def enhance_one_click(image: np.ndarray, settings: OneClickSettings = TUNED) -> np.ndarray:
    """Enhance a photo without a network.

    Args:
        image: uint8 RGB `(H, W, 3)`.
        settings: The strengths of the steps.

    Returns:
        uint8 RGB `(H, W, 3)`.
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


def _balanced(rgb: np.ndarray, strength: float) -> np.ndarray:
    powers = np.power(rgb, MEAN_POWER, dtype=np.float64)
    means = np.power(np.mean(powers, axis=(0, 1)), 1 / MEAN_POWER)
    gains = np.clip(means.mean() / np.maximum(means, 1e-3), 1 / LARGEST_GAIN, LARGEST_GAIN)
    return np.clip(rgb * (gains**strength).astype(np.float32), 0, 1)


def _toned(light: np.ndarray, settings: OneClickSettings) -> np.ndarray:
    low, high = np.percentile(light, (0.5, 99.5))
    stretched = np.clip((light - low) / max(high - low, 0.2), 0, 1)
    light = light + settings.levels * (stretched - light)
    mean = float(np.clip(light.mean(), 0.02, 0.98))
    exponent = np.log(settings.brightness) / np.log(mean)
    exponent = np.clip(exponent, 1 / LARGEST_GAIN, LARGEST_GAIN) ** settings.gamma
    return np.power(np.clip(light, 0, 1), exponent, dtype=np.float32)


def _locally_contrasted(light: np.ndarray, settings: OneClickSettings) -> np.ndarray:
    if settings.contrast == 0:
        return light
    tiles = tuple(max(1, round(side / CONTRAST_TILE)) for side in light.shape[::-1])
    clahe = cv2.createCLAHE(settings.clip, tiles)
    wide = np.rint(light * 65535).astype(np.uint16)
    local = clahe.apply(wide).astype(np.float32) / 65535
    return light + settings.contrast * (local - light)
