"""Windows that show the same as an earlier window, found by small versions of their patches."""

import numpy as np
from scipy.spatial import KDTree

MAX_DIFFERENCE = 1.5  # root mean square, levels of 255; up to it two fingerprints are the same
CELLS = 10  # of a fingerprint, along each side
BLOCK = 2000  # windows searched for at a time


def patch_fingerprint(patch: np.ndarray) -> np.ndarray:
    """Return the means over the squares of a patch.

    Args:
        patch: uint8 RGB 100×100×3.

    Returns:
        uint8 10×10×3.
    """
    step = len(patch) // CELLS
    means = patch.reshape(CELLS, step, CELLS, step, 3).mean(axis=(1, 3))
    return np.rint(means).astype(np.uint8)


def find_duplicates(fingerprints: np.ndarray, max_difference: float = MAX_DIFFERENCE) -> np.ndarray:
    """Find the windows that show the same as an earlier window, in both photos.

    The search is exact. A k-d tree makes the search fast, because few windows are then compared.
    The tree holds the means of the fingerprints' quarters, times the root of the number of values.
    That is an orthogonal projection, so equal windows are at least as near to each other there.

    Args:
        fingerprints: uint8 (N, 2, 10, 10, 3), phone and DSLR.
        max_difference: The largest root mean square difference in either photo, levels of 255.

    Returns:
        bool (N,): True for a window that equals an earlier window whose value is False.
    """
    count = len(fingerprints)
    values = fingerprints.reshape(count, 2, CELLS**2 * 3)
    half = CELLS // 2
    quarters = fingerprints.reshape(count, 2, 2, half, 2, half, 3).mean(axis=(3, 5, 6))
    points = quarters.reshape(count, 8).astype(np.float32) * np.sqrt(half**2 * 3)
    reach = max_difference * np.sqrt(values[0].size if count else 1) * (1 + 1e-5)
    duplicate = np.zeros(count, bool)

    def same(first, second):
        """Return for each pair of rows whether both photos show the same."""
        difference = values[first].astype(np.float32) - values[second]
        return (np.square(difference).mean(axis=-1) <= max_difference**2).all(axis=-1)

    for start in range(0, count, BLOCK):
        block = np.arange(start, min(start + BLOCK, count))
        earlier = np.flatnonzero(~duplicate[:start])
        if len(earlier):
            # The earlier windows differ from each other, so few of them are near any point.
            near = KDTree(points[earlier]).query_ball_point(points[block], reach)
            for row, found in zip(block, near, strict=True):
                duplicate[row] = len(found) > 0 and same(row, earlier[found]).any()
        block = block[~duplicate[block]]
        couples = KDTree(points[block]).query_pairs(reach, output_type="ndarray")
        couples = block[couples[np.lexsort(couples.T)]]  # ordered by the later window
        for first, second in couples[same(*couples.T)] if len(couples) else ():
            if not duplicate[first]:
                duplicate[second] = True
    return duplicate
