import dataclasses
import html
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import imageio.v3 as iio
import keras
import numpy as np
import pytest

import evaluation.methods
import models
from common.run_folder import finished_runs
from data.packed import read_patch
from data.pair_files import DatasetError
from data.pair_files import test_pairs as test_files
from evaluate import EvaluateConfig, EvaluationError, evaluate
from evaluation.choose_methods import default_methods, users_network
from export.convert import convert
from metrics import ms_ssim, psnr, score, ssim
from models.generator import build_generator
from models.shipped import PRETRAINED

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def workplace(tmp_path, monkeypatch, write_dataset):
    """Make a working folder with a data set and one run."""
    monkeypatch.chdir(tmp_path)
    write_dataset(tmp_path / "dped", "mine", train=2, test=5)
    keras.utils.set_random_seed(0)
    model = build_generator("batch", channels=4, blocks=1)
    models.save_model(model, tmp_path / "runs" / "mine" / "dped" / "best.keras")
    (tmp_path / "net.tflite").write_bytes(convert(model, "fp32", None))
    return tmp_path


def arrays(side):
    files = getattr(test_files("dped", "mine"), side)
    return np.stack([read_patch(path) for path in files]).astype(np.float32) / 255


def test_every_kind_of_method_is_scored_on_the_same_pairs(workplace):
    methods = "input,dped,net.tflite"
    folder = workplace / "elsewhere"
    folder.mkdir()
    for path in test_files("dped", "mine").target:
        (folder / path.name).write_bytes(path.read_bytes())
    config = EvaluateConfig("mine", methods=methods, external=("copy=elsewhere",))
    results = evaluate(config)

    saved = json.loads((workplace / "runs/mine/evaluation/results.json").read_text())
    assert saved["methods"]["copy"].pop("psnr") is None  # JSON has no infinity
    assert saved["methods"]["copy"].pop("psnr_pooled") is None
    for name, scores in saved["methods"].items():
        assert scores.items() <= results[name].items()
    assert list(results) == list(saved["methods"]) == ["input", "dped", "net", "copy"]
    phone, target = arrays("phone"), arrays("target")
    assert results["input"]["psnr"] == pytest.approx(np.mean(psnr(phone, target)), abs=1e-9)
    assert results["input"]["ssim"] == pytest.approx(np.mean(ssim(phone, target)), abs=1e-9)
    assert results["input"]["ms_ssim"] == pytest.approx(np.mean(ms_ssim(phone, target)), abs=1e-9)
    assert results["dped"]["psnr"] == pytest.approx(results["net"]["psnr"], abs=1e-3)
    assert results["dped"]["psnr"] != pytest.approx(results["input"]["psnr"], abs=0.1)
    assert results["copy"]["identical"] == results["copy"]["n"] == 5
    assert "| input | " in (workplace / "runs/mine/evaluation/results.md").read_text()
    sheet = iio.imread(workplace / "runs/mine/evaluation/samples.png")
    assert sheet.shape == (5 * 104, 5 * 104, 3)  # four methods and the target


def test_without_methods_the_users_network_meets_what_anyone_has(workplace, capsys):
    found = evaluate(EvaluateConfig("mine"))
    assert list(found) == ["input", "dped", "one_click", "universal"]
    printed = capsys.readouterr().out
    assert printed.count("method ") == 1  # the table stands once
    for row, (name, facts) in zip(
        printed.split("\n\n")[1].splitlines()[1:], found.items(), strict=True
    ):
        assert row.split()[0] == name
        assert row.split()[1] == f"{facts['psnr']:.2f}".replace("-", "−")
    folder = workplace / "runs/mine/evaluation"
    verdict = json.loads((folder / "results.json").read_text())["verdict"]
    assert verdict["method"] == "dped"
    assert list(verdict["differences"]) == ["input", "one_click", "universal"]
    mean, low, high = verdict["differences"]["input"]["psnr"]
    assert mean == pytest.approx(found["dped"]["psnr"] - found["input"]["psnr"])
    assert low < mean < high < 0  # the weights are random
    assert f"worse than input by {-mean:.2f} dB ({-high:.2f} to {-low:.2f})" in verdict["text"]
    assert verdict["warning"] == "5 pairs: too few to conclude."
    said = f"{verdict['text']} {verdict['warning']}"
    assert " ".join(printed.split()).count(said) == 1
    assert said in (folder / "results.md").read_text()
    page = (folder / "report.html").read_text()
    assert (
        html.escape(verdict["text"]) in page and '<option value="1" selected>dped</option>' in page
    )


