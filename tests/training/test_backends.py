"""TensorFlow and JAX compute the same step from the same weights; a run can change its engine."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
TINY = [
    *("--channels", "4", "--blocks", "1", "--discriminator_width", "0.03", "--batch_size", "4"),
    *("--content_layer", "block1_conv2", "--vgg_weights", "random", "--steps", "2"),
]
# One step with each recipe, from the weights of a file where there is one. Prints the reports.
ONE_STEP = """
import json, sys
from pathlib import Path
from common.backend import import_keras
keras = import_keras()
import numpy as np
from training.config import TrainConfig
from training.build_gan import build
from training.training_state import gan_variables

def arrays(variables):
    return {f"{n:03d}": keras.ops.convert_to_numpy(v) for n, v in enumerate(variables)}

folder, backend = Path(sys.argv[1]), keras.backend.backend()
rng = np.random.default_rng(0)
target = rng.random((4, 100, 100, 3), np.float32)
reports, weights = {}, {}
coins = np.array([True, False, True, True])
phone = target * 0.5 + 0.1
batches = {"same": (phone, target), "other": (phone, target, phone[::-1], target[::-1], coins)}
for recipe, decay in (("stable", 0.9), ("iccv", 0.0)):
    config = TrainConfig(
        phone="x", recipe=recipe, channels=6, blocks=1, discriminator_width=0.05, batch_size=4,
        content_layer="block1_conv2", content_features="relative", vgg_weights="random",
        ema_decay=decay, learning_rate=5e-5, discriminator_learning_rate=5e-5, adam_epsilon=1e-7,
        initial_weights="near_identity",
    )
    gan, step = build(config)
    everything, start = gan_variables(gan) + gan.vgg.variables, folder / f"{recipe}.npz"
    if start.exists():
        with np.load(start) as given:
            for variable, name in zip(everything, sorted(given.files), strict=True):
                variable.assign(given[name])
    else:
        np.savez(start, **arrays(everything))
    report = step(*batches["other" if recipe == "iccv" else "same"])
    step.sync()
    state = gan_variables(gan)
    weights[recipe] = [
        f"{n:03d}" for n, v in enumerate(state)
        if any(v is w for m in (gan.generator, gan.discriminator) for w in m.weights)
    ]
    reports[recipe] = {name: float(value) for name, value in report.items()}
    np.savez(folder / f"{recipe}_{backend}.npz", **arrays(state))
print(json.dumps([reports, weights]))
"""
# JAX alone: any import of TensorFlow fails.
WITHOUT_TENSORFLOW = """
import runpy, sys

class Absent:
    def find_spec(self, name, *_):
        if name.split(".")[0] == "tensorflow":
            raise ModuleNotFoundError("No module named 'tensorflow'")

sys.meta_path.insert(0, Absent())
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def python(backend, *arguments):
    environment = {**os.environ, "KERAS_BACKEND": backend, "JAX_PLATFORMS": "cpu"}
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_one_step_gives_the_same_losses_gradients_and_weights(tmp_path):
    first, weights = json.loads(python("tensorflow", "-c", ONE_STEP, tmp_path))
    second, _ = json.loads(python("jax", "-c", ONE_STEP, tmp_path))
    for recipe in ("stable", "iccv"):
        assert first[recipe].keys() == second[recipe].keys()
        for name, value in first[recipe].items():
            assert second[recipe][name] == pytest.approx(value, rel=1e-4), name
        files = (f"{recipe}.npz", f"{recipe}_tensorflow.npz", f"{recipe}_jax.npz")
        start, one, other = (dict(np.load(tmp_path / name)) for name in files)
        assert one.keys() == other.keys()
        # A rounding that flips a ReLU shows in Adam's moments, which the state holds too.
        for name, values in one.items():
            scale = float(np.abs(values).max())
            tolerance = 1e-4 if name in weights[recipe] else 1e-2 * scale + 1e-4
            np.testing.assert_allclose(other[name], values, atol=tolerance)
        # Adam's first step is the learning rate in the direction of the gradient: 5e-5. Where there
        # is a gradient at all, not just rounding, it goes the same way.
        apart = np.concatenate([np.abs(one[n] - other[n]).ravel() for n in weights[recipe]])
        assert np.mean(apart > 1e-5) < 0.03
        moved = [not np.array_equal(one[name], start[name]) for name in one]
        assert sum(moved) > 0.8 * len(moved)


@pytest.mark.slow
def test_a_run_begun_on_tensorflow_goes_on_with_jax_alone_and_back(tmp_path, write_dataset):
    write_dataset(tmp_path, "mine", train=24, test=4)
    common = [
        *("--phone", "mine", "--data_dir", tmp_path, "--run_dir", tmp_path / "run"),
        *("--cache_dir", tmp_path / "cache", "--validate_every", "1"),
    ]
    python("tensorflow", "train.py", *common, *TINY)
    jax_alone = ["-c", WITHOUT_TENSORFLOW, "train.py"]
    python("jax", *jax_alone, *common, "--steps", "4", "--resume")
    printed = python("tensorflow", "train.py", *common, "--steps", "5", "--resume")
    assert "step 5: validation" in printed
    rows = (tmp_path / "run" / "validation.csv").read_text().splitlines()
    assert [row.split(",")[0] for row in rows] == ["step", "1", "2", "3", "4", "5"]
    with np.load(tmp_path / "run" / "state.npz") as state:
        assert json.loads(str(state["progress"]))["step"] == 5
