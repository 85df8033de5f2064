"""From light to picture: lens, sensor, color, tone and JPEG compression of a virtual camera."""

import cv2
import numpy as np

from common.color import LUMINANCE_709, light_of_code
from simulation.cameras import Camera

SHARPENING_SIGMA = 1.0  # pixels


_LIGHT_OF_UINT8 = light_of_code(np.arange(256) / 255).astype(np.float32)


def scene_light(photo: np.ndarray) -> np.ndarray:
    """Decode a photo, which is the scene, to linear light: sRGB decoding (IEC 61966-2-1).

    Args:
        photo: uint8 RGB, H×W×3.

    Returns:
        float32 H×W×3 in [0, 1].
    """
    return _LIGHT_OF_UINT8[photo]


def develop(
    light: np.ndarray,
    camera: Camera,
    rng: np.random.Generator,
    illumination: np.ndarray | None = None,
) -> np.ndarray:
    """Develop the light on the sensor plane to the picture of a camera.

    The steps have the order of a real camera: lens blur, vignetting and exposure; sensor noise and
    clipping; white balance, color matrix and tone curve; noise reduction and sharpening; JPEG
    compression. All steps before the tone curve work on linear light.

    Args:
        light: linear light, float32 H×W×3, about [0, 1], as the lens projects it.
        camera: the camera.
        rng: source of the noise, and of the jitter of exposure and white balance.
        illumination: relative illumination of each pixel, H×W, for a part of a picture; None for
            the `vignetting` of a whole picture.

    Returns:
        uint8 RGB H×W×3.
    """
    if illumination is None:
        illumination = vignetting(light.shape[:2], camera)
    stops = camera.exposure_jitter * rng.standard_normal()
    lost = np.array(camera.underexposure) * rng.standard_exponential()
    exposure = camera.exposure * 2 ** (stops - lost)
    gains = np.array(camera.white_balance) * (
        1 + camera.white_balance_jitter * rng.standard_normal(3)
    )
    light = _blur(light, camera.blur)
    light = light * (exposure * illumination[..., None]).astype(np.float32)
    light = np.clip(sensor_noise(light, camera, rng), 0, 1)
    light = cv2.transform(light, color_matrix(camera.saturation) * gains.astype(np.float32))
    image = tone_curve(np.clip(light, 0, 1), camera)
    image = _smooth_and_sharpen(image, camera)
    return _jpeg_round_trip(np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8), camera)


def vignetting(shape: tuple[int, int], camera: Camera) -> np.ndarray:
    """Return the relative illumination over the picture by the cos⁴ law.

    Formula: 1 / (1 + t·r²)², where r is the radius in half-diagonals, and t makes the corners lose
    the share `camera.vignetting`.

    Args:
        shape: (height, width), pixels.
        camera: the camera.

    Returns:
        float64, height×width, 1 in the center.
    """
    height, width = shape
    y = np.arange(height)[:, None] - (height - 1) / 2
    x = np.arange(width)[None, :] - (width - 1) / 2
    radius_squared = (x**2 + y**2) / (height**2 + width**2) * 4
    corner = (1 - camera.vignetting) ** -0.5 - 1
    return (1 + corner * radius_squared) ** -2


def sensor_noise(light: np.ndarray, camera: Camera, rng: np.random.Generator) -> np.ndarray:
    """Add photon shot noise and read noise, independent in every pixel and channel.

    The variance is shot_noise·light + read_noise²: the Poissonian-Gaussian model of Foi et al.,
    "Practical Poissonian-Gaussian noise modeling and fitting for single-image raw-data", 2008. A
    normal distribution approximates the Poisson part.

    Args:
        light: linear light, float32, any shape; values below 0 count as 0.
        camera: the camera.
        rng: source of the noise.

    Returns:
        float32 of the same shape, not clipped.
    """
    light = np.maximum(light, 0)
    deviation = np.sqrt(np.float32(camera.shot_noise) * light + np.float32(camera.read_noise**2))
    return light + deviation * rng.standard_normal(light.shape, dtype=np.float32)


def color_matrix(saturation: float) -> np.ndarray:
    """Return the float32 3×3 matrix that scales the distance of linear RGB from its luminance.

    Each row sums to 1, so gray stays unchanged.
    """
    return (saturation * np.eye(3) + (1 - saturation) * LUMINANCE_709[None, :]).astype(np.float32)


def tone_curve(light: np.ndarray, camera: Camera) -> np.ndarray:
    """Encode linear light by sRGB (IEC 61966-2-1), then apply the tone of the camera.

    Args:
        light: linear light, float32, (..., 3) or (..., 1), [0, 1].
        camera: source of gamma, contrast and black level.

    Returns:
        float32 (..., 3), [black_level, 1]; increases with light.
    """
    encoded = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    value = np.maximum(encoded, 0) ** camera.gamma
    s_curve = value * value * (3 - 2 * value)
    value = value + camera.contrast * (s_curve - value)
    return (camera.black_level + (1 - camera.black_level) * value).astype(np.float32)


def _smooth_and_sharpen(image: np.ndarray, camera: Camera) -> np.ndarray:
    """Reduce noise and sharpen in YCbCr, as camera firmware does; the result is not clipped."""
    luma_chroma = cv2.cvtColor(image, cv2.COLOR_RGB2YCrCb)
    luma = _blur(luma_chroma[..., 0], camera.luma_smoothing)
    luma = luma + camera.sharpening * (luma - _blur(luma, SHARPENING_SIGMA))
    chroma = _blur(luma_chroma[..., 1:], camera.chroma_smoothing)
    return cv2.cvtColor(np.dstack([luma, chroma]), cv2.COLOR_YCrCb2RGB)


def _blur(image: np.ndarray, sigma: float) -> np.ndarray:
    if sigma == 0:
        return image
    return cv2.GaussianBlur(image, (0, 0), sigma, borderType=cv2.BORDER_REFLECT_101)


def _jpeg_round_trip(image: np.ndarray, camera: Camera) -> np.ndarray:
    """Compress and decompress uint8 RGB in memory."""
    quality = [cv2.IMWRITE_JPEG_QUALITY, camera.jpeg_quality]
    _, encoded = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), quality)
    decoded = cv2.imdecode(encoded, cv2.IMREAD_COLOR)
    assert decoded is not None  # OpenCV has just encoded it
    return cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB)
