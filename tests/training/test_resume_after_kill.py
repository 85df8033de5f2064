"""A training that is killed and resumed ends as if nothing had happened, for each recipe."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from models.networks import NETWORKS
from training.recipes import RECIPES
from training.recording import read_curve

ROOT = Path(__file__).resolve().parents[2]
# train.py in a process that dies, as of a power cut, in step 6.
DYING = """
import os, runpy, signal, sys
from training import build_gan

def build(*arguments, made=build_gan.build):
    gan, step = made(*arguments)
    done = []

    class Step:
        sync = staticmethod(step.sync)

        def __call__(self, *batch):
            done.append(1)
            if len(done) == 6:
                os.kill(os.getpid(), signal.SIGKILL)
            return step(*batch)

    return gan, Step()

build_gan.build = build
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
SMALL = {"dped": ["--channels", "4", "--blocks", "1"], "mobile": ["--channels", "4"]}


@pytest.fixture(scope="module")
def data(tmp_path_factory, write_dataset):
    root = tmp_path_factory.mktemp("data")
    write_dataset(root, "mine", train=24, test=2)
    return root


def run(folder, words, *more) -> int:
    before = [*more, str(ROOT / "train.py")]
    process = subprocess.run(
        [sys.executable, *before, *words, "--run_dir", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert process.returncode <= 0, process.stderr
    return process.returncode


def arrays(folder):
    with np.load(folder / "state.npz") as file:
        return {name: file[name] for name in file.files if name != "progress"}


@pytest.mark.slow
@pytest.mark.parametrize("recipe", RECIPES)
def test_a_killed_run_ends_in_the_numbers_of_an_uninterrupted_one(data, tmp_path, recipe):
    model = RECIPES[recipe]["model"]
    assert model in NETWORKS
    words = ["--phone", "mine", "--data_dir", str(data), "--cache_dir", str(data / "cache")]
    words += ["--recipe", recipe, "--steps", "8", "--validate_every", "2", "--batch_size", "4"]
    words += ["--discriminator_width", "0.03", "--vgg_weights", "random", *SMALL.get(model, [])]
    if RECIPES[recipe]["look_steps"]:
        words += ["--look_steps", "2"]
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert run(whole, words) == 0
    assert run(killed, words, "-c", DYING) == -9
    assert 2 <= read_curve(killed)[-1]["step"] < 8
    assert run(killed, [*words, "--resume"]) == 0
    expected, found = arrays(whole), arrays(killed)
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values, err_msg=name)
    assert read_curve(killed) == read_curve(whole)
    assert not list(killed.rglob("*.part*"))
