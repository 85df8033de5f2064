"""Unpaired patches, teachers' output, and training on them."""

import dataclasses

import numpy as np
import pytest

import models
import train as training
from data.pair_files import DatasetError
from data.unpaired import digest, sample_patches
from models.generator import build_generator
from models.mobile import build_mobile
from training.config import TrainConfig, TrainingError, with_recipe
from training.distillation import distilled_pairs
from training.pairs import training_batches


def noise(height, width, seed):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


PHOTOS = {"a": noise(220, 300, 0), "b": noise(200, 200, 1), "c": noise(250, 210, 2)}


@pytest.fixture(scope="module")
def teachers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("teachers")
    for seed in (0, 1):
        models.save_model(teacher(seed), folder / f"{seed}.keras")
    return [folder / "0.keras", folder / "1.keras"]


def teacher(seed):
    model = build_generator("batch", channels=4, blocks=1)
    rng = np.random.default_rng(seed)
    for weight in model.weights:
        if "kernel" in weight.path:
            weight.assign(rng.normal(0, 0.1, weight.shape))
    return model


@pytest.fixture(scope="module")
def data(tmp_path_factory, write_dataset):
    root = tmp_path_factory.mktemp("data")
    write_dataset(root, "mine", train=24, test=4, photo_size=(220, 260))
    return root


def config(data, run, teachers, **changes):
    options = {
        "phone": "mine",
        "data_dir": str(data),
        "run_dir": str(run),
        "cache_dir": str(data / "cache"),
        "model": "mobile",
        "channels": 4,
        "blocks": 1,
        "batch_size": 8,
        "steps": 2,
        "distill": ",".join(map(str, teachers)),
        "distilled_pairs": 20,
    }
    return TrainConfig(**(options | changes))


def test_patches_are_of_every_photo_and_half_are_relit():
    patches = sample_patches(PHOTOS, 30, seed=1)
    assert patches.shape == (30, 100, 100, 3) and patches.dtype == np.uint8
    np.testing.assert_array_equal(patches, sample_patches(PHOTOS, 30, seed=1))
    assert (patches != sample_patches(PHOTOS, 30, seed=2)).any()
    found = dict.fromkeys(PHOTOS, 0)
    for name, photo in PHOTOS.items():
        rows = np.lib.stride_tricks.sliding_window_view(photo[..., 0], 8, axis=1)
        found[name] = sum((rows == patch[0, :8, 0]).all(-1).any() for patch in patches)
    # Of ten patches of each photo five are relit, and one of the others is of half the size.
    assert found == dict.fromkeys(PHOTOS, 4)


def test_a_flat_photo_gives_patches_too_and_a_small_one_none():
    flat = {"sky": np.full((200, 200, 3), 90, np.uint8)}
    assert (sample_patches(flat, 4)[:, 0, 0] > 0).all()
    with pytest.raises(DatasetError, match="small: photos need 200 pixels"):
        sample_patches({"small": noise(199, 300, 0)}, 4)
    changed = {**PHOTOS, "a": PHOTOS["a"] ^ 1}
    assert digest(changed) != digest(PHOTOS)


def test_pairs_are_what_the_teachers_answer_on_average(teachers, tmp_path, monkeypatch):
    pairs = distilled_pairs(teachers, PHOTOS, 12, tmp_path, seed=3)
    np.testing.assert_array_equal(pairs.phone, sample_patches(PHOTOS, 12, seed=3))
    images = pairs.phone.astype(np.float32) / 255
    outputs = [np.asarray(models.load_generator(path)(images)) for path in teachers]
    assert np.abs(outputs[0] - outputs[1]).mean() > 0.01
    expected = 255 * np.clip((outputs[0] + outputs[1]) / 2, 0, 1)
    assert np.abs(pairs.target - expected).max() <= 0.51
    # Asked once; and again for another teacher.
    monkeypatch.setattr("data.unpaired.sample_patches", None)
    again = distilled_pairs(teachers, PHOTOS, 12, tmp_path, seed=3)
    np.testing.assert_array_equal(again.target, pairs.target)
    monkeypatch.undo()
    other = distilled_pairs(teachers[:1], PHOTOS, 12, tmp_path, seed=3)
    assert (other.target != pairs.target).any()
    assert len(list(tmp_path.iterdir())) == 2


