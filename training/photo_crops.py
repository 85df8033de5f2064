"""Training samples for the network for any phone: a patch, and the thumbnail of its photo."""

from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np

from data.free_photos import part_of, reduce_photo
from photos import photos_in
from photos.listing import list_photos
from simulation.faults import (
    MARGIN,
    LightFaults,
    apply_faults,
    apply_light,
    draw_light,
    draw_local,
)

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
SMALL = 1024  # pixels; longer side of the photos from which thumbnails are made
CLEAN = 32  # pixels; side of the clean thumbnail that the light part aims at
NOISY = 0.4  # share of the thumbnails with the noise that is left of the noise of a photo
JOINED = 0.3  # share of thumbnails that show several photos side by side
HIGH_KEY = 0.1  # share of the photos with changed tones that become bright ones
SYNTHETIC = 0.1  # share of samples with plain grounds and discs
PORTION = {"city100": 0.35}  # weight of each photo of a source; City100 shows flat postcards


class NoPhotosError(ValueError):
    """A folder without readable photos to train on."""


def training_files(
    folders: Iterable[str | Path], part: str | None, quiet: bool = False
) -> list[Path]:
    """Return the photos of a part in folders, see `PhotoCrops`.

    Without `quiet`, lines on stderr name the files that are left out.

    Raises:
        NoPhotosError: The folders have no photo of that part.
        OSError: A folder is missing.
    """
    places = [Path(folder) for folder in folders]
    files = sorted(
        path
        for place in places
        for path in (list_photos(place, SUFFIXES).photos if quiet else photos_in(place, SUFFIXES))
        if part in (None, part_of(path.name))
    )
    if not files:
        raise NoPhotosError(f"{', '.join(map(str, places))}: no photos of the part {part}")
    return files


