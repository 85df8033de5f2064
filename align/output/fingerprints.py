"""Windows, and photos, that show the same: found by small versions of them."""

import cv2
import numpy as np
from scipy.spatial import KDTree

ALIKE = 1.5  # RMS difference of two fingerprints in levels of 255; below, it is the same picture
SAME_SCENE = 0.95  # correlation of two thumbnails
CELLS = 10  # of a fingerprint, along each side
THUMBNAIL = 32  # pixels
BLOCK = 2000  # windows searched for at a time


def fingerprint(patch: np.ndarray) -> np.ndarray:
    """Means over squares of a patch.

    Args:
        patch: uint8 RGB 100×100×3.

    Returns:
        uint8 10×10×3.
    """
    step = len(patch) // CELLS
    means = patch.reshape(CELLS, step, CELLS, step, 3).mean(axis=(1, 3))
    return np.rint(means).astype(np.uint8)


def thumbnail(photo: np.ndarray) -> np.ndarray:
    """A photo's luma, squeezed to 32×32.

    Args:
        photo: uint8 RGB H×W×3.

    Returns:
        uint8 32×32.
    """
    gray = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY)
    return cv2.resize(gray, (THUMBNAIL, THUMBNAIL), interpolation=cv2.INTER_AREA)


def duplicates(fingerprints: np.ndarray, alike: float = ALIKE) -> np.ndarray:
    """Windows that show what an earlier one shows, on the phone's side and on the DSLR's.

    Exact, and fast because few windows are compared: the means of quarters of the fingerprints,
    times the root of the number of values, are an orthogonal projection, so windows that are
    alike are at least as near each other there, where a k-d tree finds the near ones.

    Args:
        fingerprints: uint8 (N, 2, 10, 10, 3), phone and DSLR.
        alike: the largest root mean square difference on either side, in levels of 255.

    Returns:
        bool (N,): True where a window before it that is False is alike.
    """
    count = len(fingerprints)
    values = fingerprints.reshape(count, 2, CELLS**2 * 3)
    half = CELLS // 2
    quarters = fingerprints.reshape(count, 2, 2, half, 2, half, 3).mean(axis=(3, 5, 6))
    points = quarters.reshape(count, 8).astype(np.float32) * np.sqrt(half**2 * 3)
    reach = alike * np.sqrt(values[0].size if count else 1) * (1 + 1e-5)
    dropped = np.zeros(count, bool)

    def same(first, second):
        """For rows that pair up, whether both sides are alike."""
        difference = values[first].astype(np.float32) - values[second]
        return (np.square(difference).mean(axis=-1) <= alike**2).all(axis=-1)

    for start in range(0, count, BLOCK):
        block = np.arange(start, min(start + BLOCK, count))
        earlier = np.flatnonzero(~dropped[:start])
        if len(earlier):
            # Windows kept so far are unlike each other, so few of them are near any point.
            near = KDTree(points[earlier]).query_ball_point(points[block], reach)
            for row, found in zip(block, near, strict=True):
                dropped[row] = len(found) > 0 and same(row, earlier[found]).any()
        block = block[~dropped[block]]
        couples = KDTree(points[block]).query_pairs(reach, output_type="ndarray")
        couples = block[couples[np.lexsort(couples.T)]]  # by the later window
        for first, second in couples[same(*couples.T)] if len(couples) else ():
            if not dropped[first]:
                dropped[second] = True
    return dropped


def scenes(thumbnails: np.ndarray, same: float = SAME_SCENE) -> np.ndarray:
    """Which photos show the same scene, as those of a burst do: directly, or by way of others.

    Args:
        thumbnails: uint8 (N, 32, 32).
        same: correlation above which two of them show one scene.

    Returns:
        int (N,): equal for photos of one scene.
    """
    values = thumbnails.reshape(len(thumbnails), -1).astype(np.float32)
    values -= values.mean(axis=1, keepdims=True)
    values /= np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-6)
    label = np.arange(len(values))
    for row, value in enumerate(values):
        joined = np.unique(label[: row + 1][values[: row + 1] @ value > same])
        label[np.isin(label, joined)] = joined.min(initial=row)
    return label
