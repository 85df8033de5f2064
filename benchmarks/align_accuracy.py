"""The accuracy of `align`: errors of places and rotations where the truth is known.

    python -m benchmarks.align_accuracy --photos DIR --oxford REFERENCE/align/oxford

1. Simulated shoots. Every virtual phone and the virtual DSLR look at scenes of at least 2
   megapixels: the larger photos of DIR, and sheets of four of the smaller photos. Each camera has
   its own pose and lens, noise, blur, exposure, vignetting and JPEG. The exact geometry says where
   the center of each window belongs, and how far the window is turned.
2. The same shoots, with half of the DSLR's picture replaced by another scene. No window whose
   counterpart is hidden may be kept.
3. The Oxford sequences: the corner error of the coarse homography against measured homographies.

The benchmark prints Markdown. `docs/reference-data.md` says where the Oxford sequences come from.
"""

if __name__ == "__main__":  # before the imports that fail without the environment
    from common.environment import check_environment

    check_environment()

import concurrent.futures
import dataclasses
import errno
import itertools
import multiprocessing
import os
from pathlib import Path

import cv2
import numpy as np

from align.alignment_error import AlignmentError
from align.matching.align_photos import align_photos
from align.matching.apply_homography import apply_homography
from align.matching.estimate_homography import estimate_homography
from align.matching.read_photos import CameraPhoto
from align.matching.reject_windows import MAX_WHITE_SHARE, MIN_DEVIATION, WHITE
from align.rejection import Rejection
from align.settings import AlignmentSettings
from common import command_line
from common.command_line import option
from common.layout import PATCH_SIZE
from data.pair_files import DatasetError
from data.photo_folder import PhotoFolder
from simulation.cameras import DSLR, PHONES
from simulation.geometry import random_pose
from simulation.shooting import shoot

MIN_SCENE = 2e6  # pixels
WRONG = 2.0  # pixels; from this error on, the finest detail of the two patches differs
BLOCKS = (4, 3)  # of the DSLR's picture; every other block shows another scene


@dataclasses.dataclass(frozen=True)
class AccuracyConfig:
    """The options of the benchmark."""

    photos: str = option(help="a folder of photos, or of folders of photos, that become scenes")
    oxford: str | None = option(
        None, "the folder of the Oxford sequences (default: leave them out)"
    )
    seed: int = option(0, "the seed of poses and noise")
    workers: int = option(os.cpu_count() or 1, "the number of processes")


def main(config: AccuracyConfig) -> None:
    """Measure and print."""
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(config.workers, context) as pool:
        scenes = range(len(_scene_files(config.photos)))
        jobs = [(config, index, name) for index in scenes for name in PHONES]
        for title, hide in (
            ("Simulated shoots", False),
            ("Half of the DSLR's picture hidden", True),
        ):
            results = list(
                pool.map(_shoot_and_align, *zip(*jobs, strict=True), itertools.repeat(hide))
            )
            _report(title, results)
    if config.oxford:
        _oxford(Path(config.oxford))


def _scene_files(folder):
    """Return groups of photos that make one scene each: one large photo, or four small photos."""
    folders = [Path(folder), *sorted(path for path in Path(folder).iterdir() if path.is_dir())]
    alone, small = [], []
    for place in folders:
        try:
            photos = PhotoFolder(place)
        except DatasetError:
            continue  # the folder holds only folders
        for name in photos:
            path = place / name
            height, width = _read(path).shape[:2]
            if width * height >= MIN_SCENE:
                alone.append((path,))
            elif width >= 1000 and height >= 560:
                small.append(path)
    return alone + list(zip(*[iter(small)] * 4, strict=False))


def _read(path, flags=cv2.IMREAD_COLOR):
    """Read a photo as OpenCV's BGR or gray."""
    photo = cv2.imread(str(path), flags)
    if photo is None:
        raise FileNotFoundError(errno.ENOENT, "no photo", str(path))
    return photo


def _scene(paths):
    """Return one photo, or four photos as a sheet; uint8 RGB."""
    photos = [cv2.cvtColor(_read(path), cv2.COLOR_BGR2RGB) for path in paths]
    if len(photos) == 1:
        return photos[0]
    height, width = np.min([photo.shape[:2] for photo in photos], axis=0)
    cropped = [photo[:height, :width] for photo in photos]
    return np.vstack([np.hstack(cropped[:2]), np.hstack(cropped[2:])])


