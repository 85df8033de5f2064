"""A training that breaks its networks saves nothing, whatever ends the step that breaks them."""

import dataclasses
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import models  # noqa: F401 - brings Keras in without TensorFlow's chatter
import train as command
from training.config import TrainConfig, TrainingError
from training.next_step import check_next_step

ROOT = Path(command.__file__).parent
SIGNALS = [None, signal.SIGTERM, signal.SIGINT]
SMALL = {
    "dped": {"channels": 4, "blocks": 1, "discriminator_width": 0.03, "vgg_weights": "random"},
    "mobile": {"channels": 4, "blocks": 1},
    "srcnn": {},
}


@pytest.fixture(scope="module")
def data(tmp_path_factory, write_dataset):
    root = tmp_path_factory.mktemp("data")
    write_dataset(root, "mine", train=24, test=2)
    return root


def config(data, run, model="srcnn", **changes) -> TrainConfig:
    options = {"phone": "mine", "data_dir": str(data), "run_dir": str(run), "batch_size": 4}
    options |= {"cache_dir": str(data / "cache"), "model": model, **SMALL[model]}
    if model == "dped":
        options["content_layer"] = "block1_conv1"
    return TrainConfig(**(options | changes))


def files(folder):
    return {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}


def with_signal_in_step(monkeypatch, number, at):
    """Let the process receive a signal inside the step with the number `at`."""
    build = command.build

    def built(*arguments):
        gan, step = build(*arguments)
        done = []

        class Interrupted:
            def __call__(self, *batch):
                done.append(1)
                if len(done) == at and number is not None:
                    os.kill(os.getpid(), number)
                return step(*batch)

            sync = staticmethod(step.sync)

        return gan, Interrupted()

    monkeypatch.setattr(command, "build", built)


SWEEP = [pytest.param(m, n, marks=pytest.mark.slow) for m in ("dped", "mobile") for n in SIGNALS]


@pytest.mark.parametrize(("model", "number"), [*(("srcnn", n) for n in SIGNALS), *SWEEP])
def test_a_step_that_breaks_the_networks_is_not_saved(data, tmp_path, monkeypatch, model, number):
    with_signal_in_step(monkeypatch, number, at=1)
    steps = 1 if number is None else 50
    with pytest.raises(TrainingError, match=r"step 1: .*lower --learning_rate"):
        command.train(config(data, tmp_path / "run", model, steps=steps, learning_rate=1e30))
    written = files(tmp_path / "run")
    assert not [name for name in written if name.endswith((".keras", ".npz"))], written


def test_the_checkpoint_before_the_broken_step_stays(data, tmp_path, monkeypatch):
    run = tmp_path / "run"
    scores = dict.fromkeys(("psnr", "ms_ssim", "input_psnr", "input_ms_ssim"), 1.0)
    scores |= {"color_shift": 0.0, "contrast": 1.0, "checkerboard": 1.0}
    sheet = np.zeros((4, 4, 3), np.uint8)
    monkeypatch.setattr("training.loop.Validation", lambda _: lambda _: (scores, sheet))
    command.train(config(data, run, steps=2))
    names = ("state.npz", "best.keras", "last.keras")
    before = {name: (run / name).read_bytes() for name in names}
    real = command._restore

    def restored(options, gan, progress):
        real(options, gan, progress)
        gan.generator_optimizer.learning_rate = 1e30  # stands for whatever breaks a later step

    monkeypatch.setattr(command, "_restore", restored)
    with_signal_in_step(monkeypatch, signal.SIGTERM, at=1)
    with pytest.raises(TrainingError, match="step 3: its update broke the networks"):
        command.train(config(data, run, steps=50, resume=True))
    assert {name: (run / name).read_bytes() for name in names} == before


def test_the_trial_leaves_no_trace(data, tmp_path):
    from training.build_gan import build
    from training.training_state import gan_variables

    gan, step = build(config(data, tmp_path, "mobile", steps=9))
    phone = np.random.default_rng(0).random((2, 4, 100, 100, 3), np.float32)
    step(*phone)
    before = [np.array(variable.numpy()) for variable in gan_variables(gan)]
    check_next_step(gan, step, tuple(phone), 1)
    for variable, value in zip(gan_variables(gan), before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
@pytest.mark.parametrize("model", SMALL)
def test_the_command_says_so_in_one_line(data, tmp_path, model, backend):
    options = config(data, tmp_path / "run", model)
    words = []
    for field in dataclasses.fields(options):
        value = getattr(options, field.name)
        if value not in (None, False) and value != field.default:
            words += [f"--{field.name}", str(value)]
    done = subprocess.run(
        [sys.executable, ROOT / "train.py", *words, "--steps", "1", "--learning_rate", "1e30"],
        cwd=tmp_path,
        env={**os.environ, "KERAS_BACKEND": backend, "JAX_PLATFORMS": "cpu"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "broke the networks; nothing is saved" in done.stderr.splitlines()[-1]
    assert not list((tmp_path / "run").glob("*.keras")) + list((tmp_path / "run").glob("*.npz"))