class PhotoCrops:
    """Draws training samples from clean photos.

    Args:
        folders: Folders of photos (PNG, JPEG or WebP).
        part: "train", "validate" or "test", see `data.free_photos.part_of`; None takes all photos.
        size: Side of a thumbnail, pixels.
        patch: Side of a patch, pixels.

    Raises:
        NoPhotosError: The folders have no photo of that part, or a photo is not readable.
    """

    def __init__(self, folders, part: str | None, size: int = 256, patch: int = 96):
        self.size, self.patch = size, patch
        files = training_files(folders, part, quiet=True)
        self.names = [path.stem for path in files]
        self._photos = [_read(path) for path in files]
        self._small = [reduce_photo(photo, SMALL, least=8) for photo in self._photos]
        weights = np.array([PORTION.get(name.split("-")[0], 1.0) for name in self.names])
        self._shares = weights / weights.sum()

    def thumbnail_pair(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Draw a faulty thumbnail, and a smaller clean one.

        Returns:
            `(size, size, 3)` uint8, and `(CLEAN, CLEAN, 3)` float32 in [0, 1].
        """
        view, light, _ = self._drawn(rng)[:3]
        clean = cv2.resize(view, (self.size, self.size), interpolation=cv2.INTER_AREA)
        clean = cv2.resize(
            clean.astype(np.float32) / 255, (CLEAN, CLEAN), interpolation=cv2.INTER_AREA
        )
        return self._thumbnail(view, light, rng), clean

    def sample(self, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
        """Draw a patch with all faults, the patch with light faults only, and the faulty thumbnail.

        Returns:
            `(patch, patch, 3)` float32 in [0, 1] twice, then `(size, size, 3)` uint8.
        """
        view, light, colors, photo = self._drawn(rng)
        height, width = photo.shape[:2]
        side = self.patch + 2 * MARGIN
        zoom = min(np.exp(rng.uniform(0, np.log(4))), min(height, width) / side)
        taken = max(int(side * zoom), 1)
        top, left = rng.integers(0, height - taken + 1), rng.integers(0, width - taken + 1)
        clean = photo[top : top + taken, left : left + taken]
        method = cv2.INTER_AREA if zoom >= 1 else cv2.INTER_CUBIC
        clean = cv2.resize(clean, (side, side), interpolation=method)
        clean = np.ascontiguousarray(colors(clean))
        place = (top / height, left / width, (top + taken) / height, (left + taken) / width)
        local = draw_local(rng)
        inside = slice(MARGIN, -MARGIN)
        return (
            apply_faults(clean, light, local, rng, place)[inside, inside],
            apply_light(clean, light, place)[inside, inside],
            self._thumbnail(view, light, rng),
        )

    def _drawn(self, rng):
        """Draw a small whole photo, its faults, a change of colors, and the photo without both."""
        light = draw_light(rng)
        if rng.random() < SYNTHETIC:
            photo = synthetic_photo(rng)
            if rng.random() < 0.6:
                light = LightFaults()
            return photo, light, lambda x: x, photo
        index = rng.choice(len(self._photos), p=self._shares)
        photo, small = self._photos[index], self._small[index]
        height, width = photo.shape[:2]
        # Most samples take a large part of the photo, some a small one.
        least = 0.35 if rng.random() < 0.85 else min(160 / min(height, width), 0.5)
        share = rng.uniform(least, 1, 2)
        high, wide = (max(int(s * n), 130) for s, n in zip(share, (height, width), strict=True))
        high, wide = min(high, height), min(wide, width)
        top, left = rng.integers(0, height - high + 1), rng.integers(0, width - wide + 1)
        whole = photo[top : top + high, left : left + wide]
        scale = small.shape[0] / height
        y, x = int(top * scale), int(left * scale)
        view = small[y : y + max(int(high * scale), 8), x : x + max(int(wide * scale), 8)]
        colors = _draw_colors(rng)
        if rng.random() < JOINED:
            view = self._joined(view, rng)
        view = np.ascontiguousarray(colors(_turned(view, rng)))
        return view, light, colors, _turned(whole, rng)

    def _joined(self, view, rng):
        """Put other photos beside a photo, which gives more scenes than there are photos."""
        sides = self.size, self.size
        views = [cv2.resize(view, sides, interpolation=cv2.INTER_AREA)]
        for index in rng.choice(len(self._small), rng.integers(1, 4), p=self._shares):
            views.append(cv2.resize(self._small[index], sides, interpolation=cv2.INTER_AREA))
        if len(views) == 3:
            views = views[:2]
        rows = [np.hstack(views[:2])] + ([np.hstack(views[2:])] if len(views) == 4 else [])
        return np.vstack(rows)

    def _thumbnail(self, view, light, rng):
        """Reduce a view to a thumbnail, and apply light faults and a little noise."""
        view = cv2.resize(view, (self.size, self.size), interpolation=cv2.INTER_AREA)
        x = apply_light(view, light)
        if rng.random() < NOISY:
            level = np.exp(rng.uniform(np.log(0.002), np.log(0.03)))
            x = x + rng.normal(0, level, x.shape)
        return np.rint(np.clip(x, 0, 1) * 255).astype(np.uint8)


def _turned(photo, rng):
    """Mirror or turn a photo at random."""
    if rng.random() < 0.5:
        photo = photo[:, ::-1]
    if rng.random() < 0.15:
        photo = photo[::-1]
    if rng.random() < 0.25:
        photo = photo.transpose(1, 0, 2)
    return photo


def _draw_colors(rng):
    """Draw a function that changes the colors of a clean photo: order, richness, slight tone.

    The changes keep the network from overfitting to a few hundred photos within some thousand
    steps.
    """
    tone = _draw_tone(rng) if rng.random() < 0.7 else None
    order = rng.permutation(3) if rng.random() < 0.25 else np.arange(3)
    rich = float(rng.uniform(1.2, 2.0)) if rng.random() < 0.12 else 1.0
    if rng.random() < 0.03:
        rich = 0.0  # black and white

    def changed(x):
        x = np.ascontiguousarray(x[..., order])
        if tone is not None:
            x = cv2.LUT(x, tone)
        if rich == 1:
            return x
        gray = x.astype(np.float32).mean(-1, keepdims=True)
        return np.clip(gray + rich * (x - gray), 0, 255).astype(np.uint8)

    return changed


def _draw_tone(rng):
    """Draw a table of levels `(1, 256, 3)`: slight gamma, contrast, cast and darkening."""
    x = np.linspace(0, 1, 256)[:, None] ** np.exp(rng.normal(0, 0.1))
    if rng.random() < HIGH_KEY:  # pale walls, snow, mist: bright photos that are as they should be
        x = x ** rng.uniform(0.4, 0.8)
    x = x + rng.normal(0, 0.15) * x * (1 - x) * (2 * x - 1)
    x = x * np.exp(rng.normal(0, 0.025, 3)) * np.exp(-abs(rng.normal(0, 0.04)))
    return np.rint(np.clip(x, 0, 1) * 255).astype(np.uint8)[None]


def synthetic_photo(rng: np.random.Generator, side: int = 256) -> np.ndarray:
    """Draw a plain or gently shaded ground of any color, with gray and colored discs.

    Returns:
        `(side, side, 3)` uint8 RGB.
    """
    kind = rng.random()
    if kind < 0.6:  # saturated
        color = rng.uniform(0, 60, 3)
        color[rng.permutation(3)[: rng.integers(1, 3)]] = rng.uniform(120, 256)
    elif kind < 0.9:  # night, gray, snow
        color = np.full(3, rng.choice([rng.uniform(0, 30), rng.uniform(60, 190), 255.0]))
    else:
        color = rng.uniform(0, 256, 3)
    ramp = np.linspace(-1, 1, side)
    shade = np.outer(np.ones(side), ramp) if rng.random() < 0.5 else np.outer(ramp, np.ones(side))
    photo = color[None, None] + rng.choice([0, 20, 60]) * shade[..., None]
    photo = np.clip(photo, 0, 255).astype(np.uint8)
    for _ in range(rng.integers(0, 5)):
        gray = rng.random() < 0.7
        tone = np.full(3, rng.uniform(0, 256)) if gray else rng.uniform(0, 256, 3)
        center = tuple(int(v) for v in rng.integers(0, side, 2))
        radius = int(rng.uniform(0.05, 0.3) * side)
        cv2.circle(photo, center, radius, tuple(float(v) for v in tone), -1, cv2.LINE_AA)
    return photo


def _read(path: Path) -> np.ndarray:
    """Read a photo as uint8 RGB."""
    photo = cv2.imread(str(path))
    if photo is None:
        raise NoPhotosError(f"{path}: not a readable photo; remove the file")
    return photo[..., ::-1].copy()
