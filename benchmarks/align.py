"""The speed of `align`: time by stage, and the ratio to a plain exhaustive search.

    python -m benchmarks.align --photos DIR

DIR holds at least nine large photos. The virtual BlackBerry (13 megapixels) and the virtual DSLR
(20 megapixels) shoot a sheet of the first nine. One process with one thread aligns the pair, from
the files on, and times its stages.

The plain reference takes the same coarse homography, warps the DSLR's photo by the homography once
for each rotation, and calls matchTemplate for each window over the same range. That is the
method's sentence word for word ("shifts and rotations that maximize the cross-correlation"), to
whole pixels and then by parabolas. The benchmark times the reference on some windows, and judges
both searches on those windows by the exact geometry.
"""

if __name__ == "__main__":  # before the imports that fail without the environment
    from common.environment import check_environment

    check_environment()

import dataclasses
import os

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")

import multiprocessing
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from align.matching.align_photos import window_corners
from align.matching.apply_homography import apply_homography, homography_jacobian
from align.matching.cut_patches import cut_patches
from align.matching.estimate_homography import estimate_homography
from align.matching.measure_shifts import RANGE, subpixel_peak
from align.matching.place_windows import place_windows
from align.matching.read_photos import read_camera_photo
from align.matching.reject_windows import reject_windows
from align.settings import AlignmentSettings
from common import command_line
from common.command_line import option
from common.layout import PATCH_SIZE
from data.pair_files import DatasetError
from data.photo_folder import PhotoFolder
from simulation.cameras import DSLR, PHONES, SimulationError
from simulation.geometry import random_pose
from simulation.shooting import shoot

PHONE_SIZE, DSLR_SIZE = (4160, 3120), (5472, 3648)  # 13 and 20 MP
ROTATIONS = np.arange(-1.0, 1.01, 0.25)  # degrees


@dataclasses.dataclass(frozen=True)
class SpeedConfig:
    """The options of the benchmark."""

    photos: str = option(help="a folder of at least nine large photos")
    windows: int = option(60, "the number of windows that the plain reference searches")
    seed: int = option(0, "the seed of poses and noise")


def main(config: SpeedConfig) -> None:
    """Measure and print."""
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as folder:
        files, truth = _shoot_pair(config, Path(folder))
        # A process of its own, because the simulation has a higher peak of memory.
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            result = pool.submit(_align, files).result()
        gray = [cv2.cvtColor(read_camera_photo(path).pixels, cv2.COLOR_RGB2GRAY) for path in files]
    total = sum(result.times.values())
    print(f"{result.windows} windows, {result.kept} kept; peak of memory {result.memory:.2f} GB")
    print(f"{60 / total:.1f} pairs a minute on one core\n\n| stage | s | share |\n|---|---|---|")
    for stage, seconds in result.times.items():
        print(f"| {stage} | {seconds:.2f} | {seconds / total:.0%} |")

    rng = np.random.default_rng(config.seed)
    count = min(config.windows, len(result.centers))
    sample = rng.choice(len(result.centers), count, replace=False)
    centers = result.centers[sample]
    plain, plain_time = _search_plainly(gray[0], gray[1], result.matrix, centers)
    true = truth(centers)
    scale = np.sqrt(np.linalg.det(homography_jacobian(result.matrix, centers)))
    own_time = result.times["windows placed"] / result.windows
    print("\n| search for a window | ms | median error, px | 99 % |\n|---|---|---|---|")
    for name, places, seconds in (
        ("align", result.places[sample], own_time),
        ("plain reference", plain, plain_time),
    ):
        errors = np.linalg.norm(places - true, axis=1) / scale
        middle, most = np.percentile(errors, (50, 99))
        print(f"| {name} | {seconds * 1000:.1f} | {middle:.3f} | {most:.3f} |")
    print(f"\n{plain_time / own_time:.1f} times as fast as the plain reference")


