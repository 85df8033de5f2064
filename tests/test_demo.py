"""The demo, with fewer steps than `make demo`."""

import subprocess
import sys
from pathlib import Path

import imageio.v3 as iio
import pytest

from photos.labeled_rows import HEIGHT

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.slow
def test_the_demo_improves_held_out_pairs_and_leaves_pictures(tmp_path):
    command = [sys.executable, str(ROOT / "demo.py"), "--folder", "demo", "--steps", "100"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    table = done.stdout.split("method ")  # the table stands once
    assert len(table) == 2
    rows = {row.split()[0]: row.split() for row in table[1].split("\n\n")[0].splitlines()[1:]}
    assert list(rows) == ["input", "trained_100", "one_click", "universal"]
    psnr = {name: float(row[1]) for name, row in rows.items()}
    assert psnr["trained_100"] > psnr["input"] + 2
    assert "90 test pairs of 3 scenes" in done.stdout
    assert "of the DSLR's noise and" in " ".join(done.stdout.split())
    picture, report, model = (
        tmp_path / line.split()[-1] for line in done.stdout.splitlines()[-4:-1]
    )
    assert report.exists() and model.exists()
    height, width, _ = iio.imread(picture).shape
    assert height > 3 * HEIGHT and width > 3 * HEIGHT  # three rows, three columns


@pytest.mark.slow
def test_a_demo_that_does_not_help_says_so_and_fails(tmp_path):
    """One step cannot beat the input, so the exit status must be an error."""
    command = [sys.executable, str(ROOT / "demo.py"), "--folder", "demo", "--steps", "1"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 1
    assert "do not beat the input" in done.stderr
    assert "Traceback" not in done.stderr
