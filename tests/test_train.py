"""The real `train()` on a small data set, and its command line."""

import dataclasses
import json
import math
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import models  # first: holds back TensorFlow's chatter
from common import command_line
from common.folder_lock import FolderInUseError
from simulation.cameras import PHONES
from train import TrainConfig, TrainingError, train
from training.config import resolved, with_recipe, write_config
from training.pairs import training_batches
from training.recording import read_curve

ROOT = Path(__file__).resolve().parent.parent
TINY = {
    "channels": 4,
    "blocks": 1,
    "discriminator_width": 0.03,
    "batch_size": 4,
    "content_layer": "block1_conv1",
    "vgg_weights": "random",
}


@pytest.fixture(scope="module")
def data(tmp_path_factory, write_dataset):
    root = tmp_path_factory.mktemp("data")
    write_dataset(root, "mine", train=24, test=4)
    return root


def config(data, run, **changes) -> TrainConfig:
    options = {"phone": "mine", "data_dir": str(data), "run_dir": str(run), **TINY}
    options["cache_dir"] = str(data / "cache")
    if changes.get("model") == "srcnn":
        del options["channels"]
    return TrainConfig(**(options | changes))


def opened(options):
    return training_batches(with_recipe(options))


def saved_arrays(run) -> dict[str, np.ndarray]:
    with np.load(run / "state.npz") as file:
        return {name: file[name] for name in file.files if name != "progress"}


def test_a_run_leaves_everything_it_promises(data, tmp_path, monkeypatch):
    monkeypatch.setattr("training.loop.EARLY", math.inf)  # no sample picture on a slow machine
    assert train(config(data, tmp_path / "run", steps=4, validate_every=2)) == 0
    run = tmp_path / "run"
    assert {path.name for path in run.iterdir()} == {
        *("best.keras", "last.keras", "config.json", "state.npz"),
        *("validation.csv", "curves.png", "samples", "tensorboard"),
    }
    assert [path.name for path in sorted((run / "samples").iterdir())] == [
        "step_000002.png",
        "step_000004.png",
    ]
    assert json.loads((run / "config.json").read_text())["channels"] == 4
    rows = read_curve(run)
    assert [row["step"] for row in rows] == [2, 4]
    assert set(rows[0]) >= {
        *("psnr", "ms_ssim", "input_psnr", "color", "texture", "content"),
        *("total_variation", "generator", "discriminator", "discriminator_accuracy"),
    }
    assert any((run / "tensorboard").iterdir())


