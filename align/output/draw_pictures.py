"""Pictures of an aligned pair, for a person to judge the alignment."""

import dataclasses
from collections.abc import Iterable, Iterator

import cv2
import numpy as np

from align.matching.align_photos import Alignment
from align.output.warp_dslr import warp_dslr
from align.window import Window
from common.layout import PATCH_SIZE

LONGEST_SIDE = 900  # pixels of the shrunk photos
CHECKS = 8  # squares of the checkerboard across the width
LINES = 80  # of each kind; more lines would hide the photos
LINE_SEED = 0
GREEN, RED = (0, 220, 0), (230, 0, 0)
LOWEST_COLOR = 0.8  # the correlation that has the first color of the scale


@dataclasses.dataclass(frozen=True, eq=False)
class PairPictures:
    """The pictures of a pair, uint8 RGB.

    Attributes:
        phone: The phone's photo, shrunk to a longest side of at most 900 pixels.
        matches: Both photos side by side, with lines between matched features.
        before: A checkerboard of both photos before the alignment.
        after: A checkerboard of both photos after the alignment.
        windows: The phone's photo with the kept windows, colored by their correlation.
    """

    phone: np.ndarray
    matches: np.ndarray
    before: np.ndarray
    after: np.ndarray
    windows: np.ndarray

    def items(self) -> Iterator[tuple[str, np.ndarray]]:
        """Yield the pictures that the report shows, by name."""
        yield from (
            ("matches", self.matches),
            ("before", self.before),
            ("after", self.after),
            ("windows", self.windows),
        )


def draw_pictures(
    phone: np.ndarray, dslr: np.ndarray, alignment: Alignment, windows: Iterable[Window]
) -> PairPictures:
    """Draw all pictures of a pair.

    Args:
        phone: The phone's photo, uint8 RGB H×W×3.
        dslr: The DSLR's photo, uint8 RGB, of any size.
        alignment: The alignment of the two photos.
        windows: The windows as judged.
    """
    small_phone, small_dslr = shrink(phone), shrink(dslr)
    phone_ratio, dslr_ratio = _ratio(small_phone, phone), _ratio(small_dslr, dslr)
    height, width = small_phone.shape[:2]
    homography = alignment.homography
    ratios = np.concatenate([phone_ratio, dslr_ratio])
    matches = (homography.matches + 0.5) * ratios - 0.5
    scaled = cv2.resize(small_dslr, (width, height), interpolation=cv2.INTER_AREA)
    warped = warp_dslr(
        small_dslr, dslr_ratio, (height, width), phone_ratio, homography.matrix, alignment.grid
    )
    return PairPictures(
        phone=small_phone,
        matches=draw_matches(small_phone, small_dslr, matches, homography.inliers),
        before=draw_checkerboard(small_phone, scaled),
        after=draw_checkerboard(small_phone, warped),
        windows=draw_windows(small_phone, windows, phone.shape[:2]),
    )


def shrink(photo: np.ndarray) -> np.ndarray:
    """Return a photo, uint8 RGB, with a longest side of at most `LONGEST_SIDE` pixels."""
    factor = LONGEST_SIDE / max(photo.shape)
    if factor >= 1:
        return photo
    width, height = (max(1, round(side * factor)) for side in photo.shape[1::-1])
    return cv2.resize(photo, (width, height), interpolation=cv2.INTER_AREA)


def _ratio(small: np.ndarray, large: np.ndarray) -> np.ndarray:
    """Return the ratios of widths and of heights, which differ a little by rounding to pixels."""
    return np.array(small.shape[1::-1]) / large.shape[1::-1]


def draw_matches(
    phone: np.ndarray, dslr: np.ndarray, matches: np.ndarray, inliers: np.ndarray
) -> np.ndarray:
    """Draw both photos side by side, with lines between matched features.

    Args:
        phone: uint8 RGB.
        dslr: uint8 RGB, of any size.
        matches: (M, 4), x and y in the phone's photo, x and y in the DSLR's photo.
        inliers: bool (M,). The lines of inliers are thick and green, the other lines thin and red.

    Returns:
        uint8 RGB, with up to `LINES` lines of each kind, chosen at random.
    """
    height, width = max(len(phone), len(dslr)), phone.shape[1]
    sheet = np.full((height, width + dslr.shape[1], 3), 255, np.uint8)
    sheet[: len(phone), :width] = phone
    sheet[: len(dslr), width:] = dslr
    order = np.random.default_rng(LINE_SEED).permutation(len(matches))
    starts = np.rint(matches[:, :2]).astype(int)
    ends = np.rint(matches[:, 2:] + np.array([width, 0], np.float32)).astype(int)
    for kind, color, thickness in ((~inliers, RED, 1), (inliers, GREEN, 2)):
        for row in order[kind[order]][:LINES]:
            start, end = starts[row].tolist(), ends[row].tolist()
            cv2.line(sheet, start, end, color, thickness, cv2.LINE_AA)
    return sheet


def draw_checkerboard(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Draw squares of one picture and of the other picture in turn, with unchanged pixels.

    Args:
        first: uint8 RGB H×W×3; the top left square shows this picture.
        second: uint8 RGB of the same shape.
    """
    height, width = first.shape[:2]
    side = max(1, round(width / CHECKS))
    odd = (np.arange(height)[:, None] // side + np.arange(width) // side) % 2 == 1
    return np.where(odd[..., None], second, first)


def draw_windows(
    phone: np.ndarray, windows: Iterable[Window], phone_size: tuple[int, ...]
) -> np.ndarray:
    """Draw the photo, darkened, with the kept windows: from red (low correlation) to green (1).

    Args:
        phone: The phone's photo, shrunk, uint8 RGB.
        windows: Windows of the whole photo, as judged.
        phone_size: (height, width) of the whole photo.

    Returns:
        uint8 RGB of the shape of `phone`.
    """
    dark, sheet = phone // 2, phone // 2
    scale = np.array(phone.shape[1::-1]) / phone_size[::-1]
    for window in windows:
        if window.kept:
            corner = np.array([window.x, window.y])
            left, top = np.rint(corner * scale).astype(int)
            right, bottom = np.rint((corner + PATCH_SIZE) * scale).astype(int) - 1
            share = np.clip((window.ncc - LOWEST_COLOR) / (1 - LOWEST_COLOR), 0, 1)
            color = (round(255 * min(1, 2 - 2 * share)), round(255 * min(1, 2 * share)), 0)
            sheet[top:bottom, left:right] = color
    return cv2.addWeighted(dark, 0.55, sheet, 0.45, 0)
