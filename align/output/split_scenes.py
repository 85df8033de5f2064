"""The split into photos for training and photos for testing, by whole scenes."""

import cv2
import numpy as np

from common.layout import TEST, TRAIN

MIN_CORRELATION = 0.95  # of two thumbnails; above it two photos show one scene
THUMBNAIL_SIDE = 32  # pixels


def luma_thumbnail(photo: np.ndarray) -> np.ndarray:
    """Return a photo's luma, squeezed to 32×32.

    Args:
        photo: uint8 RGB H×W×3.

    Returns:
        uint8 32×32.
    """
    gray = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY)
    return cv2.resize(gray, (THUMBNAIL_SIDE, THUMBNAIL_SIDE), interpolation=cv2.INTER_AREA)


def group_scenes(thumbnails: np.ndarray, min_correlation: float = MIN_CORRELATION) -> np.ndarray:
    """Find the photos that show one scene, as the photos of a burst do.

    Two photos show one scene if they correlate, or if a chain of correlating photos joins them.

    Args:
        thumbnails: uint8 (N, 32, 32).
        min_correlation: The correlation above which two photos show one scene.

    Returns:
        int (N,): equal numbers for photos of one scene.
    """
    values = thumbnails.reshape(len(thumbnails), -1).astype(np.float32)
    values -= values.mean(axis=1, keepdims=True)
    values /= np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-6)
    label = np.arange(len(values))
    for row, value in enumerate(values):
        joined = np.unique(label[: row + 1][values[: row + 1] @ value > min_correlation])
        label[np.isin(label, joined)] = joined.min(initial=row)
    return label


def split_photos(scenes: np.ndarray, test_share: float, seed: int) -> list[str]:
    """Choose whole scenes for testing, at random.

    Patches of one scene on both sides would reward a network for memory.

    Args:
        scenes: (N,) label of each photo's scene.
        test_share: The wanted share of the photos, in (0, 1). The share is not exceeded, with one
            exception: if there are two scenes or more, at least one scene is for testing, the
            smallest if necessary.
        seed: Seed of the choice; 0 or more.

    Returns:
        `TRAIN` or `TEST` for each photo; `TRAIN` for all photos if there is only one scene.
    """
    labels, sizes = np.unique(scenes, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(labels))
    wanted = min(round(test_share * len(scenes)), len(scenes) - 1)
    test, count = set(), 0
    for index in order:
        if count + sizes[index] <= wanted:
            test.add(labels[index])
            count += sizes[index]
    if not test and len(labels) > 1:
        test.add(labels[min(order, key=lambda index: sizes[index])])
    return [TEST if label in test else TRAIN for label in scenes]