def _shoot_pair(
    config: SpeedConfig, folder: Path
) -> tuple[list[Path], Callable[[np.ndarray], np.ndarray]]:
    """Return the files of a simulated pair, and the exact map of phone points to DSLR points."""
    photos = PhotoFolder(config.photos)
    chosen = [photos[name] for name in list(photos)[:9]]
    if len(chosen) < 9:
        raise SimulationError(f"{config.photos}: the folder needs at least nine photos")
    height, width = np.min([photo.shape[:2] for photo in chosen], axis=0)
    cropped = [photo[:height, :width] for photo in chosen]
    scene = np.vstack([np.hstack(cropped[i : i + 3]) for i in (0, 3, 6)])
    rng = np.random.default_rng(config.seed)
    files, geometries = [], []
    for camera, size in ((PHONES["blackberry"], PHONE_SIZE), (DSLR, DSLR_SIZE)):
        picture, geometry = shoot(scene, camera, random_pose(rng), rng, size)
        files.append(folder / f"{camera.name}.jpg")
        Image.fromarray(picture).save(files[-1], quality=95, subsampling=0)
        geometries.append(geometry)
    return files, lambda points: geometries[1].from_scene(geometries[0].to_scene(points))


@dataclasses.dataclass
class _Result:
    """The measurements of one process: seconds by stage, GB, and the places of kept windows."""

    times: dict[str, float]
    memory: float
    windows: int
    kept: int
    matrix: np.ndarray
    centers: np.ndarray
    places: np.ndarray


def _align(files: Sequence[Path]) -> _Result:
    """Run and time the stages of `align_photos`."""
    cv2.setNumThreads(1)
    settings = AlignmentSettings()
    times: dict[str, float] = {}
    clock = time.perf_counter()

    def lap(stage):
        nonlocal clock
        now = time.perf_counter()
        times[stage], clock = now - clock, now

    phone, dslr = (read_camera_photo(path) for path in files)
    lap("photos read")
    gray = [cv2.cvtColor(photo.pixels, cv2.COLOR_RGB2GRAY) for photo in (phone, dslr)]
    homography = estimate_homography(gray[0], gray[1])
    lap("homography")
    corners = window_corners(gray[0].shape, settings.stride)
    grid = place_windows(gray[0], gray[1], homography.matrix, corners)
    lap("windows placed")
    judged = list(reject_windows(cut_patches(phone, dslr, grid.windows), settings.min_ncc))
    lap("patches cut and judged")
    with tempfile.TemporaryDirectory() as folder:
        for window, patches in judged:
            for patch in patches if window.kept and patches else ():
                Image.fromarray(patch).save(Path(folder) / "0.jpg", quality=100, subsampling=0)
    lap("patches written")
    kept = [window for window, _ in judged if window.kept]
    return _Result(
        times,
        _peak_memory(),
        len(judged),
        len(kept),
        homography.matrix,
        np.array([(window.x, window.y) for window in kept]) + (PATCH_SIZE - 1) / 2,
        np.array([window.placement.affine[:, 2] for window in kept if window.placement]),
    )


def _peak_memory() -> float:
    """Return the GB of this process; `getrusage` would count its parent before the fork, too."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024 / 1e9


def _search_plainly(
    phone: np.ndarray, dslr: np.ndarray, matrix: np.ndarray, centers: np.ndarray
) -> tuple[np.ndarray, float]:
    """Return the DSLR points of windows by exhaustive search, N×2, and the seconds a window."""
    reach = int(RANGE * max(phone.shape))
    side = PATCH_SIZE + 2 * reach
    half, middle = (PATCH_SIZE - 1) / 2, (side - 1) / 2
    places, start = [], time.perf_counter()
    for center in centers:
        x, y = (center - half).astype(int)
        template = phone[y : y + PATCH_SIZE, x : x + PATCH_SIZE]
        linear = homography_jacobian(matrix, center[None])[0]
        target = apply_homography(matrix, center[None])[0]
        best_score, best_place = -1.0, target
        for angle in np.radians(ROTATIONS):
            turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
            turned = linear @ turn
            affine = np.column_stack([turned, target - turned @ [middle, middle]])
            around = cv2.warpAffine(
                dslr, affine, (side, side), flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
            )
            scores = cv2.matchTemplate(around, template, cv2.TM_CCOEFF_NORMED)
            _, score, _, peak = cv2.minMaxLoc(scores)
            if score > best_score:
                best_score = score
                best_place = target + turned @ (subpixel_peak(scores, peak) - reach)
        places.append(best_place)
    return np.array(places), (time.perf_counter() - start) / len(centers)


if __name__ == "__main__":
    command_line.run(main, SpeedConfig, __doc__, errors=[DatasetError])
