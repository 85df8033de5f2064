"""The exact mapping between the points of a picture and the points of the scene photo.

All points are (x, y) in pixels, float64. Pixel centers are integers: the center of the top left
pixel is (0, 0). Sizes are (width, height).

The scene is a flat photo. A pinhole camera looks at the photo, tilted and shifted by its pose. The
lens adds radial distortion (Brown's model, "Close-range camera calibration", 1971). One camera
model serves both the rendering and the mapping of points. A picture and its `Geometry` therefore
agree up to the accuracy of the interpolation.
"""

import dataclasses
import functools

import cv2
import numpy as np

from simulation.cameras import LENS_LIMIT, Camera, SimulationError

FOCAL_LENGTH = 1.6  # half-diagonals: a 35 mm lens on 36×24 mm, between the phones and a kit zoom


@dataclasses.dataclass(frozen=True)
class Pose:
    """The direction in which a hand holds the camera.

    Attributes:
        aim: scene point on the optical axis, (x, y) from the center of the photo, in
            half-diagonals of the view.
        roll: rotation about the optical axis, degrees.
        pitch: tilt about the horizontal axis through the aimed point, degrees.
        yaw: tilt about the vertical axis through the aimed point, degrees.
    """

    aim: tuple[float, float] = (0.0, 0.0)
    roll: float = 0.0
    pitch: float = 0.0
    yaw: float = 0.0


def random_pose(rng: np.random.Generator, strength: float = 1.0) -> Pose:
    """Draw a pose of a hand: aim up to 0.02 half-diagonals, roll 1.5°, pitch and yaw 2°.

    With strength 1 the view of every camera in `simulation.cameras` stays inside the photo, for
    every aspect ratio of the photo.

    Args:
        rng: source of the pose, uniformly distributed.
        strength: factor on all limits.
    """
    x, y, roll, pitch, yaw = rng.uniform(-strength, strength, 5) * (0.02, 0.02, 1.5, 2.0, 2.0)
    return Pose(aim=(float(x), float(y)), roll=float(roll), pitch=float(pitch), yaw=float(yaw))


@dataclasses.dataclass(frozen=True)
class Geometry:
    """A mapping of points between a picture and its scene photo.

    `b.from_scene(a.to_scene(points))` maps points of picture a to picture b.

    Attributes:
        scene_size: (width, height) of the scene photo, pixels.
        frame_size: (width, height) of the picture, pixels.
        field_of_view: as in `Camera`.
        distortion: (k1, k2), as in `Camera`.
        pose: pose of the camera.
    """

    scene_size: tuple[int, int]
    frame_size: tuple[int, int]
    field_of_view: float
    distortion: tuple[float, float]
    pose: Pose

    @property
    def half_diagonal(self) -> float:
        """Half the diagonal of the picture, pixels; the unit of the lens model."""
        return float(np.hypot(*self.frame_size)) / 2

    @property
    def scale(self) -> float:
        """Scene pixels per picture pixel in the middle of the picture."""
        ratios = [
            scene / frame for scene, frame in zip(self.scene_size, self.frame_size, strict=True)
        ]
        return self.field_of_view * min(ratios)

    @functools.cached_property
    def plane_to_view(self) -> np.ndarray:
        """Homography, float64 3×3, from scene pixels to the undistorted view in half-diagonals."""
        roll, pitch, yaw = np.radians([self.pose.roll, self.pose.pitch, self.pose.yaw])
        rotation = _rotation(2, roll) @ _rotation(0, pitch) @ _rotation(1, yaw)
        # The plane Z = 0 is rotated about the aimed point, which lies FOCAL_LENGTH ahead. At this
        # distance one unit of the plane is one half-diagonal of the view.
        pinhole = np.diag([FOCAL_LENGTH, FOCAL_LENGTH, 1.0])
        plane = np.column_stack([rotation[:, 0], rotation[:, 1], [0, 0, FOCAL_LENGTH]])
        unit = self.scale * self.half_diagonal  # scene pixels
        center = _center(self.scene_size) + unit * np.array(self.pose.aim)
        to_units = np.array([[1, 0, -center[0]], [0, 1, -center[1]], [0, 0, unit]]) / unit
        return pinhole @ plane @ to_units

    def to_scene(self, points: np.ndarray) -> np.ndarray:
        """Map points of the picture to points of the scene.

        Args:
            points: N×2, (x, y), in or near the picture.

        Returns:
            float64 N×2; inverts `from_scene` with an error below 1e-9 pixels.
        """
        points = np.asarray(points, np.float64)
        view = _undistort((points - _center(self.frame_size)) / self.half_diagonal, self.distortion)
        return _project(np.linalg.inv(self.plane_to_view), view)

    def from_scene(self, points: np.ndarray) -> np.ndarray:
        """Map points of the scene to points of the picture.

        Args:
            points: N×2, (x, y).

        Returns:
            float64 N×2. A point that the camera does not see lies outside the picture. A point
            more than 1.5 half-diagonals off the axis, beyond the lens model, is NaN.
        """
        view = _project(self.plane_to_view, np.asarray(points, np.float64))
        squared = np.sum(view**2, axis=-1, keepdims=True)
        k1, k2 = self.distortion
        view = np.where(
            squared <= LENS_LIMIT**2, view * (1 + squared * (k1 + k2 * squared)), np.nan
        )
        return view * self.half_diagonal + _center(self.frame_size)

    def inside_scene(self) -> bool:
        """Return whether the whole picture shows the scene; checking its border is enough."""
        width, height = self.frame_size
        x, y = np.arange(width), np.arange(height)
        border = np.concatenate(
            [np.stack([x, np.full(width, edge)], axis=1) for edge in (0, height - 1)]
            + [np.stack([np.full(height, edge), y], axis=1) for edge in (0, width - 1)]
        )
        seen = self.to_scene(border)
        return bool(np.all((seen >= 0) & (seen <= np.array(self.scene_size) - 1)))


