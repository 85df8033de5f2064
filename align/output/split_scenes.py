"""Which photos are for training and which for testing."""

import numpy as np

from common.layout import TEST, TRAIN


def split_photos(scenes: np.ndarray, test_share: float, seed: int) -> list[str]:
    """Put whole scenes, chosen at random, on the test side.

    Patches of one scene on both sides would let a network be praised for what it has seen.

    Args:
        scenes: (N,) label of each photo's scene.
        test_share: wanted share of the photos, in (0, 1). There are no more than that, but one
            scene at least, the smallest if need be, as soon as there are two.
        seed: of the choice; 0 or more.

    Returns:
        `TRAIN` or `TEST` for each photo; `TRAIN` for all if there is but one scene.
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
