"""Virtual cameras: the parameters of the phones and of the DSLR.

The phones keep the order of the quality table of the thesis (slide "Cameras": iPhone 3GS 1 of 5,
BlackBerry Passport 3, Sony Xperia Z 4, Canon 70D 5). Blur, noise, vignetting, distortion,
compression and jitter shrink as the quality grows. The sensor sizes come from that table. The
other constants have these sources:

- iphone, and gamma and black level of canon: `python -m simulation.measure` gives about the same
  numbers for simulated pairs and for 60 real iPhone/Canon training pairs of DPED
  (docs/virtual-iphone.md has both). In the real pairs the loss of light differs from pair to pair
  by 1.2 stops, far more than anything else, and blue loses more than red and green. The spread
  here is only 0.9 stops: with a larger spread, a network trained on simulated pairs scored a little
  lower per image on the real pairs (one run each).
- gamma of the other phones: relative to canon, estimated before the gamma of canon was measured.
- blackberry, sony: raised blacks, low saturation and color casts as seen in 4 real pairs each.
  Noise, blur and tone lie between the iPhone and the DSLR. The PSNR of the input (about 19.5 and
  20.5 dB) leaves room for the published methods.
- lens distortion: 1 to 2 % at the corners, the usual value for phones and kit zooms.
"""

import dataclasses

import numpy as np

from common.did_you_mean import did_you_mean
from data.pair_files import DatasetError

LENS_LIMIT = 1.5  # half-diagonals; the largest radius of the distortion model, invertible there


class SimulationError(DatasetError):
    """Photos, cameras or poses that the simulation cannot use."""


@dataclasses.dataclass(frozen=True)
class Camera:
    """The parameters of a camera. Lengths in pixels are pixels of the picture.

    Attributes:
        name: name of the camera and of its folder in a DPED data set.
        sensor_size: (width, height) of the largest picture, pixels.
        field_of_view: width or height of the view, relative to the largest frame of the same
            aspect ratio that fits the scene photo; (0, 1].
        distortion: radial coefficients (k1, k2) of Brown's model, distorted radius =
            r·(1 + k1·r² + k2·r⁴), with r in half-diagonals of the picture.
        blur: standard deviation of the Gaussian blur of the lens, pixels.
        vignetting: share of the light that is lost in the corners, [0, 1); cos⁴ law.
        exposure: gain on linear light; the sensor clips at 1.
        exposure_jitter: standard deviation of the exposure between shots, stops.
        underexposure: mean of a further loss of light in R, G and B, stops. One exponentially
            distributed random number per shot scales all three. Reason: the metering of a phone
            protects a bright sky that the DSLR overexposes.
        shot_noise: noise variance per unit of linear light (1 is the full scale of the sensor).
        read_noise: standard deviation of the noise in the dark, linear light.
        white_balance: gains of R, G, B that remain after the white balance of the camera.
        white_balance_jitter: relative standard deviation of the gains between shots.
        saturation: chroma gain of the color matrix; 1 keeps the colors, 0 gives gray.
        gamma: exponents on the sRGB-encoded R, G, B. A value above 1 darkens the midtones.
            Unequal values tint the shadows and keep white.
        contrast: share of the smoothstep S-curve in the tone curve, [-1, 1].
        black_level: code value of black, [0, 1); haze and flare.
        luma_smoothing: standard deviation of the noise reduction on luma, pixels.
        chroma_smoothing: standard deviation of the noise reduction on chroma, pixels.
        sharpening: amount of the unsharp mask on luma (standard deviation 1 px).
        jpeg_quality: 1 to 100, 4:2:0.

    Raises:
        SimulationError: the lens distortion is so strong that it folds the picture.
    """

    name: str
    sensor_size: tuple[int, int]
    field_of_view: float
    distortion: tuple[float, float]
    blur: float
    vignetting: float
    exposure: float
    exposure_jitter: float
    underexposure: tuple[float, float, float]
    shot_noise: float
    read_noise: float
    white_balance: tuple[float, float, float]
    white_balance_jitter: float
    saturation: float
    gamma: tuple[float, float, float]
    contrast: float
    black_level: float
    luma_smoothing: float
    chroma_smoothing: float
    sharpening: float
    jpeg_quality: int

    def __post_init__(self):
        k1, k2 = self.distortion
        radius = np.linspace(0, LENS_LIMIT, 151)
        slope = 1 + 3 * k1 * radius**2 + 5 * k2 * radius**4
        edge = LENS_LIMIT * (1 + k1 * LENS_LIMIT**2 + k2 * LENS_LIMIT**4)
        if slope.min() <= 0 or edge < 1.05:
            raise SimulationError(
                f"camera {self.name}: distortion {self.distortion} is too strong; "
                "use values nearer to 0"
            )


