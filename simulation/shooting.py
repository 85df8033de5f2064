"""A virtual phone and a virtual DSLR looking at one photo.

`shoot` takes one picture, with the exact geometry to judge an alignment by. `aligned_pair` takes
both pictures from the same place, as if they had been aligned perfectly; `patch_pairs` takes
pairs of patches that way.
"""

from collections.abc import Iterator

import cv2
import numpy as np

from common.layout import PATCH_SIZE
from simulation.cameras import DSLR, Camera, SimulationError, phone_camera
from simulation.development import develop, scene_light, vignetting
from simulation.geometry import Geometry, Pose, random_pose, resample, view_of, widest_view

SMALLEST_PHOTO = 128  # pixels: any pose then leaves room for a patch
LONGEST_SIDE = 1600  # pixels, of the pictures that patches are cut from
FLATTEST = 0.02  # standard deviation of gray in [0, 1]; sky and walls teach little
MARGIN = 16  # pixels around a patch that are developed with it: more than any filter reaches
# Pixels, standard deviation. Photos shrunk for the web are sharper, pixel for pixel, than what a
# lens and a color filter array leave in a camera's own pixels and alignment in a DSLR's. With this
# the amplitude spectrum of the DSLR's patches is that of DPED's (`python -m simulation.measure`).
SOFTNESS = 0.8


def shoot(
    photo: np.ndarray,
    camera: Camera,
    pose: Pose,
    rng: np.random.Generator,
    size: tuple[int, int] | None = None,
) -> tuple[np.ndarray, Geometry]:
    """A camera's picture of a photo.

    Args:
        photo: the scene, uint8 RGB H×W×3.
        camera: the camera.
        pose: how it is held.
        rng: draws noise, and jitter of exposure and white balance.
        size: (width, height) of the picture; None for the camera's aspect ratio at the photo's
            resolution, at most the sensor's.

    Returns:
        The picture, uint8 RGB height×width×3, and the exact mapping of points between it and the
        photo.

    Raises:
        SimulationError: the picture would reach beyond the photo; the photo is not uint8 H×W×3, or
            below 128 pixels.
    """
    check_photo(photo, "the photo")
    light = scene_light(photo)
    geometry = view_of(photo.shape[1::-1], camera, pose, size)
    return develop(resample(light, geometry), camera, rng), geometry


def aligned_pair(
    photo: np.ndarray,
    phone: str | Camera,
    rng: np.random.Generator,
    longest_side: int | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """The pictures of a phone and of the DSLR, aligned perfectly.

    Both show exactly what the phone sees from a random pose, through the phone's lens distortion,
    and fill their frames with the scene. Each has been resampled once, from the photo, and softened
    to a camera's own sharpness (`SOFTNESS`). A panorama shows its middle, at most 2:1.

    Args:
        photo: the scene, uint8 RGB H×W×3.
        phone: name of a virtual phone, or its parameters.
        rng: draws pose, noise, and jitter of exposure and white balance.
        longest_side: limit on the width and height of the pictures; None for no limit.

    Returns:
        Phone and DSLR picture, uint8 RGB of the same size: the photo's own resolution, less a
        margin for the pose, or `longest_side`.

    Raises:
        SimulationError: unknown phone; the photo is not uint8 H×W×3, or below 128 pixels.
    """
    phone = phone_camera(phone)
    check_photo(photo, "the photo")
    light = scene_light(photo)
    geometry = widest_view(photo.shape[1::-1], phone, random_pose(rng), longest_side)
    light = _softened(resample(light, geometry))
    return develop(light, phone, rng), develop(light, DSLR, rng)


def patch_pairs(
    photo: np.ndarray, phone: str | Camera, rng: np.random.Generator
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Aligned 100×100 patches of one photo, shot after shot from random poses.

    Patches of one shot do not overlap. Each is developed on its own, with its own draw of noise,
    exposure and white balance, as if every patch came from another photo: in DPED nearly every one
    does, and a network learns how far exposures spread only from many of them. A patch in which
    the standard deviation of the DSLR's gray is below 0.02 is skipped as flat.

    Args:
        photo: the scene, uint8 RGB H×W×3.
        phone: name of a virtual phone, or its parameters.
        rng: draws poses, places and all that `develop` draws.

    Yields:
        Phone and DSLR patch, uint8 RGB 100×100×3; ends when three shots in a row have been flat.

    Raises:
        SimulationError: unknown phone; the photo is not uint8 H×W×3, or below 128 pixels.
    """
    phone = phone_camera(phone)
    check_photo(photo, "the photo")
    scene = scene_light(photo)
    fruitless = 0
    while fruitless < 3:
        fruitless += 1
        geometry = widest_view(photo.shape[1::-1], phone, random_pose(rng), LONGEST_SIDE)
        light = _softened(resample(scene, geometry))
        falloffs = [(camera, vignetting(light.shape[:2], camera)) for camera in (phone, DSLR)]
        for y, x in _places(light.shape[:2], rng):
            before = rng.integers(MARGIN, MARGIN + 16, 2)  # puts JPEG's blocks anywhere
            window, patch = _window((y, x), before, light.shape[:2])
            phone_patch, dslr_patch = (
                develop(light[window], camera, rng, falloff[window])[patch]
                for camera, falloff in falloffs
            )
            if dslr_patch.mean(axis=-1).std() / 255 >= FLATTEST:
                fruitless = 0
                yield phone_patch, dslr_patch


def _softened(light):
    return cv2.GaussianBlur(light, (0, 0), SOFTNESS, borderType=cv2.BORDER_REFLECT_101)


def _places(shape, rng):
    """Top left corners, in random order, of a random grid of patches; M×2, (y, x)."""
    top, left = (int(rng.integers(side % PATCH_SIZE + 1)) for side in shape)
    corners = [
        (y, x)
        for y in range(top, shape[0] - PATCH_SIZE + 1, PATCH_SIZE)
        for x in range(left, shape[1] - PATCH_SIZE + 1, PATCH_SIZE)
    ]
    return rng.permutation(corners)


def _window(corner, before, shape):
    """Slices of a patch with what is around it, and of the patch inside that window."""
    starts = [max(0, int(place - margin)) for place, margin in zip(corner, before, strict=True)]
    stops = [
        min(side, int(place) + PATCH_SIZE + MARGIN)
        for place, side in zip(corner, shape, strict=True)
    ]
    window = tuple(slice(start, stop) for start, stop in zip(starts, stops, strict=True))
    patch = tuple(
        slice(int(place) - start, int(place) - start + PATCH_SIZE)
        for place, start in zip(corner, starts, strict=True)
    )
    return window, patch


def check_photo(photo: np.ndarray, name: str) -> None:
    """Raise a SimulationError, which names the photo, if it cannot serve as a scene."""
    if photo.dtype != np.uint8 or photo.ndim != 3 or photo.shape[2] != 3:
        shape = "×".join(map(str, photo.shape))
        raise SimulationError(f"{name} is {photo.dtype} {shape}: a photo must be uint8 H×W×3")
    if min(photo.shape[:2]) < SMALLEST_PHOTO:
        raise SimulationError(
            f"{name} has {photo.shape[1]}×{photo.shape[0]} pixels: "
            f"at least {SMALLEST_PHOTO}×{SMALLEST_PHOTO} are needed"
        )
