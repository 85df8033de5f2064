"""`--dask`: a real scheduler and two real workers, which the test starts."""

import contextlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image

import align.jobs
from align.__main__ import AlignConfig, main
from align.errors import AlignmentError
from data.cameras import CAMERAS, DSLR
from data.geometry import random_pose
from data.shooting import shoot

ROOT = Path(__file__).resolve().parent.parent
distributed = pytest.importorskip("distributed", reason="the extra `dask` is not installed")


@contextlib.contextmanager
def started(tmp_path, workers):
    """A scheduler and workers as processes; gives the scheduler's address."""
    file = tmp_path / "scheduler.json"
    common = ["--scheduler-file", str(file)]
    words = [["dask_scheduler", "--port", "0", "--no-dashboard", "--host", "127.0.0.1"]]
    words += [["dask_worker", "--nthreads", "1", "--no-dashboard", "--no-nanny"]] * workers
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with contextlib.ExitStack() as stack:
        for module, *flags in words:
            process = subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.{module}", *flags, *common],
                cwd=tmp_path,
                env=environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            stack.callback(process.wait)
            stack.callback(process.kill)
            until = time.monotonic() + 60
            while not file.exists():
                assert process.poll() is None and time.monotonic() < until
                time.sleep(0.05)
        address = json.loads(file.read_text(encoding="utf-8"))["address"]
        if workers:
            with distributed.Client(address, set_as_default=False) as client:
                client.wait_for_workers(workers, timeout=60)
        yield address


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Folders of a virtual phone's and the DSLR's photos, and one photo that cannot be read."""
    root = tmp_path_factory.mktemp("shoot")
    for side in ("phone", "dslr"):
        (root / side).mkdir()
        (root / side / "broken.jpg").write_bytes(side.encode())
    for name in ("coffee", "astronaut", "rocket"):
        rng = np.random.default_rng(len(name))
        for side, camera in (("phone", CAMERAS["sony"]), ("dslr", DSLR)):
            picture, _ = shoot(getattr(skimage.data, name)(), camera, random_pose(rng), rng)
            Image.fromarray(picture).save(root / side / f"{name}.png")
    return root / "phone", root / "dslr"


def config(photos, output, **more):
    return AlignConfig(str(photos[0]), str(photos[1]), "mine", str(output), **more)


def test_two_workers_make_the_set_that_this_machine_makes(tmp_path, photos, capsys):
    assert main(config(photos, tmp_path / "here", workers=1)) == 0
    alone = capsys.readouterr()
    with started(tmp_path, workers=2) as address:
        assert main(config(photos, tmp_path / "there", dask=address)) == 0
    together = capsys.readouterr()
    sets = [tmp_path / place / "mine" for place in ("here", "there")]
    files = [
        {path.relative_to(root): path.read_bytes() for path in root.rglob("*") if path.is_file()}
        for root in sets
    ]
    assert len(files[0]) > 40
    assert files[0] == files[1]
    assert "broken.jpg" in together.err
    assert alone.err == together.err


def test_a_scheduler_that_is_not_there_is_one_line(tmp_path, photos, monkeypatch):
    monkeypatch.setattr(align.jobs, "CONNECT_TIMEOUT", 1)
    with pytest.raises(AlignmentError, match="no scheduler there"):
        main(config(photos, tmp_path, dask="tcp://127.0.0.1:9"))
    assert not (tmp_path / "mine").exists()


def test_a_scheduler_without_workers_is_one_line(tmp_path, photos, monkeypatch):
    monkeypatch.setattr(align.jobs, "WORKERS_TIMEOUT", 1)
    with (
        started(tmp_path, workers=0) as address,
        pytest.raises(AlignmentError, match="no workers"),
    ):
        main(config(photos, tmp_path, dask=address))
