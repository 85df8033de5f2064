"""Workers that share every step compute the numbers of one process; a lost worker ends the run."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest

from data.batches import Batches, Part
from data.packed import PatchPairs
from train import TrainConfig, TrainingError, train
from training.backends.workers import workers_of
from training.config import resolved, with_recipe, write_config
from training.pairs import two_batches
from training.recording import read_curve

ROOT = Path(__file__).resolve().parents[2]
TINY = {
    "channels": 4,
    "blocks": 1,
    "discriminator_width": 0.03,
    "batch_size": 4,
    "content_layer": "block1_conv1",
    "vgg_weights": "random",
    # Adam's first steps are the learning rate whatever the gradient: rounding decides their sign
    # where that is 0, so the weights of two runs differ by a few of these.
    "learning_rate": 1e-4,
}
# train.py in a process that dies, as of a power cut, where it would make batch 8.
DYING = """
import os, runpy, signal, sys
from data.batches import Batches

def batch(self, number, made=Batches.__getitem__):
    if number == 8:
        os.kill(os.getpid(), signal.SIGKILL)
    return made(self, number)

Batches.__getitem__ = batch
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
# Three steps of two replicas in one process, and of one; prints the reports of both.
MIRRORED = """
import dataclasses, json, sys
import numpy as np
from common.backend import import_keras
keras = import_keras()
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from training.config import TrainConfig
from training.backends.workers import Workers
from training.build_gan import build

from training.training_state import gan_variables

settings = json.loads(sys.argv[1])
rng = np.random.default_rng(0)
batches = rng.random((3, 4, 100, 100, 3), np.float32)
coins = np.array([True, False, True, True])
reports, states = [], []
for workers in (Workers(), Workers("mirrored")):
    gan, step = build(TrainConfig("x", **settings), workers)
    for target in batches:
        batch = target * 0.5 + 0.1, target
        if settings["recipe"] == "iccv":
            batch = *batch, batch[0][::-1], batch[1][::-1], coins
        report = step(*batch)
        reports.append({name: float(value) for name, value in report.items()})
    states.append([keras.ops.convert_to_numpy(variable) for variable in gan_variables(gan)])
assert workers.strategy.num_replicas_in_sync == 2
for variable in gan.generator.variables + gan.discriminator.variables:
    first, second = workers.strategy.experimental_local_results(variable.value)
    assert np.array_equal(first, second), variable.path
for one, both in zip(*states, strict=True):
    np.testing.assert_allclose(both, one, atol=1e-3 + 1e-2 * np.abs(one).max())
print(json.dumps(reports))
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory, write_dataset):
    root = tmp_path_factory.mktemp("data")
    write_dataset(root, "mine", train=24, test=4)
    return root


def options(data, run, **changes):
    places = {"phone": "mine", "data_dir": str(data), "cache_dir": str(data / "cache")}
    return {**places, "run_dir": str(run), **TINY, "validate_every": 1, **changes}


def start(program, given, environment):
    flags = [(f"--{name}",) if value is True else (f"--{name}", value)
             for name, value in given.items()]  # fmt: skip
    words = [str(word) for flag in flags for word in flag]
    return subprocess.Popen(
        [sys.executable, *program, "train.py", *words],
        cwd=ROOT,
        env={**os.environ, "KERAS_BACKEND": "tensorflow", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def start_workers(given, dying=None, of_second=None):
    """Two workers on this machine; the one numbered `dying` dies at batch 8.

    `of_second` are flags that the second worker has beside those given.
    """
    sockets = [socket.create_server(("localhost", 0)) for _ in range(2)]
    addresses = [f"localhost:{one.getsockname()[1]}" for one in sockets]
    for one in sockets:
        one.close()
    workers = []
    for index in range(2):
        place = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
        program = ["-c", DYING] if index == dying else []
        environment = {"TF_CONFIG": json.dumps(place)}
        more = {"distribute": "multiworker", **((index and of_second) or {})}
        workers.append(start(program, {**given, **more}, environment))
    return workers


def ends(processes, timeout=240):
    """[(status, stdout, stderr)] of processes; none is left behind."""
    deadline = time.monotonic() + timeout
    try:
        results = []
        for process in processes:
            out, err = process.communicate(timeout=max(1, deadline - time.monotonic()))
            results.append((process.returncode, out, err))
        return results
    finally:
        for process in processes:
            process.kill()


def assert_succeed(processes):
    for status, _, errors in ends(processes):
        assert status == 0, errors
        assert errors == ""


def arrays(run):
    with np.load(run / "state.npz") as file:
        return {name: file[name] for name in file.files if name != "progress"}


def assert_same_run(run, expected):
    """Equal curves; weights and Adam's moments equal but for a few steps of Adam."""
    rows, expected_rows = read_curve(run), read_curve(expected)
    assert [row["step"] for row in rows] == [row["step"] for row in expected_rows]
    for row, other in zip(rows, expected_rows, strict=True):
        assert row == pytest.approx(other, rel=1e-3)
    values, others = arrays(run), arrays(expected)
    for name, value in others.items():
        tolerance = 1e-3 + 1e-2 * np.abs(value).max()
        np.testing.assert_allclose(values[name], value, atol=tolerance)


