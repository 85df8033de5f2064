"""A run whose files were changed is refused in one line that names the file."""

import dataclasses
import json
import math

import pytest

from training.config import TrainConfig, TrainingError, resolved, with_recipe, write_config
from training.progress import Progress
from training.recording import read_curve


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("channels", 8.5), ("blocks", "4"), ("preset", "none"), ("recipe", 3),
        ("model", "resnet"), ("learning_rate", float("inf")), ("learning_rate", "fast"),
        ("seed", 1 << 32), ("steps", -1), ("augment", "all"), ("phone", None), ("surprise", 1),
    ],
)  # fmt: skip
def test_a_configuration_with_a_wrong_value_is_named(tmp_path, name, value):
    write_config(tmp_path, with_recipe(TrainConfig("mine", run_dir=str(tmp_path))))
    path = tmp_path / "config.json"
    values = json.loads(path.read_text())
    path.write_text(json.dumps({**values, name: value}))
    with pytest.raises(TrainingError, match=rf"config\.json: .*{name}"):
        resolved(TrainConfig("mine", run_dir=str(tmp_path), resume=True))


def test_an_unchanged_configuration_is_taken(tmp_path):
    config = with_recipe(TrainConfig("mine", run_dir=str(tmp_path)))
    write_config(tmp_path, config)
    assert resolved(TrainConfig("mine", run_dir=str(tmp_path), resume=True)).steps == config.steps


@pytest.mark.parametrize(
    "text",
    [
        b"step,psnr\n1,twenty\n", b"step,psnr\none,20\n", b"step,psnr\n1,20,30\n", b"psnr\n20\n",
        b"step,psnr\n1.5,20\n", b"\xff\xfe\x00", b"step,psnr\n" + b"9" * 5000 + b",1\n",
    ],
)  # fmt: skip
def test_a_curve_that_is_no_table_of_numbers_is_named(tmp_path, text):
    (tmp_path / "validation.csv").write_bytes(text)
    with pytest.raises(TrainingError, match=r"validation\.csv: damaged"):
        read_curve(tmp_path)


def test_a_curve_of_numbers_is_read(tmp_path):
    (tmp_path / "validation.csv").write_text("step,psnr,ssim\n500,20.5,\n1000,21,0.8\n")
    assert read_curve(tmp_path) == [
        {"step": 500, "psnr": 20.5}, {"step": 1000, "psnr": 21.0, "ssim": 0.8}
    ]  # fmt: skip


PROGRESS = {
    "pairs": 3,
    "fingerprint": 4,
    "validation": 5,
    "step": 2,
    "best_psnr": 20.0,
    "waited": 0,
}


@pytest.mark.parametrize(
    "change",
    [
        {"step": "2"}, {"step": 0.5}, {"step": -5}, {"best_psnr": "20"}, {"best_psnr": math.nan},
        {"pairs": None}, {"surprise": 1}, {"step": True}, {"waited": [0]},
    ],
)  # fmt: skip
def test_a_checkpoint_with_wrong_progress_is_refused(change):
    with pytest.raises(ValueError, match=r"step|best_psnr|pairs|waited|other facts"):
        Progress.from_saved({**PROGRESS, **change})


@pytest.mark.parametrize("missing", ["pairs", "fingerprint"])
def test_a_checkpoint_that_lacks_progress_is_refused(missing):
    with pytest.raises(ValueError, match="other facts"):
        Progress.from_saved({name: v for name, v in PROGRESS.items() if name != missing})


def test_progress_comes_back_as_it_was_saved():
    for before in (Progress(**PROGRESS), Progress(1, 2)):
        facts = json.loads(json.dumps(dataclasses.asdict(before)))
        assert Progress.from_saved(facts) == before


@pytest.mark.parametrize(
    "change",
    [
        {"blocks": 100_000}, {"channels": 10**12}, {"discriminator_width": 1e300},
        {"simulated_pairs": 2**32 - 1}, {"distilled_pairs": 2**32 - 1}, {"look_steps": 2**32 - 1},
        {"learning_rate": 1e300}, {"adam_epsilon": 1e300},
    ],
)  # fmt: skip
def test_numbers_beyond_any_machine_are_refused(change):
    with pytest.raises(TrainingError, match=rf"--{next(iter(change))} must be at most"):
        TrainConfig("mine", **change)
