"""Nothing of the user's is lost: names, replaced files, photos in place, kills and second runs."""

import itertools
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import enhance
from common.folder_lock import FolderInUseError
from enhance import EnhanceConfig
from photos.mark import mark_of

ROOT = Path(enhance.__file__).parent
RECORD = ".enhanced.jsonl"
SUFFIXES = (".png", ".tif", ".bmp", ".webp", ".jpg", ".heic")
LOSSLESS = (".png", ".tif", ".bmp")


def photo(path, seed=0, size=(20, 30), **options):
    """Write a photo of one color, so that a lossy format keeps it; return its pixels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    color = np.random.default_rng(seed).integers(20, 236, 3, np.uint8)
    pixels = np.broadcast_to(color, (*size, 3)).copy()
    if path.suffix == ".heic":
        pillow_heif = pytest.importorskip("pillow_heif")
        pillow_heif.register_heif_opener()
    Image.fromarray(pixels).save(path, **options)
    return pixels


def pixels_of(path):
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def is_inverse(path, before, times=1):
    expected = 255 - before.astype(int) if times % 2 else before.astype(int)
    return np.abs(pixels_of(path) - expected).max() <= 8


def tree(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def listed(folder):
    return sorted(path.name for path in folder.iterdir())


def run(models, *photos, **options):
    """Run the command in this process; return its status."""
    given = {"model": str(models / "invert.tflite"), **options}
    return enhance.main(EnhanceConfig(tuple(map(str, photos)), **given))


# --- names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [240, 241, 246, 255])
@pytest.mark.parametrize("letter", ["L", "é"])
@pytest.mark.parametrize("in_place", [False, True])
def test_every_name_that_the_disk_takes_is_written(tmp_path, models, length, letter, in_place):
    size = len(letter.encode())
    name = letter * ((length - 4) // size) + ".png"
    before = photo(tmp_path / "in" / name)
    options = {"in_place": in_place, "output": str(tmp_path / "out"), "compare": True}
    assert run(models, tmp_path / "in", **options) == 0
    folder = tmp_path / ("in" if in_place else "out")
    assert is_inverse(folder / name, before)
    (comparison,) = set(listed(folder)) - {name, RECORD}
    assert comparison.endswith("_compare.jpg") and len(comparison.encode()) <= 255
    assert run(models, tmp_path / "in", **options) == 0
    assert is_inverse(folder / name, before) and len(listed(folder)) == 3


@pytest.mark.parametrize("in_place", [False, True])
def test_photos_of_one_stem_have_comparisons_of_their_own(tmp_path, models, in_place):
    names = ["a.png", "a.bmp", "a.jpg", "a_compare.png", "a.png_compare.png"]
    before = {name: photo(tmp_path / "in" / name, seed) for seed, name in enumerate(names)}
    options = {"in_place": in_place, "output": str(tmp_path / "out"), "compare": True}
    folder = tmp_path / ("in" if in_place else "out")
    for _ in range(2):
        assert run(models, tmp_path / "in", **options) == 0
        comparisons = set(listed(folder)) - {*names, RECORD}
        assert len(comparisons) == len(names)
    marks = {mark_of(folder / name).rsplit(" ", 1)[1] for name in comparisons}
    assert marks == set(names)
    for name in names:
        assert is_inverse(folder / name, before[name])


@pytest.mark.parametrize("in_place", [False, True])
def test_a_picture_of_the_user_named_like_a_comparison_stays(tmp_path, models, in_place):
    before = photo(tmp_path / "in/X.png")
    folder = tmp_path / ("in" if in_place else "out")
    photo(folder / "X_compare.jpg", 7)
    mine = (folder / "X_compare.jpg").read_bytes()
    options = {"in_place": in_place, "output": str(tmp_path / "out"), "compare": True}
    assert run(models, tmp_path / "in/X.png", **options) == 0
    assert (folder / "X_compare.jpg").read_bytes() == mine
    assert (folder / "X.png_compare.jpg").exists() and is_inverse(folder / "X.png", before)


def test_a_result_named_like_a_comparison_stays(tmp_path, models):
    before = {
        name: photo(tmp_path / name, seed) for seed, name in enumerate(("X.png", "X_compare.jpg"))
    }
    options = {"output": str(tmp_path / "out"), "compare": True}
    assert run(models, tmp_path / "X_compare.jpg", tmp_path / "X.png", **options) == 0
    for name, pixels in before.items():
        assert is_inverse(tmp_path / "out" / name, pixels)
    assert len(listed(tmp_path / "out")) == 5


def test_a_file_that_enhancement_did_not_write_stays(tmp_path, models, capsys):
    photo(tmp_path / "a.png")
    photo(tmp_path / "b.png")
    photo(tmp_path / "out" / "a.png", 5)
    (tmp_path / "out" / "b.png").symlink_to(tmp_path / "nowhere")
    mine = (tmp_path / "out" / "a.png").read_bytes()
    names = (tmp_path / "a.png", tmp_path / "b.png")
    assert run(models, *names, output=str(tmp_path / "out"), redo=True) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2 and all("is no result of enhance.py" in line for line in lines)
    assert (tmp_path / "out" / "a.png").read_bytes() == mine
    assert (tmp_path / "out" / "b.png").is_symlink()


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o444, 0o664])
def test_a_photo_in_place_keeps_mode_owner_and_times(tmp_path, models, mode):
    path = tmp_path / "a.png"
    before = photo(path)
    path.chmod(mode)
    os.utime(path, ns=(1_600_000_000_123_456_789, 1_500_000_000_987_654_321))
    if os.geteuid() == 0:
        os.chown(path, 12345, 23456)
    status = path.stat()
    assert run(models, path, in_place=True) == 0
    assert is_inverse(path, before)
    now = path.stat()
    for name in ("st_mode", "st_uid", "st_gid", "st_mtime_ns"):
        assert getattr(now, name) == getattr(status, name), name
    assert run(models, path, in_place=True) == 0  # nor does the record need another time
    assert is_inverse(path, before)


# --- done once -----------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("change", ["nothing", "touch", "copy", "no record", "settings"])
def test_a_photo_in_place_is_enhanced_once(tmp_path, models, suffix, change):
    folder = tmp_path / "shots"
    before = photo(folder / f"a{suffix}")
    assert run(models, folder, in_place=True) == 0
    assert "network invert " in mark_of(folder / f"a{suffix}") or suffix == ".bmp"
    options = {}
    if change == "touch":
        (folder / f"a{suffix}").touch()
    elif change == "copy":
        shutil.copytree(folder, tmp_path / "copy", copy_function=shutil.copyfile)
        folder = tmp_path / "copy"
        (folder / RECORD).unlink()
    elif change == "no record":
        (folder / RECORD).unlink()
    elif change == "settings":
        options = {"strength": 0.5, "compare": True, "drop_gps": True, "exact": True}
    assert run(models, folder, in_place=True, **options) == 0
    assert is_inverse(folder / f"a{suffix}", before)
    assert run(models, folder, in_place=True, redo=True) == 0
    assert is_inverse(folder / f"a{suffix}", before, times=2)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_photo_put_back_in_its_place_is_enhanced_again(tmp_path, models, suffix):
    folder = tmp_path / "shots"
    before = photo(folder / f"a{suffix}")
    shutil.copy2(folder / f"a{suffix}", tmp_path / "kept")
    assert run(models, folder, in_place=True) == 0
    shutil.copy2(tmp_path / "kept", folder / f"a{suffix}")  # of the same time, for BMP also size
    assert run(models, folder, in_place=True) == 0
    assert is_inverse(folder / f"a{suffix}", before)


def test_a_comparison_that_cannot_be_written_costs_nothing(tmp_path, models, capsys):
    before = photo(tmp_path / "a.png")
    (tmp_path / "a_compare.jpg").mkdir()  # names that comparisons would take
    (tmp_path / "a.png_compare.jpg").mkdir()
    for number in range(2, 5):
        (tmp_path / f"a.png_compare_{number}.jpg").mkdir()
    assert run(models, tmp_path / "a.png", in_place=True, compare=True) == 0
    assert is_inverse(tmp_path / "a.png", before)
    photo(tmp_path / "b/a.png")
    kept = (tmp_path / "b/a.png").read_bytes()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("photos.batches.photo_steps.write_compare", full_disk)
        assert run(models, tmp_path / "b", in_place=True, compare=True) == 1
    assert "No space left" in capsys.readouterr().err
    assert (tmp_path / "b/a.png").read_bytes() == kept and listed(tmp_path / "b") == ["a.png"]


def full_disk(path, *_):
    raise enhance.PhotoError(f"{path}: cannot be written: No space left on device")


def test_a_photo_that_changes_while_it_is_enhanced_stays(tmp_path, models, monkeypatch, capsys):
    path = tmp_path / "a.png"
    photo(path)
    real = enhance.enhance_files.__globals__["PhotoSteps"].enhance

    def edited(self, job, work, room):
        photo(path, 9, size=(21, 30))
        return real(self, job, work, room)

    monkeypatch.setattr("photos.batches.photo_steps.PhotoSteps.enhance", edited)
    assert run(models, path, in_place=True) == 1
    assert "changed meanwhile" in capsys.readouterr().err
    assert pixels_of(path).shape == (21, 30, 3) and listed(tmp_path) == ["a.png"]


# Kills the process at the rename with a number, before or after it.
KILLED = """
import os, sys
from pathlib import Path
number, when = int(sys.argv.pop(1)), sys.argv.pop(1)
real, count = Path.replace, 0

