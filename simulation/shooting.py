"""Pictures that a virtual phone and a virtual DSLR take of one photo.

`shoot` takes one picture and returns its exact geometry, with which an alignment can be judged.
`aligned_pair` takes both pictures from one place, as if perfectly aligned. `patch_pairs` takes
aligned pairs of patches.
"""

from collections.abc import Iterator

import cv2
import numpy as np

from common.layout import PATCH_SIZE
from simulation.cameras import DSLR, Camera, SimulationError, phone_camera
from simulation.development import develop, scene_light, vignetting
from simulation.geometry import Geometry, Pose, random_pose, resample, view_of, widest_view

SMALLEST_PHOTO = 128  # pixels; a larger photo has room for a patch with every pose
LONGEST_SIDE = 1600  # pixels; limit on a picture from which patches are cut
FLATTEST = 0.02  # standard deviation of gray in [0, 1]; a network learns little from sky or walls
MARGIN = 16  # pixels around a patch that are developed too; larger than the radius of any filter
# Standard deviation of a blur, pixels. A photo shrunk for the web is sharper per pixel than a
# picture that has passed a lens, a color filter array and an alignment. With this blur the DSLR
# patches have the amplitude spectrum of the patches in DPED (`python -m simulation.measure`).
SOFTNESS = 0.8


def shoot(
    photo: np.ndarray,
    camera: Camera,
    pose: Pose,
    rng: np.random.Generator,
    size: tuple[int, int] | None = None,
) -> tuple[np.ndarray, Geometry]:
    """Take a picture of a photo.

    Args:
        photo: the scene, uint8 RGB H×W×3.
        camera: the camera.
        pose: pose of the camera.
        rng: source of noise, and of jitter of exposure and white balance.
        size: (width, height) of the picture. None gives the aspect ratio of the sensor at the
            resolution of the photo, at most that of the sensor.

    Returns:
        The picture, uint8 RGB height×width×3, and the exact mapping of points between it and the
        photo.

    Raises:
        SimulationError: the picture would reach beyond the photo; the photo is not uint8 H×W×3 or
            has a side below 128 pixels.
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
    """Take perfectly aligned pictures with a phone and with the DSLR.

    Both pictures show the view of the phone from a random pose, with the lens distortion of the
    phone, and are filled with the scene. Each picture has been resampled once and softened to the
    sharpness of a camera (`SOFTNESS`). The pictures of a panorama show its middle, at most 2:1.

    Args:
        photo: the scene, uint8 RGB H×W×3.
        phone: name of a virtual phone, or its parameters.
        rng: source of pose, noise, and jitter of exposure and white balance.
        longest_side: limit on the width and height of the pictures; None for no limit.

    Returns:
        Picture of the phone and of the DSLR, uint8 RGB of the same size: the resolution of the
        photo less a margin for the pose, or `longest_side`.

    Raises:
        SimulationError: unknown phone; the photo is not uint8 H×W×3 or has a side below 128 pixels.
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
    """Take aligned 100×100 patches of one photo, shot after shot from random poses.

    The patches of one shot do not overlap. Each patch is developed separately, with its own noise,
    exposure and white balance, as if every patch came from a different photo. In DPED nearly every
    patch does, and a network needs many exposures to learn their spread. A flat patch, with a
    standard deviation of the gray of the DSLR below 0.02, is skipped.

    Args:
        photo: the scene, uint8 RGB H×W×3.
        phone: name of a virtual phone, or its parameters.
        rng: source of poses, places and all randomness of `develop`.

    Yields:
        Patch of the phone and of the DSLR, uint8 RGB 100×100×3. The iterator ends after three shots
        in a row that have flat patches only.

    Raises:
        SimulationError: unknown phone; the photo is not uint8 H×W×3 or has a side below 128 pixels.
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
            before = rng.integers(MARGIN, MARGIN + 16, 2)  # a random phase of the JPEG blocks
            window, patch = _window((y, x), before, light.shape[:2])
            phone_patch, dslr_patch = (
                develop(light[window], camera, rng, falloff[window])[patch]
                for camera, falloff in falloffs
            )
            if dslr_patch.mean(axis=-1).std() / 255 >= FLATTEST:
                fruitless = 0
                yield phone_patch, dslr_patch


def _softened(light: np.ndarray) -> np.ndarray:
    return cv2.GaussianBlur(light, (0, 0), SOFTNESS, borderType=cv2.BORDER_REFLECT_101)


def _places(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Return the top left corners (y, x) of a random grid of patches, M×2, in random order."""
    top, left = (int(rng.integers(side % PATCH_SIZE + 1)) for side in shape)
    corners = [
        (y, x)
        for y in range(top, shape[0] - PATCH_SIZE + 1, PATCH_SIZE)
        for x in range(left, shape[1] - PATCH_SIZE + 1, PATCH_SIZE)
    ]
    return rng.permutation(corners)


def _window(
    corner: tuple[int, int], before: np.ndarray, shape: tuple[int, ...]
) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """Return the slices of a patch with its margin, and the slices of the patch in that window."""
    window, patch = [], []
    for place, margin, side in zip(corner, before, shape[:2], strict=True):
        start = max(0, int(place - margin))
        window.append(slice(start, min(side, int(place) + PATCH_SIZE + MARGIN)))
        patch.append(slice(int(place) - start, int(place) - start + PATCH_SIZE))
    return tuple(window), tuple(patch)


def check_photo(photo: np.ndarray, name: str) -> None:
    """Raise SimulationError, with the name of the photo, if the photo cannot be a scene."""
    if photo.dtype != np.uint8 or photo.ndim != 3 or photo.shape[2] != 3:
        shape = "×".join(map(str, photo.shape))
        raise SimulationError(f"{name} is {photo.dtype} {shape}: a photo must be uint8 H×W×3")
    if min(photo.shape[:2]) < SMALLEST_PHOTO:
        raise SimulationError(
            f"{name} has {photo.shape[1]}×{photo.shape[0]} pixels: use photos with at least "
            f"{SMALLEST_PHOTO}×{SMALLEST_PHOTO} pixels"
        )
