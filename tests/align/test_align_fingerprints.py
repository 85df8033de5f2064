"""Windows and scenes that are the same: against comparing all with all, and in time."""

import time

import numpy as np
import pytest
from fake_aligner import picture

from align.output.fingerprints import duplicates, fingerprint, scenes, thumbnail


def prints(rng, count, low=40, high=200):
    return rng.integers(low, high, (count, 2, 10, 10, 3), dtype=np.uint8)


def test_windows_are_duplicates_only_if_both_sides_are():
    base = prints(np.random.default_rng(0), 3)
    near = base.copy()
    near[0] += 1  # RMS 1 on both sides
    near[1, 0] += 1
    near[1, 1] += 2  # RMS 2 on the DSLR's
    near[2, :, :5] += 2  # RMS √2 on both
    found = duplicates(np.concatenate([base, near]))
    assert found.tolist() == [False] * 3 + [True, False, True]


def test_a_duplicate_of_a_duplicate_alone_is_kept():
    base = prints(np.random.default_rng(1), 1)
    steps = np.concatenate([base, base + 1, base + 2, base + 3])
    # The second is like the first; the third only like the second, which is gone.
    assert duplicates(steps).tolist() == [False, True, False, True]


@pytest.mark.parametrize("block", [1, 7, 2000])
def test_the_search_finds_what_comparing_all_finds(monkeypatch, block):
    monkeypatch.setattr("align.output.fingerprints.BLOCK", block)
    rng = np.random.default_rng(2)
    base = prints(rng, 12)
    chosen = base[rng.integers(0, 12, 150)].astype(int)
    # Noise of RMS about 1: between any two about 1.4, so some are alike and some are not.
    noisy = np.uint8(chosen + np.rint(rng.normal(0, 1.02, chosen.shape)).astype(int))
    expected, kept = [], []
    for values in noisy.astype(float):
        rms = [np.sqrt(((values - other) ** 2).mean(axis=(1, 2, 3))) for other in kept]
        expected.append(any((r <= 1.5).all() for r in rms))
        if not expected[-1]:
            kept.append(values)
    assert 20 < sum(expected) < 140
    assert duplicates(noisy).tolist() == expected


def test_no_windows_have_no_duplicates():
    assert duplicates(prints(np.random.default_rng(), 0)).tolist() == []
    assert duplicates(prints(np.random.default_rng(), 1)).tolist() == [False]


def test_100_000_windows_are_searched_in_seconds():
    rng = np.random.default_rng(3)
    # Smooth, as photos are: most of what varies is the mean.
    tint = rng.normal(120, 35, (50_000, 2, 1, 1, 3)) + rng.normal(0, 12, (50_000, 2, 10, 10, 1))
    base = np.uint8(tint.clip(0, 255))
    start = time.perf_counter()
    found = duplicates(np.concatenate([base, base]))
    assert time.perf_counter() - start < 30
    assert not found[:50_000].any() and found[50_000:].all()


def test_fingerprints_are_means_of_squares():
    patch = np.zeros((100, 100, 3), np.uint8)
    patch[:10, 10:20] = [10, 20, 30]
    patch[90:, 90:95, 0] = 200
    result = fingerprint(patch)
    assert result[0, 1].tolist() == [10, 20, 30]
    assert result[9, 9].tolist() == [100, 0, 0]
    assert result.sum() == 160


def test_scenes_are_found_by_way_of_others():
    rng = np.random.default_rng(4)
    first, last, other = rng.normal(0, 40, (3, 32, 32))
    # Correlations: 1–2 and 2–3 are cos 15° = 0.966, 1–3 is cos 30° = 0.866.
    turned = [first * np.cos(a) + last * np.sin(a) for a in np.radians([0, 30, 15])]
    views = [turned[0], other, turned[1], turned[2], np.zeros((32, 32))]
    labels = scenes(np.uint8(np.clip(128 + np.array(views), 0, 255)))
    assert labels[0] == labels[2] == labels[3]
    assert len(set(labels.tolist())) == 3


def test_thumbnails_tell_scenes_apart_whatever_the_exposure():
    first, second = picture(1, (300, 400)), picture(2, (300, 400))
    darker = np.roll(first // 2, 3, axis=1)
    labels = scenes(np.array([thumbnail(view) for view in (first, second, darker)]))
    assert labels[0] == labels[2] != labels[1]