def test_batches_are_of_both_kinds_in_the_share_asked_for(data, tmp_path, teachers):
    batches, held_out = training_batches(
        with_recipe(config(data, tmp_path, teachers, distilled_share=0.75))
    )
    assert [part.size for part in batches._parts] == [2, 6]
    assert [len(part.pairs) for part in batches._parts] == [14, 20]
    assert len(held_out) == 10 and batches[0][0].shape == (8, 100, 100, 3)
    alone, _ = training_batches(with_recipe(config(data, tmp_path, teachers, distilled_share=1.0)))
    assert (alone.count, alone.batch_size) == (20, 8)


def test_training_from_teachers_then_from_its_weights(data, tmp_path, teachers):
    first = tmp_path / "first"
    assert training.train(config(data, first, teachers, distilled_share=1.0)) == 0
    begun = config(
        *(data, tmp_path / "second", teachers), start_from=str(first / "last.keras"), steps=1
    )
    # One step away at most.
    assert training.train(dataclasses.replace(begun, distill=None, learning_rate=1e-9)) == 0
    one, two = (
        models.load_generator(tmp_path / name / "last.keras").get_weights()
        for name in ("first", "second")
    )
    for before, after in zip(one, two, strict=True):
        np.testing.assert_allclose(after, before, atol=1e-6)


def test_what_cannot_be_distilled_or_begun_from_is_one_line(data, tmp_path, teachers):
    def complaint(**changes):
        with pytest.raises((TrainingError, ValueError)) as raised:
            training.train(config(data, tmp_path / "run", teachers, **changes))
        return str(raised.value)

    assert "none.keras: no such teacher" in complaint(distill="none.keras")
    assert "give at least one teacher" in complaint(distill=",")
    assert "no such folder" in complaint(unpaired_photos=str(tmp_path / "none"))
    models.save_model(build_mobile(channels=5, blocks=1), tmp_path / "wider.keras")
    for other in (str(tmp_path / "wider.keras"), "universal"):  # a file, a network that ships
        assert f"{other}: is another network than --model" in complaint(start_from=other)
    assert "did you mean 'universal'?" in complaint(start_from="univers")
    # What is wrong with the weights is said before pairs are read.
    nowhere = {"data_dir": str(tmp_path / "nowhere")}
    assert "did you mean 'universal'?" in complaint(start_from="univers", **nowhere)
    wrong = {"preset": "content", "vgg_weights": "imagenett", **nowhere}
    assert "did you mean 'imagenet'?" in complaint(**wrong)
    for wrong in ({"distilled_share": 0.0}, {"distilled_share": 1.5}, {"distilled_pairs": 0}):
        with pytest.raises(TrainingError, match="distilled"):
            config(data, tmp_path, teachers, **wrong)
    with pytest.raises(TrainingError, match="without --distill"):
        with_recipe(config(data, tmp_path, teachers, distill=None, unpaired_photos="x"))


class Doubler:
    """A teacher that counts its calls."""

    calls = 0

    def predict_on_batch(self, images):
        self.calls += 1
        return images * 2


@pytest.mark.parametrize("name", ["phone.npy", "target.npy", "manifest.json"])
@pytest.mark.parametrize("damage", ["cut", "flipped", "emptied"])
def test_damaged_answers_are_made_anew(tmp_path, teachers, monkeypatch, name, damage):
    teacher = Doubler()
    monkeypatch.setattr("training.distillation._load", lambda _: teacher)

    def pairs():
        found = distilled_pairs(teachers[:1], PHOTOS, 6, tmp_path)
        return found.phone.copy(), found.target.copy()

    expected = pairs()
    pairs()
    assert teacher.calls == 1  # the second call reads what the first one wrote
    (pack,) = tmp_path.iterdir()
    content = bytearray((pack / name).read_bytes())
    if damage == "flipped":
        content[-20] ^= 1
    else:
        del content[len(content) // 2 if damage == "cut" else 0 :]
    (pack / name).write_bytes(content)
    for one, other in zip(pairs(), expected, strict=True):
        np.testing.assert_array_equal(one, other)
    assert teacher.calls == 2 and len(list(tmp_path.iterdir())) == 1
