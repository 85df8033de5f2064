"""`simulation.measure` finds the known constants of virtual cameras."""

import dataclasses
import itertools
import json
import subprocess
import sys

import cv2
import imageio.v3 as iio
import numpy as np
import pytest

from data.pair_files import training_pairs
from data.shipped_photos import shipped_photos
from simulation.cameras import CAMERAS, Camera
from simulation.development import develop
from simulation.measure import MeasurementError, estimate_shift, measure
from simulation.measured_color import measure_exposure_and_color, measure_tone
from simulation.measured_detail import measure_blur, measure_jpeg_grid, measure_noise
from simulation.shooting import patch_pairs

IDEAL = Camera(
    name="ideal",
    sensor_size=(2048, 1536),
    field_of_view=0.8,
    distortion=(0.0, 0.0),
    blur=0.0,
    vignetting=0.0,
    exposure=1.0,
    exposure_jitter=0.0,
    underexposure=(0.0, 0.0, 0.0),
    shot_noise=0.0,
    read_noise=0.0,
    white_balance=(1.0, 1.0, 1.0),
    white_balance_jitter=0.0,
    saturation=1.0,
    gamma=(1.0, 1.0, 1.0),
    contrast=0.0,
    black_level=0.0,
    luma_smoothing=0.0,
    chroma_smoothing=0.0,
    sharpening=0.0,
    jpeg_quality=100,
)


@pytest.fixture(scope="module")
def scenes():
    """Light of 60 color mosaics, 100×100, with tiles of 23 pixels: flat areas and sharp edges."""
    rng = np.random.default_rng(0)
    found = []
    for _ in range(60):
        gray = rng.uniform(0.01, 0.7, (6, 6, 1))
        tiles = gray * rng.uniform(0.75, 1.25, (6, 6, 3))
        large = np.kron(tiles, np.ones((23, 23, 1)))
        y, x = rng.integers(0, 23, 2)
        found.append(np.float32(large[y : y + 100, x : x + 100]))
    return found


def shots(scenes, **constants):
    camera = dataclasses.replace(IDEAL, **constants)
    rng = np.random.default_rng(1)
    return np.stack([develop(scene, camera, rng) for scene in scenes]).astype(np.float32) / 255


def test_noise_model_and_smoothing_are_recovered(scenes):
    found = measure_noise(
        shots(scenes, shot_noise=1.5e-3, read_noise=4e-3, luma_smoothing=0.6), shots(scenes)
    )
    assert found["shot"] == pytest.approx(1.5e-3, rel=0.15)
    assert found["read"] == pytest.approx(4e-3, rel=0.25)
    assert found["smoothing"] == pytest.approx(0.6, abs=0.06)
    clean = measure_noise(shots(scenes), shots(scenes))
    assert max(value for value in clean["sd_of_255"] if value is not None) < 0.6  # rounding


def test_blur_is_recovered_even_under_noise(scenes):
    dslr = shots(scenes)
    for sigma in (0.5, 0.9):
        assert measure_blur(shots(scenes, blur=sigma), dslr)["sigma"] == pytest.approx(
            sigma, abs=0.12
        )
    noisy = shots(scenes, blur=0.9, shot_noise=1e-3)
    assert measure_blur(noisy, dslr)["sigma"] == pytest.approx(0.9, abs=0.15)
    assert measure_blur(dslr, dslr)["sigma"] < 0.02


def test_exposure_and_color_are_recovered(scenes):
    phone = shots(
        scenes,
        exposure=0.9,
        underexposure=(1.0, 1.0, 1.2),
        white_balance=(0.9, 1.0, 0.8),
    )
    found = measure_exposure_and_color(phone, shots(scenes))
    # An exponential distribution with the mean 1 stop has the median log 2 and the deviation 1.
    assert found["stops"]["50%"] == pytest.approx(np.log2(0.9) - np.log(2), abs=0.25)
    assert found["stops"]["sd"] == pytest.approx(1.0, abs=0.3)
    red, blue = found["red_to_green"], found["blue_to_green"]
    assert red["white_balance"] == pytest.approx(np.log2(0.9), abs=0.04)
    assert blue["white_balance"] == pytest.approx(np.log2(0.8), abs=0.06)
    assert red["per_stop"] == pytest.approx(0, abs=0.02)
    assert blue["per_stop"] == pytest.approx(0.2, abs=0.04)
    assert red["saturation"] == pytest.approx(1, abs=0.02)
    assert red["jitter"] < 0.03

    dull = measure_exposure_and_color(shots(scenes, saturation=0.8), shots(scenes))
    assert dull["red_to_green"]["saturation"] == pytest.approx(0.8, abs=0.08)

    shaken = measure_exposure_and_color(shots(scenes, white_balance_jitter=0.1), shots(scenes))
    # The jitter of the difference of two gains, in stops.
    expected = 0.1 * np.sqrt(2) / np.log(2)
    assert shaken["red_to_green"]["jitter"] == pytest.approx(expected, rel=0.25)


