"""Photos of one scene are found, and stay on one side of the split."""

import numpy as np
import pytest
from fake_aligner import picture

from align.output.split_scenes import group_scenes, luma_thumbnail, split_photos


@pytest.mark.parametrize(
    ("labels", "share", "test_photos"),
    [
        (range(10), 0.1, 1),
        (range(10), 0.3, 3),
        (range(2), 0.01, 1),
        (range(2), 0.99, 1),
        ([0, 0, 0, 0, 1, 1], 0.1, 2),
        ([0, 0, 0], 0.5, 0),
        ([0], 0.5, 0),
        ([0] * 5 + [1] * 5, 0.5, 5),
    ],
)
def test_the_split(labels, share, test_photos):
    labels = np.array(labels)
    for seed in range(5):
        split = np.array(split_photos(labels, share, seed))
        assert (split == "test").sum() == test_photos
        assert not set(labels[split == "test"]) & set(labels[split == "train"])
        assert split.tolist() == split_photos(labels, share, seed)


def test_the_seed_chooses():
    splits = {tuple(split_photos(np.arange(8), 0.25, seed)) for seed in range(10)}
    assert len(splits) > 3


def test_scenes_are_found_by_way_of_others():
    rng = np.random.default_rng(4)
    first, last, other = rng.normal(0, 40, (3, 32, 32))
    # Correlations: 1–2 and 2–3 are cos 15° = 0.966, 1–3 is cos 30° = 0.866.
    turned = [first * np.cos(a) + last * np.sin(a) for a in np.radians([0, 30, 15])]
    views = [turned[0], other, turned[1], turned[2], np.zeros((32, 32))]
    labels = group_scenes(np.uint8(np.clip(128 + np.array(views), 0, 255)))
    assert labels[0] == labels[2] == labels[3]
    assert len(set(labels.tolist())) == 3


def test_thumbnails_tell_scenes_apart_whatever_the_exposure():
    first, second = picture(1, (300, 400)), picture(2, (300, 400))
    darker = np.roll(first // 2, 3, axis=1)
    labels = group_scenes(np.array([luma_thumbnail(view) for view in (first, second, darker)]))
    assert labels[0] == labels[2] != labels[1]
