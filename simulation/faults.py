"""Faults of photos of any phone: drawn over wide ranges, and applied to clean photos.

*Light faults* (exposure, cast, haze, tone, fading, saturation, vignetting) change each pixel by
itself. They act on a thumbnail as they act on the photo, so a thumbnail stands for the whole photo.
*Local faults* (blur, noise, the smear of a denoiser, sharpening halos, JPEG) depend on neighboring
pixels and act on a patch. The faults have the order of a camera: lens, sensor, noise, denoiser,
tone, sharpening, file.
"""

import dataclasses
from typing import Any

import cv2
import numpy as np

from common.color import LUMA_601, light_of_code
from photos.colors.tone_curves import encode_srgb

LEVELS = np.arange(256, dtype=np.float32) / 255
UNTOUCHED = 0.15  # share of the photos that keep their light
MARGIN = 8  # pixels; the largest distance over which local faults act


@dataclasses.dataclass(frozen=True)
class LightFaults:
    """Faults in the light of a whole photo; the defaults change nothing.

    Attributes:
        exposure: exposure of the sensor, stops.
        cast: gains of red, green and blue in linear light.
        haze: share of the haze in linear light, [0, 1).
        veil: color of the haze, linear RGB.
        contrast: strength of an S curve about middle gray; a negative value flattens the photo.
        gamma: exponent of the encoded values.
        saturation: gain of the difference from gray.
        vignetting: share of the light that the corners lose.
        black: encoded RGB that replaces black.
        white: encoded RGB that replaces white.
    """

    exposure: float = 0.0
    cast: tuple[float, float, float] = (1.0, 1.0, 1.0)
    haze: float = 0.0
    veil: tuple[float, float, float] = (0.8, 0.8, 0.8)
    contrast: float = 0.0
    gamma: float = 1.0
    saturation: float = 1.0
    vignetting: float = 0.0
    black: tuple[float, float, float] = (0.0, 0.0, 0.0)
    white: tuple[float, float, float] = (1.0, 1.0, 1.0)

    def table(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the encoded result of each level and its slope over linear light, `(256, 3)`."""
        fine = np.linspace(0, 1, 1024, dtype=np.float32)
        black, white = (np.array(value, np.float32) for value in (self.black, self.white))
        curve = self._toned(_code_of_light(fine))
        slope = np.gradient(curve, fine)
        scene = self._scene_light()
        sensor = np.minimum(scene, 1)
        veiled = sensor * (1 - self.haze) + self.haze * np.array(self.veil, np.float32)
        place = np.clip(veiled, 0, 1)
        result = np.stack([self._toned(_code_of_light(place[:, c])) for c in range(3)], axis=-1)
        slopes = np.stack([np.interp(place[:, c], fine, slope) for c in range(3)], axis=-1)
        slopes = slopes * (scene < 1) * (1 - self.haze) * (white - black)
        result = black + (white - black) * result
        return result.astype(np.float32), slopes.astype(np.float32)

    def sensor_light(self) -> np.ndarray:
        """Return the linear light on the sensor at each level, `(256, 3)`, clipped to 1."""
        return np.minimum(self._scene_light(), 1).astype(np.float32)

    def _scene_light(self) -> np.ndarray:
        gains = np.float32(2.0**self.exposure) * np.array(self.cast, np.float32)
        return light_of_code(LEVELS)[:, None] * gains

    def _toned(self, x):
        x = np.clip(x, 0, 1) ** np.float32(self.gamma)
        return np.clip(x + self.contrast * x * (1 - x) * (2 * x - 1) * 2, 0, 1)


@dataclasses.dataclass(frozen=True)
class LocalFaults:
    """Faults in the detail of a photo; the defaults change nothing.

    Attributes:
        blur: standard deviation of the blur of the lens, pixels.
        shot: variance of the photon noise at white, linear light.
        read: standard deviation of the read noise, linear light.
        grain: standard deviation of the blur of the noise, pixels.
        chroma: share of the noise that is independent in each channel, [0, 1].
        chroma_grain: standard deviation of the blur of the independent noise, pixels.
        smear: strength of the denoiser, standard deviation of values.
        sharpen: amount of the unsharp mask.
        radius: standard deviation of the unsharp mask, pixels.
        jpeg: quality of the JPEG file, or 0 for no file.
    """

    blur: float = 0.0
    shot: float = 0.0
    read: float = 0.0
    grain: float = 0.0
    chroma: float = 1.0
    chroma_grain: float = 0.0
    smear: float = 0.0
    sharpen: float = 0.0
    radius: float = 1.0
    jpeg: int = 0


def draw_light(rng: np.random.Generator) -> LightFaults:
    """Draw the light faults of one photo: none, one or several."""
    if rng.random() < UNTOUCHED:
        return LightFaults()
    count = rng.choice([1, 2, 3, 4], p=[0.5, 0.25, 0.15, 0.1])
    kinds = rng.choice(
        ["exposure", "cast", "haze", "tone", "fade", "saturation", "vignetting"],
        size=count,
        replace=False,
        p=[0.27, 0.27, 0.12, 0.08, 0.16, 0.07, 0.03],
    )
    drawn: dict[str, Any] = {}
    if "exposure" in kinds:
        low, high = (-2.5, 0.0) if rng.random() < 0.68 else (0.0, 1.2)
        drawn["exposure"] = float(rng.uniform(low, high))
    if "cast" in kinds:
        drawn["cast"] = _draw_cast(rng)
    if "haze" in kinds:
        drawn["haze"] = float(rng.uniform(0.01, 0.35) * rng.uniform(0.3, 1))
        drawn["veil"] = tuple(float(v) for v in rng.uniform(0.5, 1) * rng.uniform(0.8, 1, 3))
    if "tone" in kinds:
        drawn["contrast"] = float(rng.uniform(-0.45, 0.4))
        drawn["gamma"] = float(np.exp(rng.uniform(-0.4, 0.4)))
    if "fade" in kinds:
        tint = rng.uniform(-0.02, 0.02, 3)
        drawn["black"] = tuple(float(v) for v in np.clip(rng.uniform(0, 0.3) + tint, 0, 1))
        drawn["white"] = tuple(float(v) for v in np.clip(rng.uniform(0.7, 1) + tint, 0, 1))
    if "saturation" in kinds:
        drawn["saturation"] = float(rng.uniform(0.4, 1.4))
    if "vignetting" in kinds:
        drawn["vignetting"] = float(rng.uniform(0.1, 0.6))
    return LightFaults(**drawn)


def _draw_cast(rng: np.random.Generator) -> tuple[float, float, float]:
    """Draw gains of red, green and blue: warm or cool, green or magenta, luma of gray kept."""
    warm, green = rng.normal(0, 0.28), rng.normal(0, 0.12)
    gains = np.exp(np.array([warm, green, -warm]))
    red, green_gain, blue = (gains / (gains @ LUMA_601)).tolist()
    return red, green_gain, blue


def draw_local(rng: np.random.Generator) -> LocalFaults:
    """Draw the local faults of one photo: none, one or several."""
    if rng.random() < 0.2:
        return LocalFaults(jpeg=int(rng.choice([0, 95, 98])))
    drawn: dict[str, Any] = {}
    if rng.random() < 0.3:
        drawn["blur"] = float(rng.uniform(0.3, 1.3))
    if rng.random() < 0.75:
        level = np.exp(rng.uniform(np.log(0.02), np.log(0.25)))
        drawn["shot"] = float((level * rng.uniform(0.3, 1)) ** 2)
        drawn["read"] = float(level * rng.uniform(0.02, 0.35))
        drawn["grain"] = float(rng.choice([0, 0, 0.5, 0.8]))
        drawn["chroma"] = float(rng.uniform(0.2, 1))
        drawn["chroma_grain"] = float(rng.choice([0, 0, 0.7, 1.5, 2.5]))
        if rng.random() < 0.35:
            drawn["smear"] = float(rng.uniform(0.01, 0.08))
    if rng.random() < 0.25:
        drawn["sharpen"] = float(rng.uniform(0.2, 1.5))
        drawn["radius"] = float(rng.uniform(0.6, 2))
    if rng.random() < 0.6:
        drawn["jpeg"] = int(rng.integers(50, 99))
    return LocalFaults(**drawn)


def apply_light(photo: np.ndarray, faults: LightFaults, place=(0.0, 0.0, 1.0, 1.0)) -> np.ndarray:
    """Apply light faults to a photo or to a part of a photo.

    Args:
        photo: `(H, W, 3)` uint8 RGB.
        faults: The faults to apply.
        place: Position of the part in the whole photo: top, left, bottom, right in [0, 1].

    Returns:
        `(H, W, 3)` float32 in [0, 1].
    """
    if faults == LightFaults():
        return photo.astype(np.float32) / 255
    table, _ = faults.table()
    return _colored(cv2.LUT(photo, table[None]), faults, place)


def apply_faults(
    photo: np.ndarray,
    light: LightFaults,
    local: LocalFaults,
    rng: np.random.Generator,
    place=(0.0, 0.0, 1.0, 1.0),
) -> np.ndarray:
    """Apply all faults to a photo or to a part of a photo that has a margin of `MARGIN` pixels.

    Args:
        photo: `(H, W, 3)` uint8 RGB.
        light: The light faults.
        local: The local faults.
        rng: Random numbers of the noise.
        place: Position of the part in the whole photo: top, left, bottom, right in [0, 1].

    Returns:
        `(H, W, 3)` float32 in [0, 1].
    """
    if local.blur:
        photo = cv2.GaussianBlur(photo, (0, 0), local.blur)
    table, slopes = light.table()
    x = cv2.LUT(photo, table[None])
    if local.shot or local.read:
        spread = slopes * np.sqrt(local.shot * light.sensor_light() + local.read**2)
        x = x + cv2.LUT(photo, spread.astype(np.float32)[None]) * _noise(photo.shape, local, rng)
        x = np.clip(x, 0, 1).astype(np.float32)
        if local.smear:
            x = cv2.bilateralFilter(x, 5, 2.5 * local.smear, 2.0)
    x = _colored(x, light, place)
    if local.sharpen:
        x = x + local.sharpen * (x - cv2.GaussianBlur(x, (0, 0), local.radius))
    x = np.clip(x, 0, 1)
    return _through_jpeg(x, local.jpeg) if local.jpeg else x


def _colored(x: np.ndarray, faults: LightFaults, place) -> np.ndarray:
    """Apply vignetting and saturation to encoded values."""
    if faults.vignetting:
        top, left, bottom, right = place
        y = np.linspace(top, bottom, x.shape[0], dtype=np.float32)[:, None] * 2 - 1
        across = np.linspace(left, right, x.shape[1], dtype=np.float32)[None] * 2 - 1
        lost = faults.vignetting * (y**2 + across**2) / 2
        x = x * ((1 - lost) ** (1 / 2.2))[..., None]
    if faults.saturation != 1:
        gray = (x @ LUMA_601)[..., None]
        x = gray + faults.saturation * (x - gray)
    return np.clip(x, 0, 1).astype(np.float32)


def _noise(shape, local: LocalFaults, rng):
    """Return noise of unit variance: common noise of all channels, and noise of each channel."""
    common = _grainy(rng.standard_normal((*shape[:2], 1), dtype=np.float32), local.grain)
    own = rng.standard_normal(shape, dtype=np.float32)
    own = _grainy(own, max(local.grain, local.chroma_grain))
    return np.sqrt(1 - local.chroma) * common + np.sqrt(local.chroma) * own


def _grainy(noise: np.ndarray, sigma: float) -> np.ndarray:
    """Blur noise as a denoiser does."""
    if not sigma:
        return noise
    blurred = cv2.GaussianBlur(noise, (0, 0), sigma).reshape(noise.shape)
    # A denoiser also weakens noise, but less than a plain blur does.
    return blurred / max(float(blurred.std()), 1e-6) / (1 + 0.5 * sigma)


def _code_of_light(light: np.ndarray) -> np.ndarray:
    """Encode linear light in [0, 1] as sRGB code values, float32."""
    return encode_srgb(light).astype(np.float32)


def _through_jpeg(x: np.ndarray, quality: int) -> np.ndarray:
    """Compress an image as a JPEG file and decode the file."""
    pixels = np.rint(x * 255).astype(np.uint8)[..., ::-1]
    _, content = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded: Any = cv2.imdecode(content, cv2.IMREAD_COLOR)
    return decoded[..., ::-1].astype(np.float32) / 255
