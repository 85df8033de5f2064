"""Recipes decide what no flag decides, and config.json records the result."""

import dataclasses
import json

import numpy as np
import pytest

import models  # noqa: F401 - brings Keras in without TensorFlow's chatter
from data.batches import Batches, Part
from data.packed import PatchPairs
from losses.presets import PRESETS
from models.generator import build_generator
from models.initial_weights import set_released_initial_weights
from models.networks import NETWORKS
from train import TrainConfig, train
from training.build_gan import build, takes_other_batch
from training.config import resolved, with_recipe
from training.pairs import two_batches
from training.recipes import RECIPES

# The sources, literally: docs/method.md.
LITERAL = {
    "initial_weights": "released",
    "content_features": "raw",
    "content_layer": "block5_conv4",
    "label_smoothing": 0.0,
    "ema_decay": 0.0,
    "learning_rate": 5e-4,
    "discriminator_learning_rate": 5e-4,
    "schedule": "constant",
    "steps": 20_000,
    "batch_size": 50,
    "augment": "none",
    "discriminator_width": 1.0,
}


@pytest.mark.parametrize(("name", "batch"), [("thesis", "same"), ("iccv", "other")])
def test_the_sources_recipes_are_literal(name, batch):
    config = with_recipe(TrainConfig("x", recipe=name))
    for key, value in {**LITERAL, "preset": name, "discriminator_batch": batch}.items():
        assert getattr(config, key) == value, key
    assert takes_other_batch(config) == (batch == "other")


def test_every_recipe_decides_everything_with_plain_values():
    fields = {field.name: field for field in dataclasses.fields(TrainConfig)}
    for name, recipe in RECIPES.items():
        assert recipe.keys() == RECIPES["thesis"].keys(), name
        assert json.loads(json.dumps(recipe)) == recipe
        # A default beside the recipe's value would win over it.
        assert all(fields[key].default is None for key in recipe)
        for key, value in recipe.items():
            choices = fields[key].metadata["choices"]
            assert choices is None or value in choices, (name, key)
        config = with_recipe(TrainConfig("x", recipe=name))
        left = {key for key in recipe if getattr(config, key) is None}
        assert left <= {"channels", "blocks", "start_from"}


def test_choices_follow_from_the_tables():
    choices = {
        field.name: field.metadata.get("choices") for field in dataclasses.fields(TrainConfig)
    }
    assert set(choices["preset"]) == set(PRESETS)
    assert set(choices["recipe"]) == set(RECIPES)
    assert set(choices["model"]) == set(NETWORKS)


@pytest.mark.parametrize(("model", "preset"), [
    (None, "thesis"), ("dped", "thesis"), ("mobile", "distortion"), ("srcnn", "mse"),
    ("johnson", "content"), ("mcrn", "distortion"), ("ppcn_student", "distortion"),
])  # fmt: skip
def test_each_network_has_its_own_training(model, preset):
    config = with_recipe(TrainConfig("x", model=model))
    assert (config.model, config.preset) == (model or "dped", preset)
    assert config.recipe == NETWORKS[model or "dped"].recipe


def test_a_recipe_may_name_the_network():
    assert with_recipe(TrainConfig("x", recipe="mobile")).model == "mobile"
    assert TrainConfig("x", recipe="mobile").folder.name == "mobile"
    quick = with_recipe(TrainConfig("x", recipe="quick", model="srcnn"))
    assert (quick.start_from, quick.steps) == (None, 500)


def test_flags_win_over_the_recipe_also_where_they_equal_another_default():
    given = {"learning_rate": 5e-4, "steps": 20_000, "batch_size": 50, "schedule": "constant"}
    config = with_recipe(TrainConfig("x", recipe="quick", **given))
    for name, value in given.items():
        assert getattr(config, name) == value != RECIPES["quick"][name]
    assert config.look_steps == 200
    off = with_recipe(TrainConfig("x", label_smoothing=0.0, ema_decay=0.0))
    assert (off.label_smoothing, off.ema_decay) == (0.0, 0.0)


def test_a_resolved_configuration_stays_as_it_is():
    for name in RECIPES:
        config = resolved(TrainConfig("x", recipe=name, run_dir="none"))
        assert resolved(config) == config


