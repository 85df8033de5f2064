"""Every preset gives the same losses and gradients on every engine."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from losses.presets import PRESETS

ROOT = Path(__file__).resolve().parents[2]

# Prints, by preset, each term of the loss and the sum of the sizes of the gradient.
ALL_PRESETS = """
import json
import os
from common.backend import import_keras
keras = import_keras()
import numpy as np
from losses.presets import PRESETS, preset

rng = np.random.default_rng(0)
enhanced, target = rng.random((2, 2, 64, 64, 3), np.float32)
logits = np.float32([[0.3], [-1.2]])

def terms(name, images):
    return preset(name, 2).terms(images, target, logits, lambda x: x[:, ::4, ::4], images[::-1])

def measured(name):
    if keras.backend.backend() == "jax":
        import jax

        def loss(images):
            found = terms(name, images)
            return sum(found.values()), found

        (_, found), gradient = jax.jit(jax.value_and_grad(loss, has_aux=True))(enhanced)
    else:
        import tensorflow as tf

        images = tf.constant(enhanced)
        with tf.GradientTape() as tape:
            tape.watch(images)
            found = terms(name, images)
            total = sum(found.values())
        gradient = tape.gradient(total, images)
    sizes = {term: float(value) for term, value in found.items()}
    return sizes | {"gradient": float(np.abs(np.asarray(gradient)).sum())}

print(json.dumps({name: measured(name) for name in PRESETS}))
"""


def python(engine, *words):
    """Run Python on an engine; return what it prints."""
    done = subprocess.run(
        [sys.executable, *map(str, words)],
        cwd=ROOT,
        env={**os.environ, "KERAS_BACKEND": engine, "JAX_PLATFORMS": "cpu"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def measured(engine):
    return json.loads(python(engine, "-c", ALL_PRESETS))


def test_every_preset_gives_the_same_losses_and_gradients_on_both_engines():
    found = {engine: measured(engine) for engine in ("tensorflow", "jax")}
    for name, objective in PRESETS.items():
        one, other = found["tensorflow"][name], found["jax"][name]
        assert one.keys() == other.keys() == {*objective.weights, "gradient"}
        assert one["gradient"] > 0
        for term, value in one.items():
            assert other[term] == pytest.approx(value, rel=1e-4), (name, term)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["tensorflow", "jax"])
@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_trains_on_every_engine(tmp_path, write_dataset, name, engine):
    write_dataset(tmp_path, "mine", train=24, test=4)
    words = [
        *("--phone", "mine", "--data_dir", tmp_path, "--cache_dir", tmp_path / "cache"),
        *("--run_dir", tmp_path / "run", "--preset", name, "--steps", "2", "--batch_size", "2"),
        *("--channels", "4", "--blocks", "1", "--discriminator_width", "0.03"),
        *("--content_layer", "block1_conv1", "--vgg_weights", "random"),
    ]
    python(engine, "train.py", *words)
    with np.load(tmp_path / "run" / "state.npz") as state:
        assert json.loads(str(state["progress"]))["step"] == 2
