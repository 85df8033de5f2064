"""The verdict on a dataset: its words follow from the scenes, the patches and their shift."""

import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from align.output.judge_dataset import exposure_of, judge_dataset
from align.output.write_dataset import DatasetEntry
from align.output.write_unit import Unit
from align.pairing.pair_photos import PhotoPair
from common.layout import TEST, TRAIN

PATCHES = 25  # of a scene


@pytest.fixture(autouse=True)
def fewer_measurements(monkeypatch):
    monkeypatch.setattr("align.output.judge_dataset.SAMPLE", 40)


def scene(folder, number, shift=0.0, light=1.0, kept=PATCHES):
    """Make the entry of a pair; the first ten patches are on the disk, moved by `shift` pixels."""
    rng = np.random.default_rng(number)
    unit_folder = folder / str(number)
    moved = np.array([[1, 0, shift], [0, 1, 0]])
    for side in ("phone", "dslr"):
        (unit_folder / side).mkdir(parents=True)
    for row in range(kept):
        texture = cv2.GaussianBlur(rng.random((140, 140, 3)).astype(np.float32), (0, 0), 1.5)
        texture = np.clip(0.5 + (texture - texture.mean()) * 1.5, 0, 1)
        other = cv2.warpAffine(texture, moved, (140, 140), flags=cv2.INTER_CUBIC).clip(0, 1)
        for side, picture in (("phone", texture), ("dslr", other)):
            patch = np.rint(255 * picture[20:120, 20:120]).astype(np.uint8)
            Image.fromarray(patch).save(unit_folder / side / f"{row}.png")
    fingerprints = np.full((kept, 2, 10, 10, 3), 100, np.uint8)
    # 100 of 255 is 0.127 of full light.
    fingerprints[:, 1] = {1.0: 100, 4.0: 189, 0.25: 50}[light]
    unit = Unit(
        unit_folder,
        "",
        "png",
        ncc=np.ones(kept, np.float32),
        kept=np.arange(kept),
        fingerprints=fingerprints,
        thumbnail=rng.integers(0, 256, (32, 32), np.uint8),
    )
    pair = PhotoPair(f"scene{number}", Path("p.jpg"), Path("d.jpg"))
    numbers = {row: row for row in range(kept)}
    return DatasetEntry(pair, "", unit, TEST if number % 5 == 0 else TRAIN, numbers)


def failed(number):
    pair = PhotoPair(f"failed{number}", Path("p.jpg"), Path("d.jpg"))
    return DatasetEntry(pair, "the photos share no scene")


def test_a_good_shoot_is_called_good_in_one_line(tmp_path):
    verdict = judge_dataset([*(scene(tmp_path, n) for n in range(20)), failed(1)])
    assert verdict.sentence == "20 of 21 scenes, 500 patches, typically 0.00 px: good to train on"
    assert verdict.good and verdict.warnings == ()


def test_every_fault_is_named(tmp_path):
    verdict = judge_dataset([scene(tmp_path, n, shift=1.2) for n in range(1, 4)])
    figures, faults = verdict.sentence.split(": not good to train on: ")
    assert re.fullmatch(r"3 of 3 scenes, 75 patches, typically 1\.(1[5-9]|2[0-5]) px", figures)
    assert faults == (
        "fewer than 10 scenes (20 are safe), fewer than 200 patches, no scene is left for testing, "
        "the two patches of a pair are more than 1 px apart"
    )
    assert not verdict.good
    assert "3 scenes are aligned poorly: scene1 (1.2 px)" in verdict.warnings[1]


def test_photos_of_one_scene_count_once(tmp_path):
    entries = [scene(tmp_path, n) for n in range(3)]
    units = [entry.unit for entry in entries if entry.unit]
    for unit in units:
        unit.thumbnail[:] = units[0].thumbnail
    assert judge_dataset(entries).sentence.startswith("1 of 1 scene, 75 patches")


def test_a_first_try_is_good_with_a_warning(tmp_path):
    verdict = judge_dataset([scene(tmp_path, n) for n in range(12)], ["a doubt of the pairing"])
    assert verdict.good
    assert verdict.warnings == (
        "12 scenes are few. 20 scenes are safe.",
        "a doubt of the pairing",
    )


def test_many_failures_are_a_warning(tmp_path):
    entries = [*(scene(tmp_path, n) for n in range(20)), *map(failed, range(7))]
    assert "7 of 27 pairs of photos gave no patch" in judge_dataset(entries).warnings[0]
    assert judge_dataset(entries[:-1]).warnings == ()


@pytest.mark.parametrize(("light", "steps"), [(1.0, 0), (4.0, 2), (0.25, -2)])
def test_exposures_are_powers_of_two(tmp_path, light, steps):
    unit = scene(tmp_path, 0, light=light).unit
    assert unit and exposure_of(unit) == pytest.approx(steps, abs=0.03)


def test_scenes_of_another_exposure_are_named(tmp_path):
    entries = [scene(tmp_path, n, light=4.0 if n == 3 else 1.0) for n in range(20)]
    (warning,) = judge_dataset(entries).warnings
    assert "1 scene is exposed differently from the typical scene: scene3 (+2.0 EV)" in warning
    assert "exposure brackets" in warning