def test_the_newest_run_comes_first(workplace):
    shutil.copytree(workplace / "runs/mine/dped", workplace / "runs/mine/again")
    os.utime(workplace / "runs/mine/again/best.keras", (1, 1))
    runs = finished_runs("mine")
    assert default_methods("mine", runs)[:4] == ["input", "dped", "again", "one_click"]
    os.utime(workplace / "runs/mine/dped/best.keras", (0, 0))
    assert default_methods("mine", runs)[:4] == ["input", "again", "dped", "one_click"]
    assert users_network(["input", "universal", "net"], runs) == "net"
    assert users_network(["input", "net", "dped"], runs) == "dped"
    assert users_network(["input", "auto", "iphone_3gs"], runs) is None


def test_networks_that_ship_join_where_they_fit():
    assert default_methods("mine", {}) == ["input", "one_click", "universal"]
    assert default_methods("iphone", {})[-1] == "iphone_3gs"
    mixed = [("Some", "Phone"), ("apple", "iPhone 3GS"), ("Apple", "iPhone 3GS")]
    assert default_methods("mine", {}, mixed)[2:] == ["universal", "iphone_3gs"]


def test_published_results_stand_beside_published_pairs_only(workplace):
    (workplace / "dped/mine").rename(workplace / "dped/sony")
    for part in ("training_data", "test_data/patches"):
        (workplace / f"dped/sony/{part}/mine").rename(workplace / f"dped/sony/{part}/sony")
    page = workplace / "runs/sony/evaluation/report.html"
    evaluate(EvaluateConfig("sony", methods="input"))
    assert "arXiv 1704.02470" in page.read_text()
    (workplace / "dped/sony/simulation.json").write_text("{}")
    evaluate(EvaluateConfig("sony", methods="input"))
    assert "arXiv 1704.02470" not in page.read_text()


def test_identical_pairs_are_counted_apart():
    target = np.full((3, 32, 32, 3), 0.5, np.float32)
    enhanced = target.copy()
    enhanced[0] += 0.1  # 20 dB
    scores = score(enhanced, target)
    assert scores["psnr"] == pytest.approx(20, abs=1e-4)
    assert (scores["identical"], scores["n"]) == (2, 3)


def test_a_fixed_tile_is_scored_as_the_network_it_holds(workplace):
    """Patches are smaller than a tile, and padding would change the scores."""
    model = models.load_generator(workplace / "runs/mine/dped/best.keras")
    (workplace / "fixed.tflite").write_bytes(convert(model, "fp32", 128))
    results = evaluate(EvaluateConfig("mine", methods="dped,fixed.tflite"))
    for metric in ("psnr", "psnr_pooled", "ssim", "ms_ssim"):
        assert results["fixed"][metric] == pytest.approx(results["dped"][metric], abs=1e-4)


def test_values_that_are_not_numbers_are_no_score(workplace):
    model = models.load_generator(workplace / "runs/mine/dped/best.keras")
    model.get_layer("rgb_conv").bias.assign([np.nan] * 3)
    model.save(workplace / "broken.keras")
    with pytest.raises(models.WeightsError, match=r"broken\.keras: has weights .* not finite"):
        evaluate(EvaluateConfig("mine", methods="broken.keras"))


def test_names_mean_the_same_as_in_enhance():
    """A network that ships has its name; `auto` is the older name of the classical method."""
    methods = evaluation.methods.find_methods(["universal", "one_click"], "mine", {})
    assert list(methods) == ["universal", "one_click"]
    shipped = PRETRAINED / "universal.keras"
    by_file = evaluation.methods.find_methods([str(shipped)], "mine", {})["universal"]
    assert methods["universal"].fingerprint == by_file.fingerprint
    old = evaluation.methods.find_methods(["auto"], "mine", {})["auto"]
    assert old.fingerprint == methods["one_click"].fingerprint


