"""Kept scores come back as they were, or not at all: whatever bit of their file flips."""

import random

import numpy as np

from evaluation.score_method import Scored, _read, _write

SCORED = Scored(
    np.arange(2 * 4 * 4 * 3, dtype=np.uint8).reshape(2, 4, 4, 3),
    {"psnr": np.array([20.0, 21.0]), "ssim": np.array([0.8, 0.9])},
    {"seconds": 1.5, "parameters": None},
)


def is_intact(found):
    return (
        np.array_equal(found.pictures, SCORED.pictures)
        and found.per_image.keys() == SCORED.per_image.keys()
        and all(np.array_equal(found.per_image[k], v) for k, v in SCORED.per_image.items())
        and found.cost == SCORED.cost
    )


def test_scores_come_back(tmp_path):
    _write(tmp_path / "a.npz", SCORED)
    found = _read(tmp_path / "a.npz")
    assert found is not None and is_intact(found)
    assert _read(tmp_path / "missing.npz") is None


def test_flipped_bits(tmp_path):
    path, rng, refused = tmp_path / "a.npz", random.Random(0), 0
    _write(path, SCORED)
    intact = path.read_bytes()
    for _ in range(1500):
        damaged = bytearray(intact)
        damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
        path.write_bytes(damaged)
        found = _read(path)
        refused += found is None
        assert found is None or is_intact(found)
    assert refused > 500


def test_a_changed_name(tmp_path):
    path = tmp_path / "a.npz"
    _write(path, SCORED)
    path.write_bytes(path.read_bytes().replace(b"metric_psnr", b"metric_psnx"))
    assert _read(path) is None