CAMERAS = {
    camera.name: camera
    for camera in (
        Camera(
            name="iphone",  # iPhone 3GS, quality 1
            sensor_size=(2048, 1536),
            field_of_view=0.80,
            distortion=(-0.030, 0.008),
            blur=0.7,
            vignetting=0.3,
            exposure=1.3,
            exposure_jitter=0.15,
            underexposure=(0.88, 0.86, 1.02),
            shot_noise=1.0e-3,
            read_noise=1.0e-3,
            white_balance=(0.95, 1.0, 0.96),
            white_balance_jitter=0.06,
            saturation=0.88,
            gamma=(1.18, 1.18, 1.18),
            contrast=0.0,
            black_level=0.0,
            luma_smoothing=0.5,
            chroma_smoothing=0.8,
            sharpening=0.35,
            jpeg_quality=85,
        ),
        Camera(
            name="blackberry",  # BlackBerry Passport, quality 3
            sensor_size=(4160, 3120),
            field_of_view=0.84,
            distortion=(-0.024, 0.006),
            blur=0.52,
            vignetting=0.28,
            exposure=0.87,
            exposure_jitter=0.08,
            underexposure=(0.0, 0.0, 0.0),
            shot_noise=8e-4,
            read_noise=1.0e-3,
            white_balance=(1.02, 0.98, 1.02),
            white_balance_jitter=0.010,
            saturation=0.84,
            gamma=(1.52, 1.52, 1.52),
            contrast=0.0,
            black_level=0.05,
            luma_smoothing=0.50,
            chroma_smoothing=0.9,
            sharpening=0.35,
            jpeg_quality=88,
        ),
        Camera(
            name="sony",  # Xperia Z, quality 4
            sensor_size=(2592, 1944),
            field_of_view=0.84,
            distortion=(-0.020, 0.005),
            blur=0.45,
            vignetting=0.20,
            exposure=0.88,
            exposure_jitter=0.06,
            underexposure=(0.0, 0.0, 0.0),
            shot_noise=4e-4,
            read_noise=8e-4,
            white_balance=(1.03, 0.99, 0.98),
            white_balance_jitter=0.008,
            saturation=0.86,
            gamma=(1.49, 1.49, 1.49),
            contrast=0.0,
            black_level=0.05,
            luma_smoothing=0.42,
            chroma_smoothing=0.8,
            sharpening=0.30,
            jpeg_quality=92,
        ),
        Camera(
            name="generic",  # any other phone: quality 3, without a color cast
            sensor_size=(4000, 3000),
            field_of_view=0.84,
            distortion=(-0.024, 0.006),
            blur=0.52,
            vignetting=0.28,
            exposure=0.88,
            exposure_jitter=0.08,
            underexposure=(0.0, 0.0, 0.0),
            shot_noise=8e-4,
            read_noise=1.0e-3,
            white_balance=(1.0, 1.0, 1.0),
            white_balance_jitter=0.010,
            saturation=0.86,
            gamma=(1.46, 1.46, 1.46),
            contrast=0.0,
            black_level=0.02,
            luma_smoothing=0.50,
            chroma_smoothing=0.9,
            sharpening=0.35,
            jpeg_quality=88,
        ),
        Camera(
            name="canon",  # Canon 70D, quality 5: the target
            sensor_size=(3648, 2432),
            field_of_view=0.76,
            distortion=(-0.012, 0.002),
            blur=0.40,
            vignetting=0.05,
            exposure=1.08,
            exposure_jitter=0.02,
            underexposure=(0.0, 0.0, 0.0),
            shot_noise=3e-5,
            read_noise=3e-4,
            white_balance=(1.0, 1.0, 1.0),
            white_balance_jitter=0.003,
            saturation=1.12,
            gamma=(1.2, 1.2, 1.2),
            contrast=0.15,
            black_level=0.025,
            luma_smoothing=0.0,
            chroma_smoothing=0.0,
            sharpening=0.30,
            jpeg_quality=97,
        ),
    )
}
DSLR = CAMERAS["canon"]
PHONES = {name: camera for name, camera in CAMERAS.items() if camera is not DSLR}


def phone_camera(phone: str | Camera) -> Camera:
    """Return the virtual phone with this name; return a `Camera` unchanged.

    A phone without parameters here can be replaced by the most similar phone, or by "generic", a
    phone of medium quality.

    Raises:
        SimulationError: no virtual phone has this name.
    """
    if isinstance(phone, Camera):
        return phone
    if phone not in PHONES:
        raise SimulationError(
            f"no virtual phone {phone!r}: give one of {', '.join(sorted(PHONES))} "
            f"(generic stands for any other phone){did_you_mean(phone, PHONES)}"
        )
    return PHONES[phone]
