"""Units: in one process, in processes that may die, and again after an interruption."""

import csv
import dataclasses
import functools
import itertools
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from fake_aligner import DIE, FAIL, NO_FILE, NO_MEMORY, WAIT, align, logged, write_shoot
from PIL import Image

from align.__main__ import main
from align.align_pair import PairJob, align_pair
from align.alignment_error import AlignmentError
from align.config import AlignConfig
from align.output.write_unit import RejectedPatches, new_unit, read_unit, unit_name
from align.rejection import Rejection
from align.run_jobs import SINGLE_THREADED, run_jobs
from align.settings import AlignmentSettings

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """
import functools, sys
from pathlib import Path
import fake_aligner
from common import command_line
from align.__main__ import main
from align.config import AlignConfig
from align.alignment_error import AlignmentError
aligner = functools.partial(fake_aligner.align, log=Path(sys.argv.pop(1)))
run = lambda config: main(config, aligner)
if __name__ == "__main__":
    command_line.run(run, AlignConfig, "Test.", errors=[AlignmentError], prog="align")
"""


def command(log, folders, output, *words):
    """Start the command with the fake aligner, on photos in two folders."""
    paths = os.pathsep.join([str(ROOT), str(ROOT / "tests/align")])
    start = [sys.executable, "-c", SCRIPT, log, "--phone_dir", folders[0], "--dslr_dir", folders[1]]
    return subprocess.Popen(
        [*map(str, start), "--phone", "mine", "--output", str(output), *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": paths},
        start_new_session=True,
    )


def job(tmp_path, scene=0, patch_format="jpg", aligner=align, **settings):
    phone, dslr = (tmp_path / side / f"scene{scene}.png" for side in ("phone", "dslr"))
    chosen = AlignmentSettings(**settings)
    work = tmp_path / "work"
    work.mkdir(exist_ok=True)
    folder = work / unit_name(phone, dslr, chosen, patch_format)
    return PairJob(phone, dslr, folder, chosen, patch_format, aligner)


def jobs(tmp_path, corner, **more):
    """Return a job for each scene, and the log of aligned scenes."""
    write_shoot(tmp_path, len(corner), corner=corner)
    log = tmp_path / "log"
    aligner = functools.partial(align, log=log)
    return [job(tmp_path, scene, aligner=aligner, **more) for scene in corner], log


def config(folders, output, **more):
    return AlignConfig(str(folders[0]), str(folders[1]), "mine", str(output), **more)


def wait_until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def alive(pid):
    """Return whether a process runs: it is neither gone nor a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_a_unit_holds_all_that_was_found(tmp_path):
    write_shoot(tmp_path, 1)
    task = job(tmp_path, stride=50)
    assert align_pair(task) == ""
    unit = read_unit(task.folder)
    # 3 × 5 windows in 200×300: 0 is flat, 7 and 14 do not correlate.
    assert unit.kept.tolist() == [1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13]
    assert unit.reasons == {"flat": 1, "correlation": 2}
    assert np.isnan(unit.ncc[0]) and unit.ncc[[1, 14]] == pytest.approx([0.901, 0.5])
    assert unit.rejected == tuple(
        RejectedPatches(row, 0.5, Rejection.CORRELATION) for row in (7, 14)
    )
    shift = round(float(np.hypot(0.25, 0.5)), 2)
    assert unit.summary == {"matches": 2, "inliers": 1, "scale": 1.5} | dict.fromkeys(
        ("median_shift", "largest_shift"), shift
    )
    rows = list(unit.rows())
    assert len(rows) == 15
    assert rows[0]["ncc"] == "" and rows[0]["reason"] == "flat" and rows[0]["kept"] == "0"
    assert (rows[6]["x"], rows[6]["y"], rows[6]["kept"], rows[6]["reason"]) == ("50", "50", "1", "")
    assert (rows[6]["dslr_x"], rows[6]["dx"], rows[6]["ncc"]) == ("100.000", "0.250", "0.90600")
    assert {path.name for path in (unit.folder / "pictures").iterdir()} == {
        "matches.jpg",
        "before.jpg",
        "after.jpg",
        "windows.jpg",
    }
    assert [path.name for path in task.folder.parent.iterdir()] == [task.folder.name]


@pytest.mark.parametrize("patch_format", ["jpg", "png"])
def test_patches_are_saved_as_they_will_be_used(tmp_path, patch_format):
    write_shoot(tmp_path, 1)
    task = job(tmp_path, patch_format=patch_format)
    align_pair(task)
    with Image.open(read_unit(task.folder).patch("dslr", 1)) as patch:
        pixels = np.asarray(patch)
        if patch_format == "jpg":
            assert set(patch.quantization[0]) == {1}  # quality 100
            assert [layer[1:3] for layer in patch.layer] == [(1, 1)] * 3  # 4:4:4
    with Image.open(tmp_path / "dslr" / "scene0.png") as photo:
        expected = np.asarray(photo)[:100, 100:200].astype(int)
    assert np.abs(pixels - expected).mean() <= (1 if patch_format == "jpg" else 0)


def test_the_name_of_a_unit_follows_from_all_it_depends_on(tmp_path):
    write_shoot(tmp_path, 2)
    phone, dslr = tmp_path / "phone" / "scene0.png", tmp_path / "dslr" / "scene0.png"
    first = unit_name(phone, dslr, AlignmentSettings(), "jpg")
    assert unit_name(phone, dslr, AlignmentSettings(), "jpg") == first
    names = {
        first,
        unit_name(phone, dslr, AlignmentSettings(), "png"),
        unit_name(phone, dslr, AlignmentSettings(min_ncc=0.8), "jpg"),
        unit_name(phone, dslr, AlignmentSettings(stride=50), "jpg"),
        unit_name(phone, tmp_path / "dslr" / "scene1.png", AlignmentSettings(), "jpg"),
    }
    os.utime(dslr, (1, 1))
    names.add(unit_name(phone, dslr, AlignmentSettings(), "jpg"))
    assert len(names) == 6


def test_a_failure_is_kept_where_it_will_not_change(tmp_path):
    tasks, _ = jobs(tmp_path, {0: FAIL, 1: NO_FILE, 2: NO_MEMORY})
    reasons = [align_pair(task) for task in tasks]
    assert reasons[0] == "the photos do not show the same scene"
    assert reasons[1] == "lost.jpg: No such file or directory"
    assert "memory" in reasons[2] and "--workers" in reasons[2]
    units = [read_unit(task.folder) for task in tasks]
    assert units[0].failure == reasons[0]
    assert units[1:] == [None, None]
    phone = tmp_path / "phone" / "scene1.png"
    phone.write_bytes(b"no photo")
    task = job(tmp_path, 1)
    assert "scene1.png" in align_pair(task)
    assert "scene1.png" in read_unit(task.folder).failure
    phone.write_bytes(b"no photo at all")
    task = job(tmp_path, 1)
    phone.unlink()  # as a disk that is unplugged may look
    assert align_pair(task) == f"{phone}: No such file or directory"
    assert read_unit(task.folder) is None


def raise_opencv(phone, dslr, settings):
    if settings.stride == 1:
        cv2.resize(np.zeros((4, 4), np.uint8), (0, 0))
    error = cv2.error("Insufficient memory")
    error.code = cv2.Error.STS_NO_MEM
    raise error


def test_opencv_without_memory_is_a_failure_and_any_other_of_its_errors_a_bug(tmp_path):
    write_shoot(tmp_path, 1)
    assert "memory" in align_pair(job(tmp_path, aligner=raise_opencv))
    with pytest.raises(cv2.error):
        align_pair(job(tmp_path, aligner=raise_opencv, stride=1))


def nothing_kept(phone, dslr, settings):
    alignment = align(phone, dslr, settings)
    return dataclasses.replace(alignment, judged=itertools.islice(alignment.judged, 1))


def test_figures_that_are_not_numbers_are_left_out(tmp_path):
    write_shoot(tmp_path, 1)
    task = job(tmp_path, aligner=nothing_kept)
    assert align_pair(task) == ""
    assert read_unit(task.folder).summary == {"matches": 2, "inliers": 1}


def test_a_unit_is_whole_or_absent(tmp_path):
    folder = tmp_path / "unit"
    with pytest.raises(KeyboardInterrupt), new_unit(folder) as temporary:
        (temporary / "file").write_text("half")
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []
    with new_unit(folder) as temporary:
        (temporary / "file").write_text("first")
        assert not folder.exists()
    with new_unit(folder) as temporary:  # the same work, done twice
        (temporary / "file").write_text("second")
    assert [path.name for path in tmp_path.iterdir()] == ["unit"]
    assert (folder / "file").read_text() == "first"


def test_a_unit_that_cannot_be_written_is_an_error(tmp_path):
    write_shoot(tmp_path, 1)
    task = job(tmp_path)
    task.folder.parent.rmdir()
    with pytest.raises(FileNotFoundError):
        align_pair(task)


def test_a_damaged_unit_counts_as_none(tmp_path):
    write_shoot(tmp_path, 1)
    task = job(tmp_path)
    align_pair(task)
    arrays = task.folder / "arrays.npz"
    arrays.write_bytes(arrays.read_bytes()[:100])
    assert read_unit(task.folder) is None


def report_threads(phone, dslr, settings, log):
    facts = {name: os.environ.get(name) for name in SINGLE_THREADED}
    ignored = signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    log.write_text(json.dumps([facts, cv2.getNumThreads(), ignored]))
    return align(phone, dslr, settings)


def test_workers_use_one_thread_and_leave_ctrl_c_to_the_parent(tmp_path):
    write_shoot(tmp_path, 1)
    log, before = tmp_path / "threads", dict(os.environ)
    run_jobs([job(tmp_path, aligner=functools.partial(report_threads, log=log))], workers=1)
    facts, threads, ignored = json.loads(log.read_text())
    assert facts == dict.fromkeys(SINGLE_THREADED, "1")
    assert threads == 1 and ignored
    assert dict(os.environ) == before


def test_all_jobs_run_whatever_fails(tmp_path):
    tasks, log = jobs(tmp_path, {0: 30, 1: FAIL, 2: NO_MEMORY, 3: 30})
    found = {}
    run_jobs(tasks, workers=2, on_done=lambda task, failure: found.update({task.phone: failure}))
    assert [bool(found[task.phone]) for task in tasks] == [False, True, True, False]
    assert logged(log) == {0: 1, 1: 1, 2: 1, 3: 1}
    run_jobs([])


def test_a_killed_worker_is_one_error_and_finished_units_stay(tmp_path):
    tasks, _ = jobs(tmp_path, {0: 30, 1: 30, 2: DIE, 3: 30})
    with pytest.raises(AlignmentError, match=r"a worker died.*--workers") as raised:
        run_jobs(tasks, workers=1)
    assert "\n" not in str(raised.value)
    assert [read_unit(task.folder) is not None for task in tasks] == [True, True, False, False]


def test_an_exception_ends_the_workers_and_the_thread_that_feeds_them(tmp_path):
    """A thread that lives on may close a pipe while Python writes to the pipe at its exit."""

    def stop(_job, _failure):
        raise OSError("the disk is full")

    before = set(threading.enumerate())
    tasks, _ = jobs(tmp_path, {0: 30, 1: WAIT, 2: WAIT})
    start = time.monotonic()
    with pytest.raises(OSError, match="full"):
        run_jobs(tasks, workers=2, on_done=stop)
    assert time.monotonic() - start < 30
    assert not multiprocessing.active_children()
    assert set(threading.enumerate()) <= before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_after_a_signal_only_the_rest_is_done(tmp_path, number):
    folders = write_shoot(tmp_path, 4, corner={2: WAIT})
    log, output = tmp_path / "log", tmp_path / "dped"
    process = command(log, folders, output, "--workers", "1")
    wait_until(lambda: logged(log) == {0: 1, 1: 1, 2: 1})
    workers = {int(line.split()[-1]) for line in log.read_text().splitlines()}
    start = time.monotonic()
    os.killpg(process.pid, number)  # as a terminal does
    out, err = process.communicate(timeout=30)
    assert time.monotonic() - start < 10
    assert process.returncode == 128 + number
    assert not list((output / ".mine.align").glob(".*.part"))
    assert err.splitlines()[-1].endswith(
        "2 of 4 pairs are done, the same command continues from there"
    )
    assert "Traceback" not in err and len(err.splitlines()) == 1, err
    wait_until(lambda: not any(map(alive, workers)), 10)
    assert not (output / "mine").exists()

    photo = Image.open(folders[0] / "scene2.png")
    photo.putpixel((0, 0), (30, 30, 30))
    photo.save(folders[0] / "scene2.png")  # another file now, whose unit was not there anyway
    process = command(log, folders, output, "--workers", "1")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "2 of 4 pairs were done before" in out
    assert logged(log) == {0: 1, 1: 1, 2: 2, 3: 1}
    with (output / "mine" / "photos.csv").open(newline="") as file:
        assert [row["kept"] != "0" for row in csv.DictReader(file)] == [True] * 4
    assert [path.name for path in output.iterdir()] == ["mine"]


def test_workers_end_with_a_parent_that_is_killed(tmp_path):
    folders = write_shoot(tmp_path, 1, corner={0: WAIT})
    log = tmp_path / "log"
    process = command(log, folders, tmp_path / "dped", "--workers", "1")
    wait_until(lambda: logged(log) == {0: 1})
    worker = int(log.read_text().split()[-1])
    assert alive(worker)
    process.kill()
    process.communicate(timeout=10)
    wait_until(lambda: not alive(worker), 10)


def test_two_runs_do_not_write_one_dataset(tmp_path):
    folders = write_shoot(tmp_path, 1, corner={0: WAIT})
    log, output = tmp_path / "log", tmp_path / "dped"
    process = command(log, folders, output, "--workers", "1")
    wait_until(lambda: logged(log) == {0: 1})
    with pytest.raises(AlignmentError, match=r"\.mine\.align: another run"):
        main(config(folders, output, workers=1), align)
    assert logged(log) == {0: 1}
    os.killpg(process.pid, signal.SIGKILL)  # a killed process leaves no claim
    process.communicate(timeout=10)
    write_shoot(tmp_path, 1)
    assert main(config(folders, output, workers=1), align) == 0


def test_other_settings_do_not_find_the_units(tmp_path, capsys):
    folders = write_shoot(tmp_path, 2, corner={1: DIE})
    log = tmp_path / "log"
    aligner = functools.partial(align, log=log)
    with pytest.raises(AlignmentError, match="worker died"):
        main(config(folders, tmp_path / "dped", workers=1), aligner)
    assert len(list((tmp_path / "dped" / ".mine.align").iterdir())) == 1
    write_shoot(tmp_path, 2)
    os.utime(folders[0] / "scene0.png", (1, 1))  # a rewritten file counts as another photo
    assert main(config(folders, tmp_path / "dped", workers=1, stride=50), aligner) == 0
    assert "were done before" not in capsys.readouterr().out
    assert logged(log) == {0: 2, 1: 2}
    assert [path.name for path in (tmp_path / "dped").iterdir()] == ["mine"]