@pytest.mark.parametrize("recipe", ["stable", pytest.param("iccv", marks=pytest.mark.slow)])
def test_two_workers_train_as_one_process(data, tmp_path, recipe):
    settings = {"steps": 3, "recipe": recipe}
    workers = start_workers(options(data, tmp_path / "two", **settings))
    train(TrainConfig(**options(data, tmp_path / "one", **settings)))
    assert_succeed(workers)
    assert_same_run(tmp_path / "two", tmp_path / "one")
    names = [{path.name for path in (tmp_path / run).iterdir()} for run in ("one", "two")]
    assert names[0] == names[1]
    assert len(list((tmp_path / "two" / "tensorboard").iterdir())) == 1


@pytest.mark.slow
@pytest.mark.parametrize("dying", [0, 1])
def test_a_lost_worker_ends_the_others_in_one_line_and_the_run_goes_on(data, tmp_path, dying):
    settings = {"steps": 10, "validate_every": 2}
    results = ends(start_workers(options(data, tmp_path / "two", **settings), dying), timeout=120)
    assert results[dying][0] == -signal.SIGKILL
    status, _, errors = results[1 - dying]
    assert status == 1
    assert errors.count("\n") == 1
    assert "error: a worker was lost after step" in errors
    assert "--resume" in errors
    with np.load(tmp_path / "two" / "state.npz") as file:
        assert json.loads(str(file["progress"]))["step"] in (2, 4, 6)
    assert_succeed(start_workers(options(data, tmp_path / "two", **settings, resume=True)))
    train(TrainConfig(**options(data, tmp_path / "one", **settings)))
    assert_same_run(tmp_path / "two", tmp_path / "one")


@pytest.mark.slow
@pytest.mark.parametrize("told", [0, 1])
def test_a_signal_to_any_worker_saves_and_stops_all(data, tmp_path, told):
    run = tmp_path / "run"
    workers = start_workers(options(data, run, steps=100000, validate_every=10))
    deadline = time.monotonic() + 120
    while not (run / "state.npz").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    workers[told].send_signal(signal.SIGTERM)
    results = ends(workers, timeout=60)
    assert [status for status, _, _ in results] == [128 + signal.SIGTERM] * 2
    assert [errors for _, _, errors in results] == ["", ""]
    assert "saved; go on with --resume" in results[0][1]


