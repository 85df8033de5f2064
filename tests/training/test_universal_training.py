"""The training of the network for any phone: its samples, and its runs."""

import csv
import os
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

import models
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
