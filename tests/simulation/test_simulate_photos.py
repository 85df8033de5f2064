"""A simulated shoot has the photos and clocks of a real shoot."""

import hashlib
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from align.pairing.pair_photos import pair_photos
from simulation.cameras import DSLR, PHONES, SimulationError
from simulation.geometry import random_pose
from simulation.shooting import shoot
from simulation.simulate_photos import simulate_shoot

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def scenes():
    """Eight small scenes of random texture; their names are in order."""
    found = {}
    for index in range(8):
        noise = np.random.default_rng(index).normal(size=(150, 200)).astype(np.float32)
        scene = cv2.GaussianBlur(noise, (0, 0), 3)
        gray = np.clip(127 + scene / scene.std() * 45, 0, 255).astype(np.uint8)
        found[f"scene{index}"] = np.repeat(gray[..., None], 3, axis=2)
    return found


@pytest.fixture(scope="module")
def folder(scenes, tmp_path_factory):
    return simulate_shoot(scenes, "sony", tmp_path_factory.mktemp("shoot") / "shoot")


def digests(folder):
    return {
        path.relative_to(folder): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*.jpg"))
    }


def test_align_pairs_the_photos_of_each_scene_by_time(folder):
    pairing = pair_photos(folder / "phone", folder / "canon")
    assert pairing.how.startswith("by time")
    names = [(pair.phone.name, pair.dslr.name) for pair in pairing.pairs]
    assert names == [(f"IMG_{1 + i:04}.jpg", f"IMG_{4021 + i:04}.jpg") for i in range(8)]


def test_clocks_differ_by_one_offset_and_a_few_seconds(folder):
    sides = []
    for side in ("phone", "canon"):
        times = []
        for path in sorted((folder / side).iterdir()):
            with Image.open(path) as image:
                date = image.getexif().get_ifd(0x8769)[0x9003]
            times.append(np.datetime64(date.replace(":", "-", 2).replace(" ", "T"), "s"))
        sides.append(np.array(times).astype(float))
    phone, dslr = sides
    assert (np.diff(phone) >= 19).all() and np.ptp(np.diff(phone)) > 20
    difference = dslr - phone
    assert abs(np.median(difference)) > 10  # as the seed has it
    assert 0 < np.ptp(difference) <= 5  # 4 seconds, and rounding to whole ones


@pytest.mark.parametrize(("side", "camera"), [("phone", PHONES["sony"]), ("canon", DSLR)])
def test_a_file_is_the_picture_the_camera_takes(folder, scenes, side, camera):
    rng = np.random.default_rng([0, 2, side == "canon"])
    expected, _ = shoot(scenes["scene2"], camera, random_pose(rng), rng)
    path = sorted((folder / side).iterdir())[2]
    with Image.open(path) as image:
        found = np.asarray(image)
        assert isinstance(image, JpegImageFile)
        quantization = image.quantization[0][0]
    # The second compression uses the same tables. Another quality would cost far more.
    assert cv2.PSNR(found, expected) > 46
    assert quantization == max(1, round(16 * (200 - 2 * camera.jpeg_quality) / 100))


def test_phone_and_dslr_have_different_views(folder):
    first, second = (
        np.asarray(Image.open(sorted((folder / side).iterdir())[0]).convert("L"))
        for side in ("phone", "canon")
    )
    assert first.shape != second.shape
    rows, columns = np.minimum(first.shape, second.shape)
    middles = []
    for picture in (first, second):
        top, left = (picture.shape[0] - rows) // 2, (picture.shape[1] - columns) // 2
        middles.append(np.float64(picture[top : top + rows, left : left + columns]))
    assert np.corrcoef(*(middle.ravel() for middle in middles))[0, 1] < 0.9


def test_the_seed_decides_the_bytes(folder, scenes, tmp_path):
    again = simulate_shoot(scenes, "sony", tmp_path / "again")
    assert digests(again) == digests(folder)
    other = digests(simulate_shoot(scenes, "sony", tmp_path / "other", seed=1))
    assert not set(other.values()) & set(digests(folder).values())


def test_limit_takes_the_first_photos(scenes, folder, tmp_path):
    few = simulate_shoot(scenes, "sony", tmp_path / "few", limit=2)
    names = sorted(path.name for path in few.rglob("*.jpg"))
    assert names == ["IMG_0001.jpg", "IMG_0002.jpg", "IMG_4021.jpg", "IMG_4022.jpg"]


def test_a_photo_that_fails_is_named_and_leaves_nothing(scenes, tmp_path):
    tiny = scenes | {"zzz.jpg": np.zeros((90, 90, 3), np.uint8)}
    with pytest.raises(SimulationError, match=r"^zzz\.jpg: "):
        simulate_shoot(tiny, "sony", tmp_path / "shoot")
    assert list(tmp_path.iterdir()) == []


def test_an_existing_target_is_left_alone(scenes, tmp_path):
    (tmp_path / "shoot").mkdir()
    with pytest.raises(SimulationError, match="exists: remove it"):
        simulate_shoot(scenes, "sony", tmp_path / "shoot")
    assert list((tmp_path / "shoot").iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--phone", "nokia"], "no virtual phone 'nokia'"),
        (["--phone", "sony", "--photos", "missing"], "missing: no such folder"),
        (["--phone", "sony", "--limit", "0"], "--limit 0: give 1 or more"),
        (["--phone", "sony", "--seed", "-1"], "--seed -1: give 0 or more"),
    ],
)
def test_bad_input_ends_in_one_line(arguments, message, tmp_path):
    command = [sys.executable, "-m", "simulation.simulate_photos", *arguments]
    ended = subprocess.run(
        [*command, "--output", str(tmp_path / "shoot")], cwd=ROOT, capture_output=True, text=True
    )
    assert ended.returncode == 1
    assert len(ended.stderr.splitlines()) == 1 and message in ended.stderr
    assert list(tmp_path.iterdir()) == []