def replace(self, target):
    global count
    count += 1
    last = count == number
    if last and when == "before":
        os.kill(os.getpid(), 9)
    real(self, target)
    if last:
        os.kill(os.getpid(), 9)

Path.replace = replace
sys.argv[0] = sys.argv[0] if sys.argv[0] != "-c" else "enhance.py"
import runpy
sys.path.insert(0, os.environ["ENHANCE"])
runpy.run_path(os.path.join(os.environ["ENHANCE"], "enhance.py"), run_name="__main__")
"""
FLAGS = {"compare": ("--compare",), "drop_gps": ("--drop_gps",), "exact": ("--exact",)}
FLAGS |= {"serial": ("--workers", "0"), "recursive": ("--recursive",)}
COMBINED = [c for n in range(len(FLAGS) + 1) for c in itertools.combinations(FLAGS, n)]
QUICK = [(), ("compare",), ("compare", "serial")]


@pytest.mark.parametrize(
    "flags", [pytest.param(c, marks=() if c in QUICK else pytest.mark.slow) for c in COMBINED]
)
@pytest.mark.parametrize("when", ["before", "after"])
def test_kills_at_every_rename_enhance_each_photo_once(tmp_path, models, flags, when):
    names = ["a.png", "b.png", "c.tif"]
    before = {name: photo(tmp_path / name, seed) for seed, name in enumerate(names)}
    words = [sys.executable, "-c", KILLED, "1", when, ".", "--in_place"]
    words += ["--model", str(models / "invert.tflite")]
    words += [word for flag in flags for word in FLAGS[flag]]
    environment = {**os.environ, "ENHANCE": str(ROOT)}
    for number in (1, 2, 1, 2):
        words[3] = str(number)
        done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True)
        assert done.returncode in (0, -9), done.stderr
    words[3] = "999"
    done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    for name in names:
        assert is_inverse(tmp_path / name, before[name]), name
    assert not [name for name in tree(tmp_path) if ".part" in name]


@pytest.mark.slow
@pytest.mark.parametrize("flags", [(), ("--compare",), ("--compare", "--workers", "0")])
def test_kills_at_any_time_enhance_each_photo_once(tmp_path, models, flags):
    names = [f"{number:02}.png" for number in range(24)]
    before = {name: photo(tmp_path / name, int(name[:2]), (400, 600)) for name in names}
    words = [sys.executable, ROOT / "enhance.py", ".", "--in_place", *flags]
    words += ["--model", models / "invert.tflite"]
    rng = np.random.default_rng(0)
    for _ in range(25):
        process = subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.DEVNULL)
        time.sleep(rng.uniform(0.2, 2))
        process.kill()
        process.wait()
    assert subprocess.run(words, cwd=tmp_path, capture_output=True).returncode == 0
    for name in names:
        assert is_inverse(tmp_path / name, before[name]), name
    assert not [name for name in tree(tmp_path) if ".part" in name]


def test_a_second_run_in_place_is_refused(tmp_path, models):
    before = photo(tmp_path / "deep" / "a.png")
    holder = "import sys, time; from common.folder_lock import claimed\n"
    holder += "with claimed(sys.argv[1]):\n    print(1, flush=True)\n    time.sleep(60)"
    words = [sys.executable, "-c", holder, tmp_path / "deep"]
    first = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE)
    first.stdout.readline()
    with pytest.raises(FolderInUseError, match="another run uses this folder"):
        run(models, tmp_path, in_place=True, recursive=True)
    assert is_inverse(tmp_path / "deep" / "a.png", before, times=0)
    first.kill()
    first.wait()
    assert run(models, tmp_path, in_place=True, recursive=True) == 0
    assert is_inverse(tmp_path / "deep" / "a.png", before)


def test_a_second_run_into_one_folder_waits(tmp_path, models, capsys):
    before = photo(tmp_path / "a.png")
    (tmp_path / "out").mkdir()
    holder = "import sys, time; from common.folder_lock import claimed\n"
    holder += "with claimed(sys.argv[1]):\n    print(1, flush=True)\n    time.sleep(1)"
    words = [sys.executable, "-c", holder, tmp_path / "out"]
    first = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE)
    first.stdout.readline()
    assert run(models, tmp_path / "a.png", output=str(tmp_path / "out")) == 0
    first.wait()
    assert "waiting for another run" in capsys.readouterr().err
    assert is_inverse(tmp_path / "out" / "a.png", before)


def test_what_a_killed_run_left_is_swept_also_where_nothing_is_to_do(tmp_path, models):
    photo(tmp_path / "shots/deep/a.png")
    options = {"output": str(tmp_path / "out"), "recursive": True}
    assert run(models, tmp_path / "shots", **options) == 0
    expected = tree(tmp_path / "out")
    script = "import os, sys; from common.atomic_files import replacing\n"
    script += "with replacing(sys.argv[1]) as part:\n    part.touch(); os.kill(os.getpid(), 9)"
    subprocess.run([sys.executable, "-c", script, tmp_path / "out/deep/b.png"], cwd=ROOT)
    assert len(tree(tmp_path / "out")) == len(expected) + 1
    assert run(models, tmp_path / "shots", **options) == 0
    assert tree(tmp_path / "out") == expected