def _shoot_and_align(config, index, phone_name, hide):
    """Return the windows of one simulated pair, M×6, or the reason why alignment failed.

    Columns: error of the center in phone pixels, error of the rotation in degrees, has a
    counterpart, is hidden, is flat or blown out, is kept.
    """
    cv2.setNumThreads(1)
    files = _scene_files(config.photos)
    rng = np.random.default_rng([config.seed, index, sorted(PHONES).index(phone_name)])
    scene = _scene(files[index])
    phone, phone_geometry = shoot(scene, PHONES[phone_name], random_pose(rng), rng)
    dslr, dslr_geometry = shoot(scene, DSLR, random_pose(rng), rng)
    hidden = np.zeros(dslr.shape[:2], bool)
    if hide:
        other = shoot(_scene(files[index - 1]), DSLR, random_pose(rng), rng)[0]
        other = cv2.resize(other, dslr.shape[1::-1])
        rows, columns = (
            np.arange(side) * count // side
            for side, count in zip(hidden.shape, BLOCKS[::-1], strict=True)
        )
        hidden = (rows[:, None] + columns) % 2 == 1
        dslr = np.where(hidden[..., None], other, dslr)
    try:
        photos = CameraPhoto(phone, None), CameraPhoto(dslr, None)
        alignment = align_photos(*photos, AlignmentSettings())
    except AlignmentError as error:
        return f"{'+'.join(path.stem for path in files[index])} {phone_name}: {error}"

    def truth(points):
        return dslr_geometry.from_scene(phone_geometry.to_scene(points))

    rows = []
    half = (PATCH_SIZE - 1) / 2
    square = np.array([[-half, -half], [half, -half], [half, half], [-half, half], [0, 0]])
    for window, _ in alignment.judged:
        center = np.array([window.x, window.y]) + half
        seen = truth(center + square)
        has = bool(np.all((seen >= 0) & (seen <= np.array(dslr.shape[1::-1]) - 1)))
        cells = np.clip(np.rint(seen[:4]).astype(int), 0, np.array(dslr.shape[1::-1]) - 1)
        covered = bool(has and _covered(hidden, cells))
        error, turn = np.nan, np.nan
        if window.placement is not None:
            affine = window.placement.affine
            step = np.array([[1.0, 0], [-1, 0], [0, 1], [0, -1]])
            right, left, down, up = truth(center + step)
            linear = np.column_stack([right - left, down - up]) / 2
            scale = np.sqrt(np.linalg.det(linear))
            error = np.linalg.norm(affine[:, 2] - seen[4]) / scale
            turn = abs(_rotation(affine[:, :2]) - _rotation(linear))
        patch = phone[window.y :, window.x :][:PATCH_SIZE, :PATCH_SIZE]
        plain = window.rejection in (Rejection.FLAT, Rejection.BLOWN_OUT) or _is_plain(patch)
        rows.append((error, turn, has, covered, plain, window.kept))
    return np.array(rows)


def _covered(hidden, corners):
    """Return whether a quadrilateral is hidden all over."""
    (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
    return hidden[top : bottom + 1, left : right + 1].all()


def _is_plain(patch):
    gray = cv2.cvtColor(patch, cv2.COLOR_RGB2GRAY) / 255
    white = (patch.min(axis=-1) >= WHITE).mean()
    return gray.std() < MIN_DEVIATION or white > MAX_WHITE_SHARE


def _rotation(linear):
    return np.degrees(np.arctan2(linear[1, 0] - linear[0, 1], linear[0, 0] + linear[1, 1]))


def _report(title, results):
    failed = [result for result in results if isinstance(result, str)]
    rows = np.concatenate([result for result in results if not isinstance(result, str)])
    error, turn = rows[:, :2].T
    has, covered, plain, kept = rows[:, 2:].astype(bool).T
    clear = kept & ~covered
    print(f"\n### {title}\n\n{len(results)} pairs, {len(failed)} refused\n")
    print("| figure | value |\n|---|---|")
    print(f"| kept patches | {kept.sum()} |")
    print(f"| error of the center, px: median, 99 %, largest | {_percentiles(error[clear], 3)} |")
    print(f"| within 1 px | {(error[clear] <= 1).mean():.2%} |")
    print(f"| more than {WRONG:g} px off | {(error[clear] > WRONG).sum()} |")
    print(f"| rotation error, degrees: median, 99 %, largest | {_percentiles(turn[clear], 4)} |")
    print(f"| within 0.1° | {(turn[clear] <= 0.1).mean():.2%} |")
    print(f"| windows wholly hidden, kept of them | {covered.sum()}, {(covered & kept).sum()} |")
    true = has & ~covered
    print(f"| windows with a counterpart, kept of them | {true.sum()}, {kept[true].mean():.1%} |")
    true &= ~plain
    print(f"| those neither flat nor blown out | {true.sum()}, {kept[true].mean():.1%} |")
    for reason in failed:
        print(f"\n- {reason}")


def _percentiles(values, digits):
    return ", ".join(f"{value:.{digits}f}" for value in np.percentile(values, (50, 99, 100)))


def _oxford(folder):
    print("\n### Oxford, mean corner error of the coarse homography, px\n")
    print("| sequence | 1→2 | 1→3 | 1→4 | 1→5 | 1→6 |\n|---|---|---|---|---|---|")
    failed = []
    for sequence in ("leuven", "graffiti", "bark"):
        photos = [
            _read(folder / sequence / f"img{i}.jpg", cv2.IMREAD_GRAYSCALE) for i in range(1, 7)
        ]
        errors = []
        for index, photo in enumerate(photos[1:], start=2):
            measured = np.loadtxt(folder / sequence / f"H1to{index}p.txt")
            right, bottom = np.array(photos[0].shape[::-1]) - 1
            corners = np.array([[0, 0], [right, 0], [right, bottom], [0, bottom]])
            try:
                found = apply_homography(estimate_homography(photos[0], photo).matrix, corners)
            except AlignmentError as error:
                failed.append(f"{sequence} 1→{index}: {error}")
                errors.append("refused")
                continue
            distances = np.linalg.norm(found - apply_homography(measured, corners), axis=1)
            errors.append(f"{distances.mean():.2f}")
        print(f"| {sequence} | {' | '.join(errors)} |")
    for reason in failed:
        print(f"\n- {reason}")


if __name__ == "__main__":
    command_line.run(main, AccuracyConfig, __doc__, errors=[DatasetError])
