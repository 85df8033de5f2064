"""A replacement for `align.matching.align_photos.align_photos`: fast, and faulty on demand.

The function is in its own module, so that other processes can import the function.
"""

import os
import signal
import time
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from align.alignment_error import AlignmentError
from align.matching.align_photos import Alignment, window_corners
from align.matching.estimate_homography import HomographyEstimate
from align.rejection import Rejection
from align.window import Placement, Window, WindowGrid, WindowPatches

# Values of the top left pixel of a phone's photo; no scene is as dark.
FAIL, DIE, NO_FILE, NO_MEMORY, WAIT = 1, 2, 3, 4, 5
REJECTED = 0.5  # every seventh window's correlation


def align(phone, dslr, settings, log=None):
    """Return windows every `stride` pixels; the first is flat, every seventh does not correlate."""
    if log:
        with Path(log).open("a", encoding="utf-8") as file:
            file.write(f"{phone.pixels[0, 1].tolist()} {os.getpid()}\n")
    trouble(phone.pixels[0, 0, 0])
    corners = window_corners(phone.pixels.shape[:2], settings.stride)
    windows = tuple(fake_window(row, *corner) for row, corner in enumerate(listed(corners)))
    matches = np.array([[20.0, 30, 21, 31], [90, 80, 10, 10]])
    homography = HomographyEstimate(np.eye(3), matches, np.array([True, False]))
    grid = WindowGrid(corners, windows, np.zeros((*corners.shape[:2], 2)))
    return Alignment(homography, grid, ((w, patches(phone, dslr, w)) for w in windows))


def listed(corners):
    return corners.reshape(-1, 2).tolist()


def fake_window(row, x, y):
    affine = np.array([[1.5, 0, x + 50], [0, 1.5, y + 50]])
    placement = Placement(affine, np.array([0.25, -0.5]), 0.01, 0.9, np.eye(2))
    if row == 0:
        return Window(x, y, placement, rejection=Rejection.FLAT)
    if row % 7 == 0:
        return Window(x, y, placement, REJECTED, Rejection.CORRELATION)
    return Window(x, y, placement, 0.9 + 0.001 * row)


def patches(phone, dslr, window):
    part = np.s_[window.y : window.y + 100, window.x : window.x + 100]
    return WindowPatches(phone.pixels[part], dslr.pixels[part])


def trouble(kind):
    if kind == FAIL:
        raise AlignmentError("the photos do not show\nthe same scene")
    if kind == DIE:
        os.kill(os.getpid(), signal.SIGKILL)
    if kind == NO_FILE:
        raise FileNotFoundError(2, "No such file or directory", "lost.jpg")
    if kind == NO_MEMORY:
        raise MemoryError
    if kind == WAIT:
        time.sleep(120)


def write_shoot(root, scenes=3, size=(200, 300), corner=None, suffix=".png"):
    """Write photos of a phone and a DSLR to ROOT/phone and ROOT/dslr, one pair a scene.

    Args:
        root: existing folder.
        scenes: number of scenes, named scene0, scene1, ...
        size: height and width, pixels.
        corner: {scene: trouble}.
        suffix: of the photos; trouble needs ".png".

    Returns:
        The two folders.
    """
    folders = root / "phone", root / "dslr"
    for side, folder in enumerate(folders):
        folder.mkdir(exist_ok=True)
        for scene in range(scenes):
            photo = picture(scene, size)
            photo = photo if side else photo // 2 + 20
            photo[0, 0] = (corner or {}).get(scene, 30)
            photo[0, 1] = 30 + scene
            Image.fromarray(photo).save(folder / f"scene{scene}{suffix}")
    return folders


def picture(seed, size=(200, 300)):
    """Return smooth random colors, uint8 RGB, never below 30."""
    grid = np.random.default_rng(seed).integers(30, 256, (6, 8, 3), np.uint8)
    return cv2.resize(grid, size[::-1], interpolation=cv2.INTER_CUBIC).clip(30, 255)


def logged(log):
    """Return the number of times that each scene was aligned."""
    lines = log.read_text().splitlines() if log.exists() else []
    scenes = [int(line[1:].split(",")[0]) - 30 for line in lines]
    return {scene: scenes.count(scene) for scene in sorted(set(scenes))}