def test_bad_methods_are_named(workplace):
    for methods, reason in {
        "nonsense": "method 'nonsense': not input, one_click, universal, iphone_3gs, sony, "
        "iphone_x, dped",
        "inptu": "did you mean 'input'?",
        "absent.keras": "no such file",
        "input, input": "named twice",
        ".": "method '.': not input",
        " ,": "names no method",
    }.items():
        with pytest.raises(EvaluationError, match=reason):
            evaluate(EvaluateConfig("mine", methods=methods))
    (workplace / "few").mkdir()
    (workplace / "few" / "0.png").write_bytes(b"")
    with pytest.raises(EvaluationError, match=r"few: 4 pictures missing, e\.g\. 1\.png"):
        evaluate(EvaluateConfig("mine", external=("few=few",)))
    with pytest.raises(EvaluationError, match="another method has that name"):
        (workplace / "all").mkdir()
        for path in test_files("dped", "mine").phone:
            (workplace / "all" / path.name).write_bytes(path.read_bytes())
        evaluate(EvaluateConfig("mine", external=("input=all",)))
    with pytest.raises(EvaluationError, match="expected NAME=DIR"):
        evaluate(EvaluateConfig("mine", external=("few",)))
    assert not (workplace / "runs/mine/evaluation").exists()


def test_bad_input_gets_one_line(tmp_path):
    done = subprocess.run(
        [sys.executable, str(ROOT / "evaluate.py"), "--phone", "absent"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "no such dataset" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_what_was_scored_is_not_computed_again(workplace, monkeypatch):
    first = evaluate(EvaluateConfig("mine", methods="input,auto"))
    opened = []

    def spied(words, phone, runs, find=evaluation.methods.find_methods):
        return {
            name: dataclasses.replace(
                method, load=lambda m=method: opened.append(m.name) or m.load()
            )
            for name, method in find(words, phone, runs).items()
        }

    monkeypatch.setattr("evaluate.find_methods", spied)
    second = evaluate(EvaluateConfig("mine", methods="input,auto,dped"))
    assert opened == ["dped"]
    assert {name: second[name] for name in first} == first
    model = models.load_generator(workplace / "runs/mine/dped/best.keras")
    model.get_layer("rgb_conv").bias.assign([0.1] * 3)
    models.save_model(model, workplace / "runs/mine/dped/best.keras")
    changed = evaluate(EvaluateConfig("mine", methods="input,dped"))
    assert opened == ["dped", "dped"]
    assert changed["dped"]["psnr"] != second["dped"]["psnr"]


def test_a_damaged_cache_is_computed_anew(workplace):
    first = evaluate(EvaluateConfig("mine", methods="input"))
    (entry,) = (workplace / "runs/cache/scores").iterdir()
    entry.write_bytes(entry.read_bytes()[:-40])
    assert evaluate(EvaluateConfig("mine", methods="input")) == first


def test_differences_are_taken_against_the_reference(workplace):
    results = evaluate(EvaluateConfig("mine", methods="input,auto,dped", reference="auto"))
    assert "differences" not in results["auto"]
    low, high = results["dped"]["intervals"]["psnr"]
    assert low < results["dped"]["psnr"] < high
    mean, low, high = results["dped"]["differences"]["psnr"]
    assert mean == pytest.approx(results["dped"]["psnr"] - results["auto"]["psnr"])
    assert low < mean < high
    assert results["input"]["cost"] is None
    assert results["dped"]["cost"]["ms_per_megapixel"] > 0
    # 9×9×3×4, 1 block of two, two more, 9×9×4×3; channels 4
    assert results["dped"]["cost"]["macs_per_pixel"] == 2 * 9 * 9 * 12 + 4 * 9 * 16
    with pytest.raises(EvaluationError, match="--reference absent: not among input"):
        evaluate(EvaluateConfig("mine", methods="input", reference="absent"))


def test_pictures_of_another_size_are_named(workplace):
    folder = workplace / "elsewhere"
    folder.mkdir()
    for path in test_files("dped", "mine").target:
        iio.imwrite(folder / f"{path.stem}.png", np.zeros((90, 100, 3), np.uint8))
    with pytest.raises(DatasetError, match=r"elsewhere/0\.png"):
        evaluate(EvaluateConfig("mine", external=("copy=elsewhere",)))


def test_two_files_of_one_stem_are_told_apart_by_their_suffix(workplace):
    model = models.load_generator(workplace / "runs/mine/dped/best.keras")
    models.save_model(model, workplace / "net.keras")
    results = evaluate(EvaluateConfig("mine", methods="net.keras,net.tflite"))
    assert list(results) == ["net", "net.tflite"]
    costs = [facts["cost"] for facts in results.values()]
    separated = 9 * 36 * 4 + 9 * 27 * 3  # what export/runtime_layers.py adds to the two 9×9 layers
    assert costs[1]["macs_per_pixel"] == costs[0]["macs_per_pixel"] + separated > 1000
    zeros = 36 + 27  # biases between; batch norm is folded
    assert 0 < costs[1]["parameters"] < costs[0]["parameters"] + separated + zeros
    with pytest.raises(EvaluationError, match="named twice"):
        evaluate(EvaluateConfig("mine", methods="net.tflite,net.keras,net.tflite"))


def test_intervals_take_whole_scenes_where_the_dataset_names_them(workplace):
    patches = evaluate(EvaluateConfig("mine", methods="input"))
    rows = "".join(f"{'ab'[number > 3]}.jpg,test,{number}\n" for number in range(5))
    (workplace / "dped/mine/pairs.csv").write_text("photo,split,patch\n" + rows)
    scenes = evaluate(EvaluateConfig("mine", methods="input"))
    assert scenes["input"]["psnr"] == patches["input"]["psnr"]
    assert scenes["input"]["intervals"]["psnr"] != patches["input"]["intervals"]["psnr"]
    folder = workplace / "runs/mine/evaluation"
    assert json.loads((folder / "results.json").read_text())["scenes"] == 2
    assert "5 test pairs of 2 scenes" in (folder / "results.md").read_text()
    assert "of 2 scenes, which the intervals resample" in (folder / "report.html").read_text()


def test_in_the_light_of_a_method_only_detail_counts(workplace, capsys):
    net = workplace / "net.keras"
    models.save_model(build_generator("batch", channels=4, blocks=1), net)
    plain = evaluate(EvaluateConfig("mine", methods="input,net.keras"))
    assert "in the light" not in capsys.readouterr().out
    lit = evaluate(EvaluateConfig("mine", methods="input,net.keras", light_of="net.keras"))
    assert "in the light of net.keras" in capsys.readouterr().out
    assert lit["net"]["psnr"] > plain["net"]["psnr"] + 3
    found = json.loads((workplace / "runs/mine/evaluation/results.json").read_text())
    assert found["light_of"] == "net.keras"
    for name in ("results.md", "report.html"):
        text = (workplace / "runs/mine/evaluation" / name).read_text(encoding="utf-8")
        assert "in the light of net.keras" in text, name
    again = evaluate(EvaluateConfig("mine", methods="input,net.keras"))
    assert again["net"]["psnr"] == plain["net"]["psnr"]  # the earlier scores are kept apart


def test_the_perceptual_distance_is_measured_where_weights_are(workplace):
    assert "perceptual" not in evaluate(EvaluateConfig("mine", methods="input"))["input"]
    found = evaluate(EvaluateConfig("mine", methods="input", vgg_weights="random"))["input"]
    assert found["perceptual"] > 0 and "perceptual" in found["intervals"]
    saved = json.loads((workplace / "runs/mine/evaluation/results.json").read_text())
    assert saved["perceptual_layers"][0] == "block1_conv2"
    assert "VGG-19 distance" in (workplace / "runs/mine/evaluation/results.md").read_text()