def view_of(
    photo_size: tuple[int, int], camera: Camera, pose: Pose, size: tuple[int, int] | None = None
) -> Geometry:
    """Return the geometry of a camera in front of a photo.

    Args:
        photo_size: (width, height) of the scene photo.
        camera: source of field of view, lens distortion and largest size.
        pose: pose of the camera.
        size: (width, height) of the picture. None gives the aspect ratio of the sensor (upright
            for an upright photo) at the resolution of the photo, at most that of the sensor.

    Raises:
        SimulationError: part of the picture lies outside the photo, or the photo is tiny.
    """
    if size is None:
        sensor = camera.sensor_size
        if (photo_size[0] < photo_size[1]) != (sensor[0] < sensor[1]):
            sensor = sensor[::-1]
        fit = camera.field_of_view * min(p / s for p, s in zip(photo_size, sensor, strict=True))
        shrink = min(fit, 1.0)
        size = int(sensor[0] * shrink), int(sensor[1] * shrink)
    if min(size) < 2:
        raise SimulationError(f"a photo of {_times(photo_size)} pixels is too small for a camera")
    geometry = Geometry(photo_size, size, camera.field_of_view, camera.distortion, pose)
    if not geometry.inside_scene():
        raise SimulationError(
            f"{pose} lets {camera.name} look past the edge of a photo of {_times(photo_size)} "
            "pixels: use a smaller field of view or a milder pose"
        )
    return geometry


