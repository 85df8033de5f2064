"""The demo, with fewer steps than `make demo`."""

import subprocess
import sys
from pathlib import Path

import imageio.v3 as iio
import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.slow
def test_the_demo_improves_held_out_pairs_and_leaves_pictures(tmp_path):
    command = [sys.executable, str(ROOT / "demo.py"), "--folder", "demo", "--steps", "100"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    rows = [line.split("|") for line in done.stdout.splitlines() if line.startswith("| ")][-2:]
    (_, _, before, *_), (_, _, after, *_) = rows
    assert float(after.split()[0]) > float(before.split()[0]) + 2  # mean ± half the interval
    photo, enhanced = "test_data/full_size_test_images/0.jpg", "enhanced.jpg"
    sizes = [
        iio.imread(tmp_path / "demo" / path).shape
        for path in (f"data/blackberry/{photo}", enhanced)
    ]
    assert sizes[0] == sizes[1]
    for line in done.stdout.splitlines()[-5:-1]:
        assert (tmp_path / line.split()[-1]).exists()


@pytest.mark.slow
def test_a_demo_that_does_not_help_says_so_and_fails(tmp_path):
    """One step cannot beat the input, so the exit status must be an error."""
    command = [sys.executable, str(ROOT / "demo.py"), "--folder", "demo", "--steps", "1"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 1
    assert "do not beat the input" in done.stderr
    assert "Traceback" not in done.stderr
