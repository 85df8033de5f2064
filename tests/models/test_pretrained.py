"""The networks that ship: complete, described by their cards, and as good as the cards say."""

import hashlib
import itertools
import json
import re
import subprocess
import sys
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest

from data.packed import open_pairs
from data.pair_files import test_pairs
from data.shipped_photos import shipped_photos
from inference.litert_engine import LiteRTEngine
from metrics import psnr, score
from models.list_shipped import score_of
from models.shipped import PRETRAINED, SHIPPED
from simulation.shooting import aligned_pair

ROOT = Path(__file__).resolve().parents[2]
NAMES = sorted({path.stem for path in PRETRAINED.glob("*.keras")})


def card(name) -> str:
    return (PRETRAINED / f"{name}.md").read_text(encoding="utf-8")


def test_something_ships_and_it_is_small():
    assert "iphone_3gs" in NAMES
    assert sum(path.stat().st_size for path in PRETRAINED.iterdir()) < 3e6 * len(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_model_has_a_card_with_its_checksums(name):
    text = card(name)
    files = sorted(PRETRAINED.glob(f"{name}.keras")) + sorted(PRETRAINED.glob(f"{name}*.tflite"))
    assert files
    for path in files:
        assert hashlib.sha256(path.read_bytes()).hexdigest() in text, path.name
    for word in ("Data", "Command", "Scores", "Terms"):
        assert f"## {word}" in text


@pytest.mark.parametrize("name", NAMES)
def test_the_manifests_name_the_phone_that_the_network_serves(name):
    paths = [path.with_suffix(".json") for path in PRETRAINED.glob(f"{name}*.tflite")]
    named = {json.loads(path.read_text(encoding="utf-8"))["phone"] for path in paths}
    assert len(named) == 1
    assert (named == {None}) == (not SHIPPED[name].phones)


@pytest.mark.parametrize("name", NAMES)
def test_the_score_in_short_is_one_of_the_tables(name):
    figures = set(re.findall(r"\d+\.\d+", score_of(name)))
    assert len(figures) == 2
    cells = re.findall(r"(?<=\| )\d+\.\d+(?= \|)", card(name))
    assert figures <= {f"{float(cell):.2f}" for cell in cells}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("suffix", [".keras", ".tflite", "_fp16_256.tflite", "_int8_256.tflite"])
def test_the_shipped_file_scores_what_its_card_says(name, suffix, reference_data, tmp_path):
    path = PRETRAINED / f"{name}{suffix}"
    if not path.is_file():
        pytest.skip(f"{path.name} does not ship")
    row = "in 8 bits" if "int8" in suffix else "this network"
    stated = re.search(rf"\| {row} \| ([\d.]+) \| [\d.]+ \| [\d.]+ \| ([\d.]+) \|", card(name))
    phone, target = open_pairs(test_pairs(reference_data / "dped", "iphone"), tmp_path).scaled()
    if path.suffix == ".keras":
        from models import load_generator

        enhanced = load_generator(path).predict(phone, batch_size=16, verbose=0)
    else:
        engine = LiteRTEngine(path)
        enhanced = np.concatenate([engine(image[None]) for image in phone])
    scores = score(enhanced, target)
    assert scores["psnr"] == pytest.approx(float(stated[1]), abs=0.02)
    assert scores["ms_ssim"] == pytest.approx(float(stated[2]), abs=1e-3)


@pytest.mark.parametrize("path", sorted(PRETRAINED.glob("*.tflite")), ids=lambda path: path.stem)
def test_the_shipped_file_makes_the_expected_picture_of_the_sample(path):
    """The test does what docs/deploy.md tells the developer of an app to do."""
    sample = json.loads(path.with_suffix(".json").read_text())["sample"]
    image, thumbnail, expected = (
        iio.imread(PRETRAINED / sample[name]) for name in ("image", "thumbnail", "expected")
    )
    (network, *_) = LiteRTEngine(path).networks()
    given = {"image": image, "thumbnail": thumbnail}
    found = network(**{name: values[None] / np.float32(255) for name, values in given.items()})
    levels = np.rint(255 * np.clip(found["enhanced"][0], 0, 1))
    assert np.abs(levels - expected.astype(float)).max() <= sample["levels"]
    # The sample is a good photo, which `universal` hardly changes.
    least = 0.4 if path.stem.startswith("universal") else 2
    assert np.abs(expected.astype(float) - image).mean() > least


@pytest.mark.parametrize(
    "name, mean, better, worst", [("universal", 3, 4, -1.5), ("iphone_3gs", 4, 5, -1)]
)
def test_photos_of_a_virtual_phone_come_nearer_to_the_dslr(tmp_path, name, mean, better, worst):
    """The gain is an average, because a bright photo may get too bright."""
    photos, pairs = shipped_photos(), {}
    for photo, seed in itertools.product(("astronaut", "chelsea", "coffee"), (0, 1)):
        pair = aligned_pair(photos[photo], "iphone", np.random.default_rng(seed))
        pairs[f"{photo}{seed}"] = pair
        iio.imwrite(tmp_path / f"{photo}{seed}.png", pair[0])
    model = [] if name == "universal" else ["--model", name]  # the default, for photos without EXIF
    done = subprocess.run(
        [sys.executable, ROOT / "enhance.py", tmp_path, *model],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    gains = []
    for photo, (phone, target) in pairs.items():
        enhanced = iio.imread(tmp_path / "enhanced" / f"{photo}.png")
        before, after = (psnr(x[None] / 255, target[None] / 255)[0] for x in (phone, enhanced))
        gains.append(after - before)
    assert np.mean(gains) > mean
    assert np.sum(np.array(gains) > 1) >= better
    assert min(gains) > worst
