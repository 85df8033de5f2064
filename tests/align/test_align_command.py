"""The whole command: duplicates, the split, the files, and no incomplete dataset."""

import csv
import functools
import itertools
import os
import shutil
from collections import Counter

import numpy as np
import pytest
from fake_aligner import FAIL, NO_FILE, align, logged, picture, write_shoot
from PIL import Image

import data.pair_files
from align.__main__ import main
from align.align_pair import align_pair
from align.alignment_error import AlignmentError
from align.config import AlignConfig
from align.rejection import Rejection


def run(tmp_path, *more, output="dped", **flags):
    """Align the photos of `write_shoot` with the fake aligner; return the dataset's folder."""
    folders = [str(tmp_path / side) for side in ("phone", "dslr")]
    aligner = functools.partial(align, log=tmp_path / "log")
    values = {"workers": 1, "test_share": 0.3} | flags
    status = main(AlignConfig(*folders, "mine", str(tmp_path / output), **values), aligner)
    assert status == 0
    return tmp_path / output / "mine"


def table(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def here(monkeypatch):
    """Run the jobs in this process, in order."""

    def run_jobs(jobs, workers, dask, on_done):
        for job in jobs:
            on_done(job, align_pair(job))

    monkeypatch.setattr("align.__main__.run_jobs", run_jobs)


def test_a_dataset_is_complete_and_can_be_read(tmp_path, here, capsys):
    write_shoot(tmp_path, 4)
    folder = run(tmp_path)
    train = data.pair_files.training_pairs(tmp_path / "dped", "mine")
    test = data.pair_files.test_pairs(tmp_path / "dped", "mine")
    # Each photo has 2×3 windows, of which 5 are kept; 0.3 of 4 photos is one.
    assert (len(train), len(test)) == (15, 5)
    assert [path.name for path in train.phone] == [f"{n}.jpg" for n in range(15)]
    photos = table(folder / "photos.csv")
    assert [row["photo"] for row in photos] == [f"scene{n}.png" for n in range(4)]
    assert {(row["kept"], row["windows"], row["reason"]) for row in photos} == {("5", "6", "")}
    assert {row["scale"] for row in photos} == {"1.5"}
    held_out = [row for row in photos if row["split"] == "test"]
    assert [row["full_size"] for row in held_out] == ["0.png"]
    (whole,) = data.pair_files.full_size_photos(tmp_path / "dped", "mine")
    assert whole.read_bytes() == (tmp_path / "phone" / held_out[0]["photo"]).read_bytes()
    assert sorted(path.name for path in folder.iterdir()) == [
        "pairs.csv",
        "photos.csv",
        "report",
        "test_data",
        "training_data",
    ]
    assert [path.name for path in (tmp_path / "dped").iterdir()] == ["mine"]
    printed = capsys.readouterr()
    assert "20 patches kept, 83% of the windows: 15 for training, 5 for testing" in printed.out
    assert "\n4 of 4 scenes, 20 patches, typically 0.0" in printed.out
    assert " px: not good to train on: fewer than 10 scenes" in printed.out
    assert f"\n      4 flat: {Rejection.FLAT.explanation}\n" in printed.out
    assert f"python train.py --phone mine --data_dir {tmp_path / 'dped'}" in printed.out
    assert printed.err == ""


def test_every_patch_is_where_pairs_csv_says(tmp_path, here):
    write_shoot(tmp_path, 3)
    folder = run(tmp_path, format="png")
    rows = table(folder / "pairs.csv")
    assert len(rows) == 18
    found = 0
    for row in rows:
        assert (row["patch"] != "") == (row["kept"] == "1") == (row["reason"] == "")
        if row["kept"] == "1":
            part = {"train": "training_data", "test": "test_data/patches"}[row["split"]]
            x, y = int(row["x"]), int(row["y"])
            for side, name, photo in (("phone", "mine", "photo"), ("dslr", "canon", "dslr")):
                patch = Image.open(folder / part / name / f"{row['patch']}.png")
                whole = Image.open(tmp_path / side / row[photo])
                assert np.array_equal(patch, whole.crop((x, y, x + 100, y + 100)))
            found += 1
    assert found == 15 == sum(1 for _ in folder.glob("t*/**/canon/*.png"))
    by_photo = itertools.groupby(rows, key=lambda row: row["photo"])
    assert all(len({row["split"] for row in group}) == 1 for _, group in by_photo)


def test_failures_are_named_and_the_rest_goes_on(tmp_path, here, capsys):
    write_shoot(tmp_path, 5, corner={1: FAIL, 3: NO_FILE})
    shutil.copy(tmp_path / "phone" / "scene0.png", tmp_path / "phone" / "scene9.png")
    shutil.copy(tmp_path / "dslr" / "scene2.png", tmp_path / "dslr" / "other.png")
    folder = run(tmp_path)
    rows = {row["photo"] or row["dslr"]: row for row in table(folder / "photos.csv")}
    assert rows["scene1.png"]["reason"] == "the photos do not show the same scene"
    assert rows["scene3.png"]["reason"] == "lost.jpg: No such file or directory"
    assert rows["scene9.png"]["reason"] == rows["other.png"]["reason"] == "no partner"
    kept = {name for name, row in rows.items() if row["kept"] != "0"}
    assert kept == {"scene0.png", "scene2.png", "scene4.png"}
    printed = capsys.readouterr()
    assert printed.err.splitlines() == [
        "scene1: the photos do not show the same scene",
        "scene3: lost.jpg: No such file or directory",
        "warning: 2 of 5 pairs of photos gave no patch. The report gives the reason for each.",
    ]
    assert "phone photos without a partner (1): scene9.png" in printed.out
    assert "3 of 5 pairs aligned" in printed.out


def test_a_photo_that_is_there_twice_is_aligned_once(tmp_path, here):
    write_shoot(tmp_path, 4)
    for name in ("scene4.png", "scene5.png"):
        shutil.copy(tmp_path / "phone" / "scene3.png", tmp_path / "phone" / name)
    shutil.copy(tmp_path / "dslr" / "scene3.png", tmp_path / "dslr" / "scene4.png")
    Image.fromarray(picture(5)).save(tmp_path / "dslr" / "scene5.png")
    shutil.copy(tmp_path / "phone" / "scene0.png", tmp_path / "phone" / "scene6.png")
    shutil.copy(tmp_path / "phone" / "scene0.png", tmp_path / "dslr" / "scene6.png")
    folder = run(tmp_path)
    assert logged(tmp_path / "log") == {0: 1, 1: 1, 2: 1, 3: 1}
    reasons = {row["photo"]: row["reason"] for row in table(folder / "photos.csv")}
    assert [reasons[f"scene{n}.png"] == "" for n in range(7)] == [True] * 4 + [False] * 3
    assert reasons["scene4.png"] == "phone photo: same photo as scene3.png"
    assert reasons["scene6.png"] == "phone and DSLR photo are the same file"


def test_a_dataset_has_no_window_twice(tmp_path, here):
    write_shoot(tmp_path, 2)
    for side in ("phone", "dslr"):  # the same pixels in another file
        Image.open(tmp_path / side / "scene0.png").save(tmp_path / side / "scene2.jpg", quality=99)
    folder = run(tmp_path)
    photos = {row["photo"]: row["kept"] for row in table(folder / "photos.csv")}
    assert photos == {"scene0.png": "5", "scene1.png": "5", "scene2.jpg": "0"}
    rows = [row for row in table(folder / "pairs.csv") if row["photo"] == "scene2.jpg"]
    assert Counter(row["reason"] for row in rows) == {"duplicate": 5, "flat": 1}
    assert {row["kept"] for row in rows} == {"0"} and {row["split"] for row in rows} == {""}


def test_a_burst_stays_on_one_side(tmp_path, here, capsys):
    write_shoot(tmp_path, 3)
    for side in ("phone", "dslr"):
        photo = np.asarray(Image.open(tmp_path / side / "scene0.png")).astype(int)
        for shot in (3, 4):
            noise = np.random.default_rng([shot, side == "phone"]).normal(0, 25, photo.shape)
            shaken = np.uint8(np.roll(photo + noise, shot, axis=1).clip(30, 255))
            Image.fromarray(shaken).save(tmp_path / side / f"scene{shot}.png")
    folder = run(tmp_path, test_share=0.4)
    split = {row["photo"]: row["split"] for row in table(folder / "photos.csv")}
    burst = {split[f"scene{n}.png"] for n in (0, 3, 4)}
    assert burst == {"train"} and split["scene1.png"] == split["scene2.png"] == "test"


def test_one_scene_is_all_for_training(tmp_path, here, capsys):
    write_shoot(tmp_path, 1)
    run(tmp_path)
    assert len(data.pair_files.training_pairs(tmp_path / "dped", "mine")) == 5
    assert "warning: All patches show one scene" in capsys.readouterr().err


def test_nothing_kept_is_an_error_that_says_why(tmp_path, here):
    write_shoot(tmp_path, 2, size=(200, 200), corner={0: FAIL})
    folders = [str(tmp_path / side) for side in ("phone", "dslr")]
    with pytest.raises(AlignmentError, match=r"1 of 2 pairs failed.*1 for 'flat'"):
        main(AlignConfig(*folders, "mine", str(tmp_path / "dped"), stride=150), align)
    assert [path.name for path in (tmp_path / "dped").iterdir()] == [".mine.align"]


def test_an_existing_dataset_is_refused_before_any_work(tmp_path, here):
    write_shoot(tmp_path, 2)
    folder = run(tmp_path)
    before = (folder / "pairs.csv").read_bytes()
    (tmp_path / "log").unlink()
    with pytest.raises(AlignmentError, match="exists"):
        run(tmp_path)
    assert (folder / "pairs.csv").read_bytes() == before
    assert not (tmp_path / "log").exists()


@pytest.mark.parametrize("name", ["write_dataset", "write_photo_table", "write_report"])
def test_an_interrupted_write_leaves_no_dataset_and_loses_nothing(
    tmp_path, here, monkeypatch, name
):
    write_shoot(tmp_path, 2)

    def interrupted(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(f"align.__main__.{name}", interrupted)
        run(tmp_path)
    assert [path.name for path in (tmp_path / "dped").iterdir()] == [".mine.align"]
    run(tmp_path)
    assert logged(tmp_path / "log") == {0: 1, 1: 1}
    assert len(data.pair_files.training_pairs(tmp_path / "dped", "mine")) == 5
    assert [path.name for path in (tmp_path / "dped").iterdir()] == ["mine"]


def contents(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_each_file_of_a_unit_that_is_lost_after_an_interruption_is_made_again(
    tmp_path, here, monkeypatch
):
    """A disk may lose, empty or zero the newest files if the machine loses power."""
    write_shoot(tmp_path, 2)

    def interrupted(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("align.__main__.write_dataset", interrupted)
        run(tmp_path)
    work = tmp_path / "dped" / ".mine.align"
    found = (path.relative_to(work) for path in work.glob("*/**/*") if path.is_file())
    kinds = {"/".join(name.parts[1:-1]) + name.suffix: name for name in found}
    assert {".json", ".csv", ".npz", "phone.jpg", "dslr.jpg", "pictures.jpg"} <= set(kinds)
    changes = itertools.cycle(["lost", "emptied", "zeroed"])
    whole = contents(run(tmp_path, output="whole"))
    for kind, change in zip(kinds, changes, strict=False):
        root = tmp_path / kind
        shutil.copytree(work, root / ".mine.align")
        path = root / ".mine.align" / kinds[kind]
        if change == "lost":
            path.unlink()
        else:
            path.write_bytes(b"" if change == "emptied" else bytes(path.stat().st_size))
        before = logged(tmp_path / "log")
        assert contents(run(tmp_path, output=kind)) == whole, (kind, change)
        after = logged(tmp_path / "log")
        assert sorted(after[scene] - before[scene] for scene in before) == [0, 1], (kind, change)


def test_names_that_are_formulas_stay_text_in_the_tables(tmp_path, here):
    folders = write_shoot(tmp_path, 3)
    for folder in folders:
        (folder / "scene0.png").rename(folder / "=HYPERLINK(1).png")
    (folders[0] / "@lonely.png").write_bytes((folders[0] / "scene2.png").read_bytes() + b"x")
    folder = run(tmp_path)
    photos = [row["photo"] for row in table(folder / "photos.csv")]
    assert sorted(photos) == ["'=HYPERLINK(1).png", "'@lonely.png", "scene1.png", "scene2.png"]
    assert {row["photo"] for row in table(folder / "pairs.csv")} <= set(photos)


def test_where_the_disk_cannot_link_patches_are_copied(tmp_path, here, monkeypatch):
    def refused(*_):
        raise OSError("no links here")

    write_shoot(tmp_path, 2)
    monkeypatch.setattr(os, "link", refused)
    run(tmp_path)
    assert len(data.pair_files.training_pairs(tmp_path / "dped", "mine")) == 5


@pytest.mark.parametrize("suffix", [".bmp", ".heic"])
def test_whole_test_photos_keep_their_format(tmp_path, here, suffix):
    if suffix == ".heic":
        pytest.importorskip("pillow_heif").register_heif_opener()
    folders = write_shoot(tmp_path, 3, suffix=suffix)
    folder = run(tmp_path)
    assert len(data.pair_files.test_pairs(tmp_path / "dped", "mine")) == 5
    (photo,) = data.pair_files.full_size_photos(tmp_path / "dped", "mine")
    assert photo.name == f"0{suffix}"
    sources = {row["full_size"]: row["photo"] for row in table(folder / "photos.csv")}
    assert photo.read_bytes() == (folders[0] / sources[photo.name]).read_bytes()


@pytest.mark.parametrize("phone", ["", ".", "..", "canon", "a/b", "/abs"])
def test_names_that_cannot_be_a_phone_are_refused(tmp_path, phone):
    with pytest.raises(AlignmentError, match="plain folder name"):
        main(AlignConfig("a", "b", phone, str(tmp_path)), align)


@pytest.mark.parametrize(
    ("flag", "value"),
    [
        ("workers", 0),
        ("min_ncc", 1.5),
        ("min_ncc", float("nan")),
        ("stride", 0),
        ("test_share", 0.0),
        ("test_share", 1.0),
        ("seed", -1),
    ],
)
def test_flags_out_of_range_are_named(flag, value):
    with pytest.raises(AlignmentError, match=f"--{flag}"):
        AlignConfig("a", "b", "mine", **{flag: value})