def test_a_sample_picture_comes_before_a_late_validation(data, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("training.loop.EARLY", 0)
    train(config(data, tmp_path / "run", steps=4, validate_every=4))
    names = [path.name for path in sorted((tmp_path / "run/samples").iterdir())]
    assert names == ["step_000001.png", "step_000004.png"]
    assert "samples/step_000001.png: input, enhanced and target" in capsys.readouterr().out
    train(config(data, tmp_path / "run", steps=6, resume=True))
    assert not (tmp_path / "run/samples/step_000005.png").exists()


@pytest.mark.parametrize(("steps", "expected"), [(3, 1), (400, 40), (5000, 500), (20_000, 500)])
def test_validations_follow_the_length_of_the_run(data, tmp_path, steps, expected):
    assert resolved(config(data, tmp_path, steps=steps)).validate_every == expected
    assert resolved(config(data, tmp_path, steps=steps, validate_every=7)).validate_every == 7


def test_training_improves_on_the_input(data, tmp_path):
    """The scenes are smooth and merely dark, so a few dozen steps on pixels must help."""
    settings = {"model": "srcnn", "steps": 120, "learning_rate": 2e-3, "validate_every": 40}
    train(config(data, tmp_path / "run", **settings))
    rows = read_curve(tmp_path / "run")
    assert max(row["psnr"] for row in rows) > rows[0]["input_psnr"] + 2


def test_a_resumed_run_ends_in_the_numbers_of_an_uninterrupted_one(data, tmp_path):
    train(config(data, tmp_path / "whole", steps=6, validate_every=3))
    train(config(data, tmp_path / "parts", steps=3, validate_every=3))
    train(config(data, tmp_path / "parts", steps=6, validate_every=3, resume=True))
    whole, parts = saved_arrays(tmp_path / "whole"), saved_arrays(tmp_path / "parts")
    assert whole.keys() == parts.keys()
    for name in whole:
        np.testing.assert_array_equal(whole[name], parts[name])
    assert read_curve(tmp_path / "whole") == read_curve(tmp_path / "parts")


def test_resume_needs_no_flag_but_those_that_find_the_run(data, tmp_path):
    run = tmp_path / "run"
    train(config(data, run, steps=2))
    train(TrainConfig(phone="mine", run_dir=str(run), steps=3, resume=True))
    assert json.loads((run / "config.json").read_text())["channels"] == 4
    assert read_curve(run)[-1]["step"] == 3


def test_a_run_is_not_resumed_on_other_pairs(data, tmp_path, write_dataset):
    run = tmp_path / "run"
    train(config(data, run, steps=1))
    before = (run / "config.json").read_bytes()
    write_dataset(tmp_path / "more", "mine", train=30, test=2)
    with pytest.raises(TrainingError, match="on 14 pairs, now there are 20"):
        train(config(tmp_path / "more", run, steps=2, resume=True))
    write_dataset(tmp_path / "others", "mine", train=24, test=2, seed=5)
    with pytest.raises(TrainingError, match="on other pairs"):
        train(config(tmp_path / "others", run, steps=2, resume=True))
    # Nor does the attempt change what the next one goes by.
    assert (run / "config.json").read_bytes() == before


def test_a_run_is_not_resumed_to_a_step_before_its_own(data, tmp_path):
    train(config(data, tmp_path / "run", steps=2, model="srcnn"))
    with pytest.raises(TrainingError, match="at step 2 already, past --steps 1"):
        train(config(data, tmp_path / "run", steps=1, model="srcnn", resume=True))


def test_a_run_that_moved_goes_on_where_it_is_now(data, tmp_path):
    train(config(data, tmp_path / "old", steps=1, model="srcnn"))
    shutil.copytree(tmp_path / "old", tmp_path / "new")
    old = (tmp_path / "old" / "state.npz").read_bytes()
    train(config(data, tmp_path / "new", steps=2, model="srcnn", resume=True))
    assert [row["step"] for row in read_curve(tmp_path / "new")] == [1, 2]
    assert (tmp_path / "old" / "state.npz").read_bytes() == old


def test_the_curve_of_a_run_from_before_a_column_was_recorded_goes_on(data, tmp_path):
    run = tmp_path / "run"
    train(config(data, run, steps=1, model="srcnn"))
    (run / "validation.csv").write_text("step,psnr\n1,14.5\n")
    for steps in (2, 3):
        train(config(data, run, steps=steps, model="srcnn", resume=True))
    rows = read_curve(run)
    assert [row["step"] for row in rows] == [1, 2, 3]
    assert rows[0] == {"step": 1, "psnr": 14.5}
    assert "contrast" in rows[2]


def test_the_seed_decides(data, tmp_path):
    for name, seed in (("one", 0), ("same", 0), ("other", 1)):
        train(config(data, tmp_path / name, steps=2, model="srcnn", seed=seed))
    one, same, other = (saved_arrays(tmp_path / name) for name in ("one", "same", "other"))
    assert all(np.array_equal(one[name], same[name]) for name in one)
    assert not all(np.array_equal(one[name], other[name]) for name in one)


def test_without_an_average_the_last_weights_are_saved(data, tmp_path):
    """The published network and the generator hold the same numbers, one after the other."""
    train(config(data, tmp_path / "run", steps=2, model="srcnn", ema_decay=0.0))
    arrays = list(saved_arrays(tmp_path / "run").values())
    weights = len(models.load_generator(tmp_path / "run" / "last.keras").weights)
    for generator, published in zip(arrays[:weights], arrays[-weights:], strict=True):
        np.testing.assert_array_equal(generator, published)
    train(config(data, tmp_path / "average", steps=2, model="srcnn", ema_decay=0.9))
    arrays = list(saved_arrays(tmp_path / "average").values())
    assert not np.array_equal(arrays[0], arrays[-weights])


def test_validation_pairs_are_no_training_pairs(data, tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr("training.loop.Validation", lambda pairs: seen.append(pairs) or 1 / 0)
    with pytest.raises(ZeroDivisionError):
        train(config(data, tmp_path / "run", steps=1, model="srcnn"))
    batches, held_out = opened(config(data, tmp_path, batch_size=14))
    assert batches.count == 14
    (validated,) = seen
    np.testing.assert_array_equal(validated.phone, held_out.phone)
    # Whatever their orientation, the patches' sums tell them apart.
    trained_on = np.rint(255 * batches[0][0]).sum((1, 2, 3))
    assert len(set(trained_on)) == 14
    assert not set(trained_on) & set(validated.phone.sum((1, 2, 3)))


def test_both_datasets_share_every_batch_and_the_real_one_is_validated_on(data, tmp_path):
    root = tmp_path / "root"
    shutil.copytree(data / "mine", root / "mine")
    shutil.copytree(data / "mine", root / "simulated" / "mine")
    for path in (root / "simulated").rglob("training_data/*/*.png"):
        Image.new("RGB", (100, 100)).save(path)
    options = config(root, tmp_path, dataset="both", batch_size=5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("simulation.simulate_patches.simulate_dataset", lambda *_, **__: None)
        batches, held_out = opened(options)
    assert batches.count == 28
    phone, target = batches[3]
    for side in (phone, target):
        assert [patch.any() for patch in side] == [True, True, False, False, False]
    assert held_out.phone.any((1, 2, 3)).all()


def test_a_non_finite_loss_stops_the_run_and_keeps_the_checkpoint(data, tmp_path):
    run = tmp_path / "run"
    train(config(data, run, steps=1, model="srcnn"))
    with np.load(run / "state.npz") as file:
        arrays = dict(file)
    arrays["v0005"][...] = np.nan  # the last bias: stands for whatever makes a loss overflow
    np.savez(run / "state.npz", **arrays)
    state = (run / "state.npz").read_bytes()
    with pytest.raises(TrainingError, match="step 2: the squared_error loss is nan"):
        train(config(data, run, steps=9, model="srcnn", resume=True))
    assert (run / "state.npz").read_bytes() == state


def test_weights_that_the_last_step_broke_are_not_saved(data, tmp_path, monkeypatch):
    scores = {"psnr": float("nan"), "ms_ssim": 0.0}
    monkeypatch.setattr("training.loop.Validation", lambda _: lambda _: (scores, None))
    with pytest.raises(TrainingError, match="step 1: the validation loss is nan"):
        train(config(data, tmp_path / "run", steps=1, model="srcnn"))
    assert not list((tmp_path / "run").glob("*.keras"))
    assert not (tmp_path / "run" / "state.npz").exists()


def test_another_run_is_neither_overwritten_nor_mixed_up(data, tmp_path):
    run = tmp_path / "run"
    train(config(data, run, steps=1, model="srcnn"))
    with pytest.raises(TrainingError, match="holds a run; --resume"):
        train(config(data, run, steps=1, model="srcnn"))
    again = {"model": "srcnn", "resume": True}
    with pytest.raises(TrainingError, match="--batch_size 4, not 8"):
        train(config(data, run, steps=2, batch_size=8, **again))
    with pytest.raises(TrainingError, match=r"--vgg_weights random, not other\.h5"):
        train(config(data, run, steps=2, vgg_weights="other.h5", **again))
    (run / "config.json").write_text("{")
    with pytest.raises(TrainingError, match=r"config\.json: damaged"):
        train(config(data, run, steps=2, **again))
    with pytest.raises(TrainingError, match="no run to resume"):
        train(config(data, tmp_path / "none", steps=2, resume=True))


@pytest.mark.parametrize(
    "words", [["--model", "dped", "--batch_size", "50"], ["--seed", "0"], ["--dataset", "dped"]]
)
def test_a_flag_counts_as_given_also_where_it_equals_the_default(
    tmp_path, monkeypatch, capsys, words
):
    """The earlier run has other values, and the words of the command line are all defaults."""
    run = tmp_path / "run"
    earlier = TrainConfig("mine", model="mobile", batch_size=4, seed=5, dataset="both")
    write_config(run, with_recipe(earlier))
    (run / "state.npz").touch()
    monkeypatch.setattr("train.training_batches", lambda config: pytest.fail("started"))
    resume = ["--phone", "mine", "--run_dir", str(run), "--resume"]
    with pytest.raises(SystemExit):
        command_line.run(train, TrainConfig, "", [TrainingError], words=[*resume, *words])
    assert f"was trained with {words[0]} " in capsys.readouterr().err


@pytest.mark.parametrize("side", ["mine", "canon"])
@pytest.mark.parametrize("number", [3, 23])  # 23 is a validation pair
def test_a_run_is_not_resumed_on_a_pair_that_changed(
    tmp_path, write_dataset, monkeypatch, side, number
):
    write_dataset(tmp_path, "mine", train=24, test=2)
    without_validation(monkeypatch)
    train(config(tmp_path, tmp_path / "run", steps=1, model="srcnn"))
    path = tmp_path / "mine" / "training_data" / side / f"{number}.png"
    with Image.open(path) as picture:
        changed = np.asarray(picture).copy()
    changed[50, 50, 1] ^= 1
    Image.fromarray(changed).save(path)
    with pytest.raises(TrainingError, match="was trained on other pairs"):
        train(config(tmp_path, tmp_path / "run", steps=2, model="srcnn", resume=True))


def test_two_trainings_do_not_share_a_folder(data, tmp_path, monkeypatch):
    run, waits = tmp_path / "run", "import sys, time; from common.folder_lock import claimed\n"
    waits += "with claimed(sys.argv[1]):\n    print(1, flush=True)\n    time.sleep(60)"
    first = subprocess.Popen([sys.executable, "-c", waits, run], cwd=ROOT, stdout=subprocess.PIPE)
    first.stdout.readline()
    for options in (config(data, run, steps=1), config(data, run, steps=1, resume=True)):
        with pytest.raises(FolderInUseError, match="another run uses this folder"):
            train(options)
    first.kill()
    first.wait()
    without_validation(monkeypatch)
    assert train(config(data, run, steps=1, model="srcnn")) == 0


def without_validation(monkeypatch):
    scores = dict.fromkeys(("psnr", "ms_ssim", "input_psnr", "input_ms_ssim"), 1.0)
    scores |= {"color_shift": 0.0, "contrast": 1.0, "checkerboard": 1.0}
    sheet = np.zeros((4, 4, 3), np.uint8)
    monkeypatch.setattr("training.loop.Validation", lambda _: lambda _: (scores, sheet))


def command(data, run, *extra):
    options = dataclasses.asdict(config(data, run, model="srcnn"))
    names = ("phone", "data_dir", "run_dir", "cache_dir", "model", "batch_size")
    given = {name: options[name] for name in names}
    words = [word for name, value in given.items() for word in (f"--{name}", str(value))]
    return [sys.executable, str(ROOT / "train.py"), *words, *extra]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "backend"),
    [
        *((number, "tensorflow") for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)),
        (signal.SIGTERM, "jax"),
    ],
)
def test_a_signal_saves_before_leaving_and_the_run_goes_on(data, tmp_path, number, backend):
    run = tmp_path / "run"
    # Its own session, as from a shell that left SIGINT at its default.
    process = subprocess.Popen(
        command(data, run, "--steps", "100000", "--validate_every", "10"),
        stdout=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONUNBUFFERED": "1", "KERAS_BACKEND": backend},
        start_new_session=True,
    )
    deadline = time.monotonic() + 120
    while not (run / "state.npz").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(number)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert "saved; go on with --resume" in output
    with np.load(run / "state.npz") as file:
        step = json.loads(str(file["progress"]))["step"]
    assert step >= 10
    assert not list(run.glob(".*.part*"))
    more = command(data, run, "--steps", str(step + 2), "--validate_every", "10")
    finished = subprocess.run([*more, "--resume"], capture_output=True, text=True, cwd=tmp_path)
    assert finished.returncode == 0, finished.stderr


