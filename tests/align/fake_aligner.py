"""Stands in for `align.matching.align_photos.align_photos`: instant, and as odd as a photo says.

A module of its own so that other processes can import it.
"""

import dataclasses
import itertools
import os
import signal
import time
import types
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from align.alignment_error import AlignmentError
from align.matching.align_photos import Candidate

# Value of the top left pixel of a phone's photo, where no scene is as dark.
FAIL, DIE, NO_FILE, NO_MEMORY, WAIT = 1, 2, 3, 4, 5
REJECTED = 0.5  # every seventh window's correlation


@dataclasses.dataclass
class FakeAlignment:
    phone: np.ndarray
    dslr: np.ndarray
    candidates: tuple[Candidate, ...]
    summary: dict

    def __post_init__(self):
        self.views = types.SimpleNamespace(
            phone=self.phone,
            dslr=self.dslr,
            before=self.dslr,
            after=self.dslr,
            matches=np.float32([[20, 30, 21, 31], [90, 80, 10, 10]]),
            inliers=np.array([True, False]),
        )

    def patches(self, candidate):
        part = np.s_[candidate.y : candidate.y + 100, candidate.x : candidate.x + 100]
        return self.phone[part], self.dslr[part]


def align(phone, dslr, settings, log=None):
    """One window every `stride` pixels; the first is flat, every seventh does not correlate."""
    if log:
        with Path(log).open("a", encoding="utf-8") as file:
            file.write(f"{phone.pixels[0, 1].tolist()} {os.getpid()}\n")
    trouble(phone.pixels[0, 0, 0])
    height, width = phone.pixels.shape[:2]
    places = itertools.product(
        range(0, height - 99, settings.stride), range(0, width - 99, settings.stride)
    )
    candidates = []
    for row, (y, x) in enumerate(places):
        ncc, reason = 0.9 + 0.001 * row, ""
        if row == 0:
            ncc, reason = np.nan, "flat"
        elif row % 7 == 0:
            ncc, reason = REJECTED, "correlation"
        candidates.append(Candidate(x, y, x + 50.0, y + 50.0, 0.25, -0.5, 0.01, ncc, reason))
    figures = {"inliers": np.int64(1), "scale": np.float32(1.5), "rms": float("nan")}
    return FakeAlignment(phone.pixels, dslr.pixels, tuple(candidates), figures)


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
    """Photos of a phone and a DSLR under ROOT/phone and ROOT/dslr, a scene each.

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
    """Smooth random colours, uint8 RGB, never below 30."""
    grid = np.random.default_rng(seed).integers(30, 256, (6, 8, 3), np.uint8)
    return cv2.resize(grid, size[::-1], interpolation=cv2.INTER_CUBIC).clip(30, 255)


def logged(log):
    """How often each scene was aligned."""
    lines = log.read_text().splitlines() if log.exists() else []
    scenes = [int(line[1:].split(",")[0]) - 30 for line in lines]
    return {scene: scenes.count(scene) for scene in sorted(set(scenes))}