@pytest.mark.slow
def test_a_run_moves_between_two_workers_one_process_and_jax(data, tmp_path):
    # Of a file: random features are drawn by the backend, each its own.
    features = tmp_path / "vgg.h5"
    with h5py.File(features, "w") as file:
        rng = np.random.default_rng(0)
        layer = file.create_group("block1_conv1")
        layer["kernel"] = rng.normal(0, 0.2, (3, 3, 3, 64)).astype(np.float32)
        layer["bias"] = np.zeros(64, np.float32)

    def given(run, **changes):
        return options(data, run, vgg_weights=str(features), **changes)

    run = tmp_path / "run"
    assert_succeed(start_workers(given(run, steps=2)))
    assert_succeed([start([], given(run, steps=3, resume=True), {})])
    assert_succeed(start_workers(given(run, steps=4, resume=True)))
    on_jax = {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
    # Keras on JAX takes TensorFlow in where it finds it, whose first lines cannot be held back.
    ((status, _, errors),) = ends([start([], given(run, steps=5, resume=True), on_jax)])
    assert status == 0, errors
    assert json.loads((run / "config.json").read_text())["distribute"] == "none"
    train(TrainConfig(**given(tmp_path / "one", steps=5)))
    assert_same_run(run, tmp_path / "one")


@pytest.mark.slow
def test_workers_that_were_started_differently_say_so(data, tmp_path):
    given = options(data, tmp_path / "run", steps=3)
    for status, _, errors in ends(start_workers(given, of_second={"seed": 1})):
        assert status == 1
        assert errors.count("\n") == 1
        assert "the workers differ in flags" in errors


@pytest.mark.slow
@pytest.mark.parametrize("recipe", ["stable", "iccv"])
def test_two_replicas_of_one_process_train_as_one(recipe):
    settings = {**TINY, "recipe": recipe, "discriminator_learning_rate": 1e-4}
    done = subprocess.run(
        [sys.executable, "-c", MIRRORED, json.dumps(settings)],
        cwd=ROOT,
        env={**os.environ, "KERAS_BACKEND": "tensorflow"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    reports = json.loads(done.stdout)
    for one, both in zip(reports[:3], reports[3:], strict=True):
        assert both == pytest.approx(one, rel=1e-3)


def test_the_shares_make_up_the_batch():
    rng = np.random.default_rng(0)
    sides = rng.integers(256, size=(2, 7, 6, 6, 3), dtype=np.uint8)
    pairs = PatchPairs(*sides)
    batches = Batches([Part(pairs, 6, seed=5)])
    mixed = Batches([Part(pairs, 2, seed=5), Part(pairs, 4)])
    for source in (batches, mixed):
        shares = [source.share(worker, 3) for worker in range(3)]
        assert [share.batch_size for share in shares] == [2, 2, 2]
        assert shares[0].count == source.count
        for number in range(4):
            parts = zip(*(two_batches(share, number) for share in shares), strict=True)
            for side, part in zip(two_batches(source, number), parts, strict=True):
                np.testing.assert_array_equal(np.concatenate(part), side)


CLUSTER = {"worker": ["a:1", "b:2"]}


@pytest.mark.parametrize("text", [None, ""])
def test_no_tf_config(monkeypatch, text):
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    monkeypatch.delenv("TF_CONFIG", raising=False)
    if text is not None:
        monkeypatch.setenv("TF_CONFIG", text)
    with pytest.raises(TrainingError, match="needs the variable TF_CONFIG"):
        workers_of(TrainConfig("x", distribute="multiworker"))


@pytest.mark.parametrize(
    "text",
    [
        *("{", "[]", "{}", "null"),
        json.dumps({"cluster": CLUSTER}),
        *(json.dumps({"cluster": CLUSTER, "task": task}) for task in (
            *(None, [], {}, {"type": "worker"}, {"type": "ps", "index": 0}),
            *({"type": "worker", "index": 2}, {"type": "worker", "index": "x"}),
        )),
        *(json.dumps({"cluster": cluster, "task": {"type": "worker", "index": 0}}) for cluster in (
            *({}, [], {"worker": []}, {"worker": "a:1"}, {"worker": ["a"]}, {"worker": [1]}),
            *({"worker": ["a:1", "a:1"]}, {**CLUSTER, "ps": ["p:1"]}),
        )),
    ],
)  # fmt: skip
def test_garbled_tf_config(monkeypatch, text):
    monkeypatch.setenv("TF_CONFIG", text)
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    with pytest.raises(TrainingError, match="TF_CONFIG is not of the form"):
        workers_of(TrainConfig("x", distribute="multiworker"))


@pytest.mark.parametrize(
    ("cluster", "task", "index", "count"),
    [
        (CLUSTER, {"type": "worker", "index": 0}, 0, 2),
        (CLUSTER, {"type": "worker", "index": 1}, 1, 2),
        ({"chief": ["c:3"], **CLUSTER}, {"type": "chief", "index": 0}, 0, 3),
        ({"chief": ["c:3"], **CLUSTER}, {"type": "worker", "index": 1}, 2, 3),
    ],
)
def test_the_place_in_the_cluster(monkeypatch, cluster, task, index, count):
    monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": cluster, "task": task}))
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    workers = workers_of(TrainConfig("x", distribute="multiworker"))
    assert (workers.index, workers.count, workers.chief) == (index, count, index == 0)


def test_a_batch_that_the_workers_do_not_divide_ends_in_one_line(data, tmp_path):
    given = options(data, tmp_path / "run", batch_size=5, distribute="multiworker")
    place = {"cluster": CLUSTER, "task": {"type": "worker", "index": 1}}
    ((status, _, errors),) = ends([start([], given, {"TF_CONFIG": json.dumps(place)})])
    assert status == 1
    assert errors.count("\n") == 1
    assert "--batch_size 5" in errors
    assert "multiple of the 2 workers" in errors
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("kind", ["mirrored", "multiworker"])
def test_jax_does_not_distribute(monkeypatch, kind):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    with pytest.raises(TrainingError, match=f"--distribute {kind} needs TensorFlow"):
        workers_of(TrainConfig("x", distribute=kind))


def test_what_a_resumed_run_is_shared_among_is_not_inherited(data, tmp_path):
    earlier = with_recipe(TrainConfig(**options(data, tmp_path, distribute="multiworker")))
    write_config(tmp_path, earlier)
    for kind in ("none", "mirrored"):
        again = TrainConfig("mine", run_dir=str(tmp_path), resume=True, distribute=kind)
        assert resolved(again).distribute == kind


def test_a_compiled_step_is_not_distributed():
    with pytest.raises(TrainingError, match="--jit_compile has no meaning"):
        TrainConfig("x", distribute="mirrored", jit_compile=True)


def test_a_worker_whose_step_never_ends_gives_up_with_one_line():
    source = """
import time
from training.backends.workers import _watchdog
from training.progress import Progress
progress = Progress(pairs=1, fingerprint=2, step=3)
with _watchdog(progress, 1.5):
    for _ in range(4):
        time.sleep(0.5)
        progress.step += 1
    time.sleep(60)
"""
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-c", source], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == (
        "error: a worker was lost after step 7; restarting all workers with --resume goes on "
        "from the last checkpoint\n"
    )
    assert 3 < time.monotonic() - started < 30
