"""Jobs on a Dask cluster: a real scheduler and two workers, each a process."""

import functools
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fake_aligner import DIE, FAIL, align, logged, write_shoot

import data.pair_files
from align.__main__ import main
from align.alignment_error import AlignmentError
from align.config import AlignConfig

pytest.importorskip("distributed", reason="pip install -e '.[dask]'")

ROOT = Path(__file__).resolve().parents[2]
PATHS = os.pathsep.join([str(ROOT), str(ROOT / "tests/align")])
SECONDS = 60


def start(folder, *words, paths=PATHS):
    command = [sys.executable, "-m", *words]
    return subprocess.Popen(
        command,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": paths},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@pytest.fixture
def scheduler(tmp_path):
    """Yield the address of a scheduler without workers, and the function that starts workers."""
    (tmp_path / "dask").mkdir()
    file = tmp_path / "dask" / "scheduler.json"
    # The scheduler unpickles the workers' jobs, so the scheduler needs the project, too.
    options = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file"]
    processes = [start(tmp_path / "dask", "distributed.cli.dask_scheduler", *options, str(file))]

    def workers(count):
        options = ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1"]
        for _ in range(count):
            words = ["distributed.cli.dask_worker", address, *options]
            processes.append(start(tmp_path / "dask", *words))

    end = time.monotonic() + SECONDS
    while True:
        try:
            address = json.loads(file.read_text())["address"]
            break
        except (OSError, ValueError):
            assert time.monotonic() < end and processes[0].poll() is None
            time.sleep(0.1)
    try:
        yield address, workers
    finally:
        for process in processes:
            process.kill()  # these processes have nothing to clean up
        for process in processes:
            process.wait(SECONDS)


def run(tmp_path, address, aligner, output="dped"):
    folders = [str(tmp_path / side) for side in ("phone", "dslr")]
    config = AlignConfig(*folders, "mine", str(tmp_path / output), workers=1, dask=address)
    return main(config, aligner)


def test_two_workers_write_the_dataset_that_this_machine_writes(tmp_path, scheduler):
    address, workers = scheduler
    workers(2)
    write_shoot(tmp_path, 12, corner={3: FAIL})
    log = tmp_path / "log"
    slow = functools.partial(slowly, log=log)
    assert run(tmp_path, address, slow) == 0
    assert logged(log) == dict.fromkeys(range(12), 1)
    assert len({line.split()[-1] for line in log.read_text().splitlines()}) == 2
    assert run(tmp_path, None, align, "local") == 0
    sets = []
    for output in ("dped", "local"):
        root = tmp_path / output
        files = (path for path in root.rglob("*") if path.suffix in (".jpg", ".csv", ".html"))
        sets.append({path.relative_to(root): path.read_bytes() for path in files})
    assert sets[0] == sets[1]
    assert len(data.pair_files.training_pairs(tmp_path / "dped", "mine")) == 50


def slowly(phone, dslr, settings, log):
    time.sleep(0.3)
    return align(phone, dslr, settings, log)


@pytest.mark.slow
def test_workers_that_die_are_one_error_and_finished_units_stay(tmp_path, scheduler):
    address, workers = scheduler
    workers(2)
    write_shoot(tmp_path, 3, corner={2: DIE})
    # Without a nanny nobody restarts workers: all workers die, or Dask gives the pair up.
    workers(4)
    with pytest.raises(AlignmentError, match="workers died") as raised:
        run(tmp_path, address, align)
    assert "\n" not in str(raised.value)
    units = [path for path in (tmp_path / "dped" / ".mine.align").iterdir() if path.name[0] != "."]
    assert len(units) == 2


def test_a_scheduler_that_is_not_there_is_one_error(tmp_path, monkeypatch):
    monkeypatch.setattr("align.run_jobs.CONNECT_TIMEOUT", 1)
    write_shoot(tmp_path, 2)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{unused.getsockname()[1]}"
        for wrong in (address, "nowhere", "tcp://127.0.0.1:port"):
            with pytest.raises(AlignmentError, match=f"--dask {wrong}: no scheduler there"):
                run(tmp_path, wrong, align)
    assert not (tmp_path / "dped" / ".mine.align").exists()


def test_a_scheduler_without_workers_is_one_error(tmp_path, scheduler, monkeypatch):
    monkeypatch.setattr("align.run_jobs.WORKERS_TIMEOUT", 1)
    write_shoot(tmp_path, 2)
    with pytest.raises(AlignmentError, match="has no workers"):
        run(tmp_path, scheduler[0], align)


@pytest.mark.slow
def test_a_worker_that_lacks_the_project_is_one_error(tmp_path, scheduler):
    address, _ = scheduler
    write_shoot(tmp_path, 2)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "align.py").write_text("")  # hides the project, wherever it is installed
    options = ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1"]
    words = ["distributed.cli.dask_worker", address, *options]
    worker = start(elsewhere, *words, paths=str(elsewhere))
    try:
        with pytest.raises(AlignmentError, match="install this project") as raised:
            run(tmp_path, address, align)
        assert "\n" not in str(raised.value)
    finally:
        worker.kill()
        worker.wait(SECONDS)


def test_without_the_extra_the_error_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    write_shoot(tmp_path, 2)
    with pytest.raises(AlignmentError, match=r"pip install -e '\.\[dask\]'"):
        run(tmp_path, "tcp://127.0.0.1:1", align)
