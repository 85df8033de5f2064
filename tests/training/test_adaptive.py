"""The training of the network that sees the whole photo: mosaics, look, rehearsal, outcome."""

import csv
import dataclasses
import json
import math
from pathlib import Path

import numpy as np
import pytest

import models
from common.run_folder import BEST, LAST, START
from data.batches import Batches, Part
from data.packed import PatchPairs
from models.shipped import shipped_file
from models.universal import (
    keep_light,
    light_variables,
    look_variables,
)
from train import TrainConfig, train
from training.adaptive_batches import AdaptiveBatches, Rehearsal, make_rehearsal, mosaic
from training.build_gan import build
from training.config import TrainingError, with_recipe
from training.kept_light import in_light
from training.look import fit_look
from training.outcome import few_scenes_line, outcome_lines


def random_pairs(count=8, scenes=None, gain=1.6):
    """Return pairs whose target is the phone's patch, brighter by a gain."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(20, 140, (count, 10, 10, 3))
    phone = np.kron(coarse, np.ones((1, 10, 10, 1))).astype(np.uint8)
    target = np.rint(gain * phone.astype(np.float32)).astype(np.uint8)
    return PatchPairs(phone, target, scenes)


def batches_of(pairs, size=4):
    return Batches([Part(pairs, size, augment=False)])


def test_a_mosaic_has_each_patch_at_its_place():
    patches = np.arange(5 * 2 * 2 * 3).reshape(5, 2, 2, 3)
    picture = mosaic(patches)
    assert picture.shape == (1, 4, 4, 3)
    for number, (row, column) in enumerate(np.ndindex(2, 2)):
        part = picture[0, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
        np.testing.assert_array_equal(part, patches[number])


def test_the_share_of_mosaics_is_as_asked():
    batches = batches_of(random_pairs())
    for share, expected in ((0.0, {100}), (1.0, {200}), (0.5, {100, 200})):
        make = AdaptiveBatches(batches, share, seed=0)
        arrays = [make(number) for number in range(12)]
        assert {phone.shape[1] for phone, _ in arrays} == expected
        assert all(phone.shape == target.shape for phone, target in arrays)


def test_a_batch_depends_on_its_number_alone():
    rehearsal = Rehearsal(*np.random.default_rng(1).integers(0, 256, (2, 3, 200, 200, 3), np.uint8))
    first, second = (
        AdaptiveBatches(batches_of(random_pairs()), 0.5, 7, 0.5, rehearsal) for _ in range(2)
    )
    list(map(second, range(5)))
    for number in range(6):
        for one, other in zip(first(number), second(number), strict=True):
            np.testing.assert_array_equal(one, other)


def test_a_share_of_each_batch_is_rehearsal():
    pairs = random_pairs()
    photos = np.full((1, 200, 200, 3), 255, np.uint8)  # no pair is white
    rehearsal = Rehearsal(photos, photos - 255)
    phone, target = AdaptiveBatches(batches_of(pairs), 0.0, 0, 0.25, rehearsal)(0)
    white = (phone == 1).all(axis=(1, 2, 3))
    assert white.tolist() == [True, False, False, False]
    assert (target[0] == 0).all() and phone.shape == (4, 100, 100, 3)
    phone, target = AdaptiveBatches(batches_of(pairs), 1.0, 0, 0.25, rehearsal)(0)
    assert phone.shape == (2, 200, 200, 3)
    assert (phone[1] == 1).all() and (target[1] == 0).all() and (phone[0] < 1).all()


def test_the_rehearsal_keeps_what_the_network_makes_of_other_colors():
    batches = batches_of(random_pairs())
    rehearsal = make_rehearsal(lambda x: 1.5 - x, batches, seed=0)
    assert rehearsal.photos.shape == (60, 200, 200, 3)
    expected = np.clip(1.5 - rehearsal.photos / 255, 0, 1)
    np.testing.assert_allclose(rehearsal.targets / 255, expected, atol=0.5 / 255 + 1e-6)
    for value in (0, 255):  # each photo has a white and a black part
        assert ((rehearsal.photos == value).all(axis=-1).mean(axis=(1, 2)) > 0.005).all()
    again = make_rehearsal(lambda x: 1.5 - x, batches, seed=0)
    np.testing.assert_array_equal(rehearsal.photos, again.photos)


def test_photos_of_the_user_are_rehearsed_as_they_are_and_with_faults():
    gray = {"a": np.full((300, 400, 3), 90, np.uint8), "b": np.full((500, 240, 3), 160, np.uint8)}
    rehearsal = make_rehearsal(lambda x: x, batches_of(random_pairs()), seed=3, photos=gray)
    assert rehearsal.photos.shape == (4, 200, 200, 3)
    assert (rehearsal.photos[0] == 90).all() and (rehearsal.photos[2] == 160).all()
    faulty = rehearsal.photos[[1, 3]].astype(int)
    assert (np.abs(faulty - np.array([90, 160])[:, None, None, None]) > 3).any()
    np.testing.assert_array_equal(rehearsal.photos, rehearsal.targets)


def test_the_look_alone_learns_a_brighter_camera(tmp_path):
    config = with_recipe(
        TrainConfig("x", recipe="quick", batch_size=4, look_steps=40, run_dir=str(tmp_path))
    )
    gan, _ = build(config)
    pairs = random_pairs()
    phone, target = pairs.scaled()

    def error():
        return float(np.abs(gan.generator.predict(phone, verbose=0) - target).mean())

    before = [value.copy() for value in gan.generator.get_weights()]
    error_before = error()
    fit_look(config, gan, AdaptiveBatches(batches_of(pairs), 0.0, 0))
    assert error() < 0.5 * error_before
    look = {variable.path for variable in look_variables(gan.generator)}
    for variable, value in zip(gan.generator.weights, before, strict=True):
        assert np.array_equal(variable.numpy(), value) == (variable.path not in look)
    trained = {variable.path for variable in gan.generator.trainable_variables}
    assert trained == {variable.path for variable in build(config)[0].generator.trainable_variables}
    for one, other in zip(gan.ema.get_weights(), gan.generator.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.fixture
def dataset(write_dataset, tmp_path, monkeypatch):
    """A data set with six scenes of four patches."""
    folder = write_dataset(tmp_path / "dped", "mine", train=24, test=2)
    rows = [(f"scene{number // 4}", "train", number) for number in range(24)]
    with (folder / "pairs.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("photo", "split", "patch"), *rows])
    monkeypatch.chdir(tmp_path)
    return folder


def quick(**changes):
    options = {"recipe": "quick", "steps": 4, "batch_size": 4, "look_steps": 2, "validate_every": 2}
    # With a constant rate a run may be extended.
    return TrainConfig("mine", schedule="constant", **{**options, **changes})


def test_quick_trains_resumes_and_says_what_it_achieved(dataset, capsys):
    mostly = {"mosaics": 0.99}  # one shape: TensorFlow takes seconds for each
    whole, parts = quick(run_dir="whole", **mostly), quick(run_dir="parts", steps=2, **mostly)
    assert train(whole) == 0
    text = capsys.readouterr().out
    assert "that the training did not see, your network has" in text
    for name in ("the phone", "one_click", "universal"):
        assert f" {name} (" in text
    assert train(parts) == 0
    resumed = dataclasses.replace(parts, steps=4, resume=True)
    start = dataset.parent.parent / "parts" / START
    start.rename(start.with_suffix(".moved"))
    with pytest.raises(TrainingError, match=r"start\.keras: missing, so the run cannot be resumed"):
        train(resumed)
    start.with_suffix(".moved").rename(start)
    assert train(resumed) == 0
    one, other = (
        models.load_generator(f"{run}/{BEST}").get_weights() for run in ("whole", "parts")
    )
    for a, b in zip(one, other, strict=True):
        np.testing.assert_allclose(a, b, atol=2e-6)


def test_a_kept_light_stays_and_the_detail_changes(dataset, capsys):
    """With a discriminator, which sees mosaics too."""
    options = {"light": "keep", "look_steps": 0, "preset": "thesis", "vgg_weights": "random"}
    options |= {"content_layer": "block1_conv2", "discriminator_width": 0.1, "mosaics": 0.99}
    assert train(quick(run_dir="run", steps=2, rehearsed=0.0, **options)) == 0
    text = capsys.readouterr().out
    assert " universal (" in text and "the phone" not in text
    start = models.load_generator(shipped_file("universal", (".keras",)))
    end = models.load_generator(f"run/{LAST}")
    lights = [variable.path for variable in light_variables(start)]
    changed = [
        variable.path
        for variable, other in zip(start.variables, end.variables, strict=True)
        # The average of equal weights is rounded.
        if not np.allclose(variable, other, rtol=1e-6, atol=1e-7)
    ]
    assert changed and not set(changed) & set(lights)


def test_targets_in_a_kept_light_differ_in_light_only():
    """Scores of a network then say nothing about exposure."""
    light = keep_light(models.load_generator(shipped_file("universal", (".keras",))))
    pairs = random_pairs(4)
    dark = PatchPairs(pairs.phone, (pairs.phone * 0.5).astype(np.uint8), pairs.scenes)
    moved = in_light(dark, light)
    wanted = light.predict(pairs.scaled()[0], verbose=0)
    assert np.abs(moved.scaled()[1] - wanted).mean() < 0.02
    assert np.abs(dark.scaled()[1] - wanted).mean() > 0.05


PLAIN = {"look_steps": 0, "mosaics": 0.0, "rehearsed": 0.0, "model": "mobile"}


@pytest.fixture
def scores(monkeypatch):
    """Replace the PSNR of the validations by given values."""
    values = iter([10.0, 12.0, 11.0, 11.5, 13.0])

    class Falling:
        def __init__(self, pairs):
            self.pairs = pairs

        def __call__(self, network):
            names = ("ms_ssim", "color_shift", "contrast", "checkerboard")
            facts = dict.fromkeys((*names, "input_psnr", "input_ms_ssim"), 1.0)
            return {"psnr": next(values), **facts}, np.zeros((8, 8, 3), np.uint8)

    monkeypatch.setattr("training.loop.Validation", Falling)
    return values


def test_training_ends_when_the_score_rises_no_more(dataset, scores, capsys):
    # The validations that a run has waited count on after an interruption.
    assert train(quick(run_dir="run", steps=6, patience=2, **PLAIN)) == 0
    assert train(quick(run_dir="run", steps=10, patience=2, resume=True, **PLAIN)) == 0
    assert next(scores) == 13.0  # the training ended after the fourth validation
    assert "best validation PSNR 12.00 dB" in capsys.readouterr().out


@pytest.mark.parametrize("choose", ["psnr", "last"])
def test_the_best_network_is_the_chosen_one(dataset, scores, choose, capsys):
    """The second of three validations has the highest PSNR."""
    options = {**PLAIN, "steps": 6, "patience": 0, "choose": choose}
    assert train(quick(run_dir="run", **options)) == 0
    best, last = (models.load_generator(f"run/{name}").get_weights() for name in (BEST, LAST))
    same = all(np.array_equal(a, b) for a, b in zip(best, last, strict=True))
    assert same == (choose == "last")
    out = capsys.readouterr().out
    assert "best validation PSNR 12.00 dB" in out
    assert ("the network of the last validation" in out) == (choose == "last")


def test_the_recipe_texture_trains_a_discriminator_and_keeps_the_light(dataset):
    options = {"vgg_weights": "random", "discriminator_width": 0.1, "look_steps": None}
    assert train(quick(recipe="texture", run_dir="run", steps=2, **options)) == 0
    config = json.loads(Path("run/config.json").read_text())
    assert (config["light"], config["preset"], config["choose"]) == ("keep", "grain", "last")
    header = Path("run/validation.csv").read_text().splitlines()[0].split(",")
    assert {"texture", "content", "shift", "discriminator_accuracy"} <= set(header)


@pytest.mark.parametrize("option", ["look_steps", "mosaics", "rehearsed"])
def test_options_of_the_adaptive_network_are_refused_for_others(option):
    value = 3 if option == "look_steps" else 0.5
    with pytest.raises(TrainingError, match=f"--{option} has a meaning for --model adaptive only"):
        with_recipe(TrainConfig("x", recipe="mobile", **{option: value}))
    # Another network with the recipe leaves these options out.
    config = with_recipe(TrainConfig("x", recipe="quick", model="mobile"))
    assert (getattr(config, option), config.start_from) == (0, None)


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"model": "mobile"}, "--light keep has a meaning for --model adaptive only"),
        ({"look_steps": 5}, "--look_steps changes the light"),
        (
            {"discriminator_batch": "other", "mosaics": 0.0, "rehearsed": 0.0},
            "no meaning with --discriminator_batch other",
        ),
        (
            {"distribute": "mirrored", "mosaics": 0.0, "rehearsed": 0.0},
            "--distribute has no meaning with --light keep",
        ),
    ],
)
def test_a_kept_light_has_conditions(changes, message):
    options = {"recipe": "quick", "light": "keep", "look_steps": 0, **changes}
    with pytest.raises(TrainingError, match=message):
        with_recipe(TrainConfig("x", **options))


@pytest.mark.parametrize("flat", ["free", "keep"])
def test_areas_of_one_color_stay_as_they_are_if_asked(dataset, flat):
    options = {"look_steps": 0, "mosaics": 0.0, "rehearsed": 0.0, "patience": 0, "flat": flat}
    assert train(quick(run_dir="run", **options)) == 0
    network = models.load_generator(f"run/{LAST}")
    color = np.broadcast_to(np.float32([0.9, 0.5, 0.2]), (1, 96, 96, 3))
    spread = np.ptp(network.predict(color, verbose=0)[0, 24:-24, 24:-24], axis=(0, 1)).max()
    assert (spread < 1e-5) == (flat == "keep")


def test_flat_areas_are_for_one_network():
    with pytest.raises(TrainingError, match="--flat keep has a meaning for --model adaptive only"):
        with_recipe(TrainConfig("x", model="mobile", flat="keep"))


@pytest.mark.parametrize("option", ["mosaics", "rehearsed"])
def test_batches_of_the_released_code_have_no_mosaics(option):
    changes = {"look_steps": 0, "mosaics": 0.0, "rehearsed": 0.0, option: 0.5}
    with pytest.raises(TrainingError, match=f"other has no meaning with --{option}"):
        with_recipe(TrainConfig("x", recipe="quick", discriminator_batch="other", **changes))


def test_distribution_is_refused():
    with pytest.raises(TrainingError, match="--distribute has no meaning with --look_steps"):
        with_recipe(TrainConfig("x", recipe="quick", distribute="mirrored"))


def test_too_few_scenes_are_said():
    scenes = np.array(["a", "a", "b", "b", "c", "c", "d", "d"])
    pairs, held_out = random_pairs(8, scenes), random_pairs(2, np.array(["x", "x"]))
    assert few_scenes_line(batches_of(pairs), held_out) is None
    assert "only 4 scenes" in str(few_scenes_line(batches_of(pairs[:6]), held_out))
    assert few_scenes_line(batches_of(random_pairs()), held_out) is None  # scenes not known


def test_the_outcome_is_plain_about_each_rival(tmp_path):
    """The shipped network is neither better nor worse than itself; the pairs are far brighter."""
    network = models.load_generator(shipped_file("universal", (".keras",)))
    models.save_model(network, tmp_path / BEST)
    pairs = random_pairs(8, np.repeat(["a", "b", "c", "d"], 2), gain=1.02)
    config = with_recipe(TrainConfig("x", recipe="quick", run_dir=str(tmp_path)))
    first, phone, _, start = outcome_lines(config, pairs)
    assert first.startswith("on 8 pairs of 4 scenes that the training did not see")
    assert "not surely better than universal" in start
    assert "worse than the phone" in phone
    alone = outcome_lines(config, dataclasses.replace(pairs, scenes=np.repeat("a", 8)))
    assert all("on a single scene" in line for line in alone[1:])
    assert not any(math.isnan(float(line.split()[0])) for line in alone[1:])
