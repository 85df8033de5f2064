"""The training of the network for any phone: its samples, and its runs."""

import csv
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

import models
from models.mobile import build_mobile
from models.universal import FIXED, build_universal
from training.config import TrainingError
from training.photo_crops import CLEAN, NoPhotosError, PhotoCrops, synthetic_photo
from training.universal import LAST, LOG, UniversalConfig, main

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    for number in range(12):
        cv2.imwrite(str(folder / f"photo-{number}.png"), synthetic_photo(rng, 240))
    return folder


def test_samples_are_patches_beside_their_photos(photos):
    crops = PhotoCrops([photos], None, patch=64)
    rng = np.random.default_rng(0)
    for _ in range(20):
        *patches, thumbnail = crops.sample(rng)
        faulty, clean = crops.thumbnail_pair(rng)
        assert [x.shape for x in patches] == [(64, 64, 3)] * 2 and clean.shape == (CLEAN, CLEAN, 3)
        assert all(x.dtype == np.float32 and 0 <= x.min() <= x.max() <= 1 for x in patches)
        assert clean.dtype == np.float32 and 0 <= clean.min() <= clean.max() <= 1
        assert all(x.shape == (256, 256, 3) and x.dtype == np.uint8 for x in (thumbnail, faulty))
    with pytest.raises(NoPhotosError, match="no photos"):
        PhotoCrops([photos], "no such part")


def test_a_run_saves_resumes_and_repeats(photos, tmp_path):
    def config(name, steps, resume=False):
        return UniversalConfig(
            photos=(str(photos),),
            run_dir=str(tmp_path / name),
            light_steps=2,
            steps=steps,
            batch_size=2,
            light_batch=2,
            patch=64,
            workers=0,
            resume=resume,
        )

    main(config("a", 2))
    with pytest.raises(TrainingError, match="holds a run"):
        main(config("a", 2))
    main(config("a", 3, resume=True))
    main(config("b", 2))
    with (tmp_path / "a" / LOG).open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["part"], row["step"]) for row in rows] == [
        ("light", "2"),
        ("detail", "2"),
        ("detail", "3"),
    ]
    with (tmp_path / "b" / LOG).open() as file:
        assert list(csv.DictReader(file)) == rows[:2]
    model = models.load_generator(tmp_path / "a" / LAST)
    fresh = build_universal()
    for name in FIXED:
        for found, expected in zip(
            model.get_layer(name).get_weights(), fresh.get_layer(name).get_weights(), strict=True
        ):
            np.testing.assert_array_equal(found, expected)


def test_an_unreadable_photo_is_named(tmp_path):
    (tmp_path / "broken.png").write_bytes(b"no picture")
    with pytest.raises(NoPhotosError, match=r"broken\.png"):
        PhotoCrops([tmp_path], None)


TRAINER = """
import os, pathlib, sys, time
from training.universal import Samples, UniversalConfig

if __name__ == "__main__":
    samples = Samples(UniversalConfig(photos=(sys.argv[1],), light_batch=64), "light", 0)
    samples.next()
    while not samples._queue.full():
        time.sleep(0.1)
    pathlib.Path(sys.argv[2]).write_text(str(samples._processes[0].pid))
    os._exit(1)  # as a killed process ends: without any cleaning up
"""


@pytest.mark.slow
def test_worker_processes_end_with_a_killed_trainer(tmp_path):
    """A queue holds batches that nobody reads; they must not keep its process alive."""
    rng = np.random.default_rng(0)
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(60):
        cv2.imwrite(str(folder / f"photo-{number}.png"), synthetic_photo(rng, 240))
    script = tmp_path / "trainer.py"
    script.write_text(TRAINER)
    identity = tmp_path / "worker"
    words = [sys.executable, script, folder, identity]
    subprocess.run(words, env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=120, check=False)
    worker = int(identity.read_text())
    limit = time.monotonic() + 30
    while time.monotonic() < limit and is_alive(worker):
        time.sleep(0.2)
    assert not is_alive(worker)