def test_the_released_initial_weights():
    network = build_generator("instance", channels=24, blocks=2)
    set_released_initial_weights(network)
    kernels = [weight.numpy() for weight in network.weights if weight.name == "kernel"]
    assert len(kernels) == 8
    everything = np.concatenate([kernel.ravel() for kernel in kernels])
    # A normal truncated at two deviations has 0.88 times its deviation.
    assert everything.std() == pytest.approx(0.0088, rel=0.02)
    assert np.abs(everything).max() <= 0.02
    assert not np.array_equal(kernels[1], kernels[2])
    for name, value in (("bias", 0.01), ("scale", 1.0), ("shift", 0.0)):
        found = [weight.numpy() for weight in network.weights if weight.name == name]
        assert found and all(np.allclose(weight, value) for weight in found)


def test_the_recipe_reaches_the_networks():
    small = {"channels": 4, "blocks": 1, "discriminator_width": 0.03, "vgg_weights": "random"}
    gan, _ = build(TrainConfig("x", recipe="iccv", content_layer="block1_conv1", **small))
    assert gan.ema_decay == 0 and gan.label_smoothing == 0
    assert gan.generator_optimizer.epsilon == gan.discriminator_optimizer.epsilon == 1e-8
    assert float(gan.discriminator_optimizer.learning_rate) == pytest.approx(5e-4)
    assert np.abs(gan.generator.get_layer("head_conv").kernel.numpy()).max() <= 0.02
    for one, other in zip(gan.ema.weights, gan.generator.weights, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())
    gan, _ = build(TrainConfig("x", content_layer="block1_conv1", **small))
    assert gan.ema_decay == 0.999 and gan.label_smoothing == 0.2
    assert np.abs(gan.generator.get_layer("head_conv").kernel.numpy()).max() > 0.9


def test_the_discriminators_batch_is_another_one():
    sides = np.random.default_rng(0).integers(256, size=(2, 9, 6, 6, 3), dtype=np.uint8)
    batches = Batches([Part(PatchPairs(*sides), 4, seed=1, augment=False)])
    steps = [two_batches(batches, number) for number in range(60)]
    for number, (phone, target, other_phone, other_target, shows_target) in enumerate(steps):
        for got, expected in ((phone, batches[2 * number][0]), (target, batches[2 * number][1])):
            np.testing.assert_array_equal(got, expected)
        np.testing.assert_array_equal(other_phone, batches[2 * number + 1][0])
        np.testing.assert_array_equal(other_target, batches[2 * number + 1][1])
        assert shows_target.shape == (4,) and shows_target.dtype == bool
        np.testing.assert_array_equal(shows_target, two_batches(batches, number)[4])
    coins = np.array([step[4] for step in steps])
    assert 0.35 < coins.mean() < 0.65 and (coins.std(axis=1) > 0).any()


def test_without_augmentation_patches_stay_as_they_are():
    sides = np.random.default_rng(0).integers(256, size=(2, 5, 6, 6, 3), dtype=np.uint8)
    phone, target = Batches([Part(PatchPairs(*sides), 5, augment=False)])[0]
    for batch, side in ((phone, sides[0]), (target, sides[1])):
        found = {np.rint(patch * 255).astype(np.uint8).tobytes() for patch in batch}
        assert found == {patch.tobytes() for patch in side}


@pytest.mark.parametrize("recipe", ["thesis", "iccv", "fidelity"])
def test_a_recipe_trains_resumes_and_is_recorded(recipe, tmp_path, write_dataset):
    write_dataset(tmp_path, "mine", train=24, test=4)
    small = {"channels": 4, "blocks": 1, "discriminator_width": 0.03, "batch_size": 4}

    def config(run, **changes):
        return TrainConfig(
            "mine", str(tmp_path), recipe, run_dir=str(tmp_path / run), vgg_weights="random",
            cache_dir=str(tmp_path / "cache"), content_layer="block1_conv1", validate_every=2,
            schedule="constant", **small, **changes,
        )  # fmt: skip

    train(config("whole", steps=4))
    train(config("parts", steps=2))
    train(config("parts", steps=4, resume=True))
    written = json.loads((tmp_path / "whole" / "config.json").read_text())
    assert written["recipe"] == recipe
    for key, value in RECIPES[recipe].items():
        changed = {*small, "content_layer", "steps", "schedule"}
        assert key in changed or written[key] == value, key
    states = []
    for run in ("whole", "parts"):
        with np.load(tmp_path / run / "state.npz") as file:
            states.append({name: file[name] for name in file.files if name != "progress"})
    for name, value in states[0].items():
        np.testing.assert_array_equal(states[1][name], value)