def widest_view(
    photo_size: tuple[int, int], camera: Camera, pose: Pose, longest_side: int | None = None
) -> Geometry:
    """Return the largest view, of the aspect ratio of the photo, that stays inside the photo.

    The frame is at most twice as long as wide: rolling a longer frame would leave a thin strip. The
    view of a panorama is its middle.

    Args:
        photo_size: (width, height) of the scene photo.
        camera: source of the lens distortion; field of view and sensor size are ignored.
        pose: pose of the camera.
        longest_side: limit on width and height of the picture, pixels; None for no limit. A picture
            within the limit has the resolution of the photo.

    Raises:
        SimulationError: no view of at least half the photo stays inside the photo.
    """

    def largest_field_of_view(frame_size: tuple[int, int]) -> float:
        low, high = 0.5, 1.0
        if not Geometry(photo_size, frame_size, low, camera.distortion, pose).inside_scene():
            raise SimulationError(
                f"{pose} does not leave half of the photo in view: use a milder pose"
            )
        while high - low > 1e-4:
            middle = (low + high) / 2
            geometry = Geometry(photo_size, frame_size, middle, camera.distortion, pose)
            low, high = (middle, high) if geometry.inside_scene() else (low, middle)
        return low

    width, height = (min(side, 2 * min(photo_size)) for side in photo_size)
    longest = max(width, height)
    shrink = min(largest_field_of_view((width, height)), (longest_side or longest) / longest)
    frame_size = int(width * shrink), int(height * shrink)
    field_of_view = largest_field_of_view(frame_size)
    return Geometry(photo_size, frame_size, field_of_view, camera.distortion, pose)


def resample(light: np.ndarray, geometry: Geometry) -> np.ndarray:
    """Resample the scene as the lens of the camera projects it.

    The scene is resampled once, with Lanczos windows of 8×8 pixels. Lanczos windows place detail
    with an error of 0.02 scene pixels (measured on spots; the bicubic kernel of OpenCV has errors
    up to 0.05). If a pixel of the picture is larger than a pixel of the scene, a Gaussian with the
    standard deviation √(scale² − 1)/2 blurs the scene first, which prevents aliasing.

    Args:
        light: linear light of the scene, float32 H×W×3.
        geometry: geometry of the camera.

    Returns:
        float32 height×width×3 of the picture; overshoot at edges may leave [0, 1].
    """
    if geometry.scale > 1.05:
        sigma = np.sqrt(geometry.scale**2 - 1) / 2
        light = cv2.GaussianBlur(light, (0, 0), sigma, borderType=cv2.BORDER_REFLECT_101)
    width, height = geometry.frame_size
    x, y = np.meshgrid(np.arange(width, dtype=np.float64), np.arange(height, dtype=np.float64))
    seen = geometry.to_scene(np.stack([x, y], axis=-1).reshape(-1, 2))
    maps = seen.astype(np.float32).reshape(height, width, 2)
    return cv2.remap(light, maps, None, cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REFLECT_101)


def _undistort(distorted: np.ndarray, distortion: tuple[float, float]) -> np.ndarray:
    """Invert Brown's radial model by Newton's method on the radius; N×2 half-diagonals."""
    k1, k2 = distortion
    radius = np.sqrt(np.sum(distorted**2, axis=-1, keepdims=True))
    undistorted = radius.copy()
    for _ in range(12):  # converges quadratically: 4 or 5 rounds for real lenses
        squared = undistorted**2
        error = undistorted * (1 + squared * (k1 + k2 * squared)) - radius
        undistorted -= error / (1 + squared * (3 * k1 + 5 * k2 * squared))
        if np.abs(error).max(initial=0) < 1e-13:
            break
    return distorted * (undistorted / np.where(radius > 0, radius, 1) + (radius == 0))


def _project(homography: np.ndarray, points: np.ndarray) -> np.ndarray:
    x, y = points[:, 0], points[:, 1]  # the sum below is much faster than a thin matrix product
    column, row, depth = (a * x + b * y + c for a, b, c in homography)
    return np.stack([column / depth, row / depth], axis=1)


def _rotation(axis: int, angle: float) -> np.ndarray:
    """Return the float64 3×3 rotation about coordinate axis 0, 1 or 2 by an angle in radians."""
    first, second = [other for other in range(3) if other != axis]
    matrix = np.eye(3)
    matrix[[first, second], [first, second]] = np.cos(angle)
    matrix[first, second], matrix[second, first] = -np.sin(angle), np.sin(angle)
    return matrix


def _center(size: tuple[int, int]) -> np.ndarray:
    return (np.array(size, np.float64) - 1) / 2


def _times(size: tuple[int, int]) -> str:
    return "×".join(map(str, size))