def is_alive(process: int) -> bool:
    """Return whether a process runs; a process that ended but was not waited for does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")")[-1].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.slow
def test_a_broken_network_is_not_saved(photos, tmp_path):
    config = UniversalConfig(
        photos=(str(photos),),
        run_dir=str(tmp_path / "run"),
        light_steps=1,
        light_batch=2,
        patch=64,
        workers=0,
        learning_rate=1e30,
    )
    with pytest.raises(TrainingError, match="training broke the network"):
        main(config)
    assert {path.name for path in (tmp_path / "run").iterdir()} == {"config.json", LOG}


def options(photos, folder, **changes):
    """Return the options of a short run."""
    given = {"light_steps": 1, "steps": 1, "batch_size": 1, "light_batch": 1, "patch": 64}
    given |= {"photos": (str(photos),), "run_dir": str(folder), "workers": 0, **changes}
    return UniversalConfig(**given, given=frozenset(given))


@pytest.mark.parametrize(
    "change",
    [
        {"batch_size": 0}, {"light_batch": -1}, {"steps": -1}, {"light_steps": -1}, {"patch": 0},
        {"patch": -4}, {"patch": 66}, {"patch": 4_294_967_292}, {"workers": -1}, {"seed": -1},
        {"seed": 2**32}, {"save_every": -1.0}, {"learning_rate": 0.0}, {"learning_rate": -1.0},
        {"learning_rate": 1e300},
    ],
)  # fmt: skip
def test_numbers_out_of_range_are_refused(photos, tmp_path, change):
    with pytest.raises(TrainingError, match=f"--{next(iter(change))} must be"):
        options(photos, tmp_path, **change)


def test_a_missing_folder_of_photos_is_named_before_a_process_starts(tmp_path):
    with pytest.raises(FileNotFoundError, match="typo"):
        main(options(tmp_path / "typo", tmp_path / "run", workers=1))
    with pytest.raises(NoPhotosError, match="no photos"):
        main(options(tmp_path, tmp_path / "run", workers=1))


@pytest.fixture(scope="module")
def finished(photos, tmp_path_factory):
    folder = tmp_path_factory.mktemp("finished") / "run"
    main(options(photos, folder))
    return folder


@pytest.fixture
def run(finished, tmp_path):
    """Return a copy of a finished run."""
    return Path(shutil.copytree(finished, tmp_path / "run"))


@pytest.mark.parametrize(
    "change", [{"seed": 7}, {"learning_rate": 0.5}, {"batch_size": 3}, {"patch": 96}]
)
def test_a_resumed_run_keeps_its_options(photos, run, change):
    before = (run / "config.json").read_bytes()
    (name,) = change
    with pytest.raises(TrainingError, match=f"was trained with --{name}"):
        main(options(photos, run, resume=True, **change))
    assert (run / "config.json").read_bytes() == before


def test_a_resumed_run_takes_its_options_up(photos, run):
    main(UniversalConfig(run_dir=str(run), resume=True, steps=2, given=frozenset({"steps"})))
    config = json.loads((run / "config.json").read_text())
    assert (config["steps"], config["batch_size"], config["patch"]) == (2, 1, 64)
    assert config["photos"] == [str(photos)]


def test_a_run_does_not_go_on_with_other_photos(photos, run, tmp_path):
    other = Path(shutil.copytree(photos, tmp_path / "other"))
    next(other.glob("*-3.png")).rename(other / "photo-33.png")
    with pytest.raises(TrainingError, match="other photos"):
        main(options(other, run, resume=True, steps=2))


@pytest.mark.parametrize("damage", ["empty", "half", "text", "flipped", "other"])
def test_a_damaged_state_is_named_and_nothing_changes(photos, run, damage):
    path, before = run / "state.npz", (run / "config.json").read_bytes()
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 255
    damaged = {"empty": b"", "half": content[: len(content) // 2], "text": b"x", "flipped": content}
    if damage == "other":
        np.savez(path, weight_0=np.zeros(3))
    else:
        path.write_bytes(bytes(damaged[damage]))
    with pytest.raises(TrainingError, match=r"state\.npz: damaged"):
        main(options(photos, run, resume=True, steps=2))
    assert (run / "config.json").read_bytes() == before


def test_a_network_of_another_kind_is_refused(photos, tmp_path):
    models.save_model(build_mobile(4), tmp_path / "mobile.keras")
    with pytest.raises(models.WeightsError, match=r"mobile\.keras: not a network for any phone"):
        main(options(photos, tmp_path / "run", start_from=str(tmp_path / "mobile.keras")))
