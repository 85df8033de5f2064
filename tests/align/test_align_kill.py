"""An alignment that is killed and started again writes the bytes of an uninterrupted one."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def shoot(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shoot") / "shoot"
    words = ["-m", "simulation.simulate_photos", "--phone", "generic", "--output", str(folder)]
    subprocess.run([sys.executable, *words], cwd=ROOT, check=True, capture_output=True)
    return folder


def command(shoot, output):
    words = ["-m", "align", "--phone_dir", str(shoot / "phone"), "--phone", "mine"]
    words += ["--dslr_dir", str(shoot / "canon"), "--output", str(output), "--workers", "2"]
    return [sys.executable, *words]


def content(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.slow
def test_killed_runs_end_in_the_bytes_of_an_uninterrupted_one(shoot, tmp_path):
    subprocess.run(command(shoot, tmp_path / "whole"), cwd=ROOT, check=True, capture_output=True)
    parts, kills = tmp_path / "parts", 0
    for unit in range(1, 5):  # killed when so many photos are done
        process = subprocess.Popen(
            command(shoot, parts),
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        while process.poll() is None:
            done = [path for path in parts.glob(".mine.align/*") if path.name[0] != "."]
            if len(done) >= unit:
                os.killpg(process.pid, signal.SIGKILL)
                kills += 1
                break
            time.sleep(0.005)
        process.wait(60)
    assert kills >= 2
    subprocess.run(command(shoot, parts), cwd=ROOT, check=True, capture_output=True)
    expected, found = content(tmp_path / "whole"), content(parts)
    assert found.keys() == expected.keys()
    assert "mine/pairs.csv" in found and "mine/report/index.html" in found
    different = [name for name in expected if found[name] != expected[name]]
    assert not different