def test_slope_and_tone_curve_are_recovered(scenes):
    found = measure_tone(shots(scenes, gamma=(1.0, 1.2, 1.0)), shots(scenes))
    low, high = found["slope"]
    assert 1.1 < low <= high < 1.3
    for level, red, green in zip(
        found["levels"], found["phone_at_dslr"]["R"], found["phone_at_dslr"]["G"], strict=True
    ):
        if level > 0.1 and green is not None:
            assert red == pytest.approx(level, abs=0.06)
            assert green == pytest.approx(red**1.2, abs=0.03)


def test_a_shift_is_found_but_not_between_unrelated_patches(scenes):
    dslr = shots(scenes[:8], blur=1.0)
    matrix = np.array([[1, 0, -0.7], [0, 1, 0.4]], np.float32)
    for image in dslr:
        moved = cv2.warpAffine(image, matrix, (100, 100), borderMode=cv2.BORDER_REFLECT_101)
        assert estimate_shift(moved, image) == pytest.approx((0.7, -0.4), abs=0.2)
    rng = np.random.default_rng(2)
    noise_only = [rng.random((100, 100, 3)).astype(np.float32) for _ in range(2)]
    assert estimate_shift(*noise_only) is None


def test_strong_compression_is_seen_at_every_offset(scenes):
    camera = dataclasses.replace(IDEAL, jpeg_quality=25)
    rng = np.random.default_rng(3)
    texture = [scene * rng.uniform(0.8, 1.2, scene.shape).astype(np.float32) for scene in scenes]
    coded = np.stack([develop(scene, camera, rng)[3:99, 5:97] for scene in texture])
    plain = np.stack([develop(scene, IDEAL, rng)[3:99, 5:97] for scene in texture])
    seen, unseen = (
        measure_jpeg_grid(side.astype(np.float32) / 255)["grid_seen"] for side in (coded, plain)
    )
    assert seen > 0.7 and unseen < 0.2


@pytest.fixture(scope="module")
def real(reference_data):
    folder = reference_data / "dped"
    if not (folder / "iphone" / "training_data").is_dir():
        pytest.skip("the reference data have no iPhone training pairs")
    pairs = training_pairs(folder, "iphone")
    return [
        np.stack([iio.imread(path) for path in side]).astype(np.float32) / 255
        for side in (pairs.phone, pairs.target)
    ]


def test_the_virtual_iphone_agrees_with_the_real_one(real):
    # 10 patches of each shipped photo. The scenes are not those of DPED, so the test compares only
    # measurements that do not depend on the scene.
    pairs = [
        pair
        for seed, photo in enumerate(shipped_photos().values())
        for pair in itertools.islice(patch_pairs(photo, "iphone", np.random.default_rng(seed)), 10)
    ]
    sides = zip(*pairs, strict=True)
    virtual = measure(*(np.stack(side).astype(np.float32) / 255 for side in sides))
    actual = measure(*real)
    exposure = [found["exposure_and_color"] for found in (virtual, actual)]
    assert exposure[0]["stops"]["50%"] == pytest.approx(exposure[1]["stops"]["50%"], abs=0.6)
    for chroma in ("red_to_green", "blue_to_green"):
        for name, tolerance in (("white_balance", 0.15), ("saturation", 0.15), ("per_stop", 0.11)):
            expected = exposure[1][chroma][name]
            assert exposure[0][chroma][name] == pytest.approx(expected, abs=tolerance), name
    for k in (1, 2, 3, 4, 5):  # code values 0.08 to 0.65
        ours, theirs = (found["noise"]["sd_of_255"][k] for found in (virtual, actual))
        assert ours == pytest.approx(theirs, rel=0.35)
    # Below 0.25 cycles per pixel. Above, the ratio depends on the amount of detail and noise.
    assert virtual["blur"]["phone_to_dslr"][1:4] == pytest.approx(
        actual["blur"]["phone_to_dslr"][1:4], abs=0.15
    )
    assert CAMERAS["iphone"].underexposure[2] > CAMERAS["iphone"].underexposure[1]


def test_unequal_or_useless_pairs_are_refused(scenes):
    images = shots(scenes[:3])
    with pytest.raises(MeasurementError, match="equal N×H×W×3"):
        measure(images, images[:2])
    with pytest.raises(MeasurementError, match="0 of 3 pairs can be compared"):
        measure(images * 0, images)


def command(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "simulation.measure", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )


def test_command_line_prints_and_writes_json(write_dataset, tmp_path):
    write_dataset(tmp_path, "mine")
    output = tmp_path / "mine.json"
    done = command("--phone", "mine", "--data_dir", tmp_path, "--output", output)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == json.loads(output.read_text()) and "exposure" in done.stdout
    few = command("--phone", "mine", "--data_dir", tmp_path, "--pairs", "3")
    assert json.loads(few.stdout)["pairs"] == 3
    absent = command("--phone", "other", "--data_dir", tmp_path)
    assert absent.returncode == 1 and absent.stderr.count("\n") == 1
    iio.imwrite(tmp_path / "mine" / "training_data" / "mine" / "0.png", np.zeros((9, 9), np.uint8))
    odd = command("--phone", "mine", "--data_dir", tmp_path)
    assert odd.returncode == 1 and "expected 100×100" in odd.stderr and odd.stderr.count("\n") == 1
