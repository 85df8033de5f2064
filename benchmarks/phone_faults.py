"""Faults of a phone's photo for measurements, independent of the faults in the training.

The module shares nothing with `simulation/faults.py`. Here light is a power of 2.2 instead of the
curve of sRGB, haze and tone act on encoded values, each color has independent noise, and Pillow
writes the JPEG files.
"""

import io
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageFilter

Fault = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def exposed(stops: float) -> Fault:
    """Multiply the light by 2^stops, and clip to white."""
    return lambda x, rng: np.minimum(x**2.2 * 2.0**stops, 1) ** (1 / 2.2)


def lit_by(red: float, green: float, blue: float) -> Fault:
    """Add a color cast: gains of the channels in linear light."""
    gains = np.array([red, green, blue])
    return lambda x, rng: np.minimum(x**2.2 * gains, 1) ** (1 / 2.2)


def hazy(share: float, color: tuple[float, float, float] = (0.78, 0.8, 0.84)) -> Fault:
    """Add haze: mix the encoded values with a color."""
    return lambda x, rng: x * (1 - share) + share * np.array(color)


def flat(contrast: float, saturation: float) -> Fault:
    """Lower contrast about middle gray, and saturation."""

    def apply(x, rng):
        x = 0.5 + contrast * (x - 0.5)
        gray = x.mean(axis=-1, keepdims=True)
        return gray + saturation * (x - gray)

    return apply


def noisy(strength: float) -> Fault:
    """Add photon noise and read noise."""

    def apply(x, rng):
        light = x**2.2
        spread = strength * np.sqrt(light + 0.02)
        return np.clip(light + spread * rng.normal(size=x.shape), 0, 1) ** (1 / 2.2)

    return apply


def compressed(quality: int) -> Fault:
    """Compress the photo as a JPEG file."""

    def apply(x, rng):
        file = io.BytesIO()
        _picture(x).save(file, "JPEG", quality=quality)
        return np.asarray(Image.open(file), np.float64) / 255

    return apply


def soft(radius: float) -> Fault:
    """Blur the photo as a lens out of focus does."""

    def apply(x, rng):
        return np.asarray(_picture(x).filter(ImageFilter.GaussianBlur(radius)), np.float64) / 255

    return apply


def several(*faults: Fault) -> Fault:
    """Apply several faults, one after another."""

    def apply(x, rng):
        for fault in faults:
            x = np.clip(fault(x, rng), 0, 1)
        return x

    return apply


# The benchmark gives the faults to the photos in turn.
SINGLE = {
    "exposure −2.0 EV": exposed(-2.0),
    "warm lamp": lit_by(1.3, 1.0, 0.6),
    "exposure −1.2 EV": exposed(-1.2),
    "haze": hazy(0.3),
    "exposure +0.8 EV": exposed(0.8),
    "noise": noisy(0.06),
    "green tube": lit_by(0.85, 1.12, 0.8),
    "exposure −0.7 EV": exposed(-0.7),
    "cool shade": lit_by(0.75, 0.98, 1.3),
    "JPEG 50": compressed(50),
    "flat and pale": flat(0.65, 0.75),
    "exposure +0.4 EV": exposed(0.4),
}
SEVERAL = {
    "dim lamp": several(exposed(-1.3), lit_by(1.25, 1.0, 0.7), noisy(0.03), compressed(75)),
    "hazy, soft": several(soft(0.8), hazy(0.22), compressed(85)),
    "cheap phone": several(exposed(-0.6), noisy(0.04), flat(0.8, 0.8), soft(0.6), compressed(70)),
    "bright, cool": several(exposed(0.5), lit_by(0.85, 1.0, 1.2), compressed(80)),
}


def faulty(photo: np.ndarray, fault: Fault, seed: int) -> np.ndarray:
    """Apply a fault to a photo, uint8 RGB to uint8 RGB."""
    x = fault(photo / 255.0, np.random.default_rng(seed))
    return np.rint(np.clip(x, 0, 1) * 255).astype(np.uint8)


def _picture(x) -> Image.Image:
    return Image.fromarray(np.rint(np.clip(x, 0, 1) * 255).astype(np.uint8))
