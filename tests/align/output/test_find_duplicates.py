"""The search for duplicates finds the same as a comparison of all with all, and is fast."""

import time

import numpy as np
import pytest

from align.output.find_duplicates import find_duplicates, patch_fingerprint


def prints(rng, count, low=40, high=200):
    return rng.integers(low, high, (count, 2, 10, 10, 3), dtype=np.uint8)


def test_windows_are_duplicates_only_if_both_sides_are():
    base = prints(np.random.default_rng(0), 3)
    near = base.copy()
    near[0] += 1  # RMS 1 on both sides
    near[1, 0] += 1
    near[1, 1] += 2  # RMS 2 on the DSLR's
    near[2, :, :5] += 2  # RMS √2 on both
    found = find_duplicates(np.concatenate([base, near]))
    assert found.tolist() == [False] * 3 + [True, False, True]


def test_a_duplicate_of_a_duplicate_alone_is_kept():
    base = prints(np.random.default_rng(1), 1)
    steps = np.concatenate([base, base + 1, base + 2, base + 3])
    # The second is like the first; the third only like the second, which is gone.
    assert find_duplicates(steps).tolist() == [False, True, False, True]


@pytest.mark.parametrize("block", [1, 7, 2000])
def test_the_search_finds_what_comparing_all_finds(monkeypatch, block):
    monkeypatch.setattr("align.output.find_duplicates.BLOCK", block)
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
    assert find_duplicates(noisy).tolist() == expected


def test_no_windows_have_no_duplicates():
    assert find_duplicates(prints(np.random.default_rng(), 0)).tolist() == []
    assert find_duplicates(prints(np.random.default_rng(), 1)).tolist() == [False]


def test_100_000_windows_are_searched_in_seconds():
    rng = np.random.default_rng(3)
    # Smooth, as photos are: most of what varies is the mean.
    tint = rng.normal(120, 35, (50_000, 2, 1, 1, 3)) + rng.normal(0, 12, (50_000, 2, 10, 10, 1))
    base = np.uint8(tint.clip(0, 255))
    start = time.process_time()
    found = find_duplicates(np.concatenate([base, base]))
    assert time.process_time() - start < 30
    assert not found[:50_000].any() and found[50_000:].all()


def test_fingerprints_are_means_of_squares():
    patch = np.zeros((100, 100, 3), np.uint8)
    patch[:10, 10:20] = [10, 20, 30]
    patch[90:, 90:95, 0] = 200
    result = patch_fingerprint(patch)
    assert result[0, 1].tolist() == [10, 20, 30]
    assert result[9, 9].tolist() == [100, 0, 0]
    assert result.sum() == 160
