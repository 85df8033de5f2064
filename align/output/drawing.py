"""Pictures of an aligned pair, for a person to judge it by."""

import cv2
import numpy as np

from common.layout import PATCH_SIZE

CHECKS = 8  # squares of the checkerboard across the width
LINES = 80  # of each kind; more would hide the photos
LINE_SEED = 0
GREEN, RED = (0, 220, 0), (230, 0, 0)
LOWEST_COLOR = 0.8  # the correlation that is drawn in the first color of the scale


def draw_pair(alignment, phone_size: tuple[int, int]) -> dict[str, np.ndarray]:
    """All pictures of a pair.

    Args:
        alignment: as `align.matching.align_photos.align_photos` returns it.
        phone_size: height and width of the phone's photo, pixels.

    Returns:
        uint8 RGB by name: "matches", "before", "after" and "windows".
    """
    views = alignment.views
    phone = views.phone
    matches = draw_matches(phone, views.dslr, views.matches, views.inliers)
    return {
        "matches": matches,
        "before": checkerboard(phone, views.before),
        "after": checkerboard(phone, views.after),
        "windows": draw_windows(phone, alignment.candidates, phone_size),
    }


def draw_matches(
    phone: np.ndarray, dslr: np.ndarray, matches: np.ndarray, inliers: np.ndarray
) -> np.ndarray:
    """Both photos side by side, with lines between what was matched.

    Args:
        phone: uint8 RGB.
        dslr: uint8 RGB, of any size.
        matches: (M, 4), x and y in the one and in the other.
        inliers: bool (M,); these are drawn thick and green, the others thin and red.

    Returns:
        uint8 RGB, with up to `LINES` lines of each kind, chosen at random.
    """
    height, width = max(len(phone), len(dslr)), phone.shape[1]
    sheet = np.full((height, width + dslr.shape[1], 3), 255, np.uint8)
    sheet[: len(phone), :width] = phone
    sheet[: len(dslr), width:] = dslr
    order = np.random.default_rng(LINE_SEED).permutation(len(matches))
    starts = np.rint(matches[:, :2]).astype(int)
    ends = np.rint(matches[:, 2:] + np.float32([width, 0])).astype(int)
    for kind, color, thickness in ((~inliers, RED, 1), (inliers, GREEN, 2)):
        for row in order[kind[order]][:LINES]:
            line = starts[row].tolist(), ends[row].tolist()
            cv2.line(sheet, *line, color, thickness, cv2.LINE_AA)
    return sheet


def checkerboard(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Squares of one picture and of the other in turn, their pixels as they are.

    Args:
        first: uint8 RGB H×W×3; the top left square is its.
        second: of the same shape.
    """
    height, width = first.shape[:2]
    side = max(1, round(width / CHECKS))
    odd = (np.arange(height)[:, None] // side + np.arange(width) // side) % 2 == 1
    return np.where(odd[..., None], second, first)


def draw_windows(phone: np.ndarray, candidates, phone_size: tuple[int, int]) -> np.ndarray:
    """The photo, darkened, with the windows that were kept: red where the correlation is low.

    Args:
        phone: the phone's photo, shrunk, uint8 RGB.
        candidates: `align.matching.align_photos.Candidate`s, their places in pixels of the
            whole photo.
        phone_size: height and width of the whole photo.

    Returns:
        uint8 RGB of the shape of `phone`; green stands for a correlation of 1.
    """
    dark, sheet = phone // 2, phone // 2
    scale = np.array(phone.shape[1::-1]) / phone_size[::-1]
    for candidate in candidates:
        if candidate.kept:
            corner = np.array([candidate.x, candidate.y])
            left, top = np.rint(corner * scale).astype(int)
            right, bottom = np.rint((corner + PATCH_SIZE) * scale).astype(int) - 1
            share = np.clip((candidate.ncc - LOWEST_COLOR) / (1 - LOWEST_COLOR), 0, 1)
            color = (round(255 * min(1, 2 - 2 * share)), round(255 * min(1, 2 * share)), 0)
            sheet[top:bottom, left:right] = color
    return cv2.addWeighted(dark, 0.55, sheet, 0.45, 0)