def test_another_phone_is_simulated_as_the_generic_one_under_its_name(tmp_path):
    options = {"phone": "mine", "data_dir": str(tmp_path), "cache_dir": str(tmp_path / "cache")}
    batches, _ = opened(
        TrainConfig(**options, dataset="simulated", simulated_pairs=40, batch_size=2)
    )
    assert batches.count == 30
    facts = json.loads((tmp_path / "simulated" / "mine" / "simulation.json").read_text())
    assert facts["phone"]["name"] == "mine"
    assert facts["phone"]["gamma"] == list(PHONES["generic"].gamma)
    assert facts["phone"]["sensor_size"] == list(PHONES["generic"].sensor_size)


@pytest.mark.parametrize("backend", ["torch", "nonsense"])
def test_a_backend_that_is_not_there_gets_one_line(data, tmp_path, backend):
    words = command(data, tmp_path / "run", "--steps", "1")
    environment = {**os.environ, "KERAS_BACKEND": backend}
    done = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path, env=environment)
    assert done.returncode == 1
    assert done.stderr.endswith(
        f"error: KERAS_BACKEND={backend}: this project runs on tensorflow or jax\n"
    )
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--phone", "absent"], "no such dataset"),
        (["--steps", "0"], "--steps must be at least 1"),
        (["--learning_rate", "-1"], "--learning_rate must be greater than 0"),
        (["--phone", "../mine"], "phone name"),
        (["--ema_decay", "1"], "--ema_decay must be at least 0 and below 1"),
        (["--photos", "."], "--photos has no meaning without --dataset simulated or both"),
        (["--dataset", "simulated", "--photos", "absent"], "no such folder of photos"),
        (["--dataset", "both", "--batch_size", "1"], "a --batch_size of at least 2"),
    ],
)
def test_bad_input_gets_one_line(data, tmp_path, words, reason):
    run = tmp_path / "run"
    done = subprocess.run(command(data, run, *words), capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert reason in done.stderr
    assert not run.exists()


@pytest.mark.slow
@pytest.mark.parametrize("room", [100, 2_000, 20_000])
def test_a_full_disk_is_one_line_that_names_a_file(data, tmp_path, room):
    """The limit on the size of a file stands for the disk: no write passes it."""
    opened(config(data, tmp_path))  # the packs are there
    script = "import os, resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, "
    script += "(int(sys.argv[1]),) * 2); os.execv(sys.argv[2], sys.argv[2:])"
    run = tmp_path / "run"
    words = [sys.executable, "-c", script, str(room), *command(data, run, "--steps", "2")]
    done = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"train.py: error: {run}") and line.endswith(": File too large")
    assert not list(run.rglob("*.part*"))
