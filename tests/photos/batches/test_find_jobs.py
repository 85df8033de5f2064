"""The photos of a batch, and the files of their results."""

import os
from pathlib import Path

import pytest
from PIL import Image

from photos.batches.find_jobs import find_jobs


def touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def planned(*arguments, output="out", recursive=False, in_place=False):
    jobs, failures, _ = find_jobs(arguments, Path(output), recursive, in_place)
    return {str(job.source): str(job.target) for job in jobs}, failures


def test_folders_patterns_and_what_is_left_out(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    touch(tmp_path, "s/a.jpg", "s/a_compare.jpg", "s/b_compare.jpg", "s/.c.jpg", "s/d/e/f.png")
    touch(tmp_path, "s/out/a.jpg", "s/.hidden/g.jpg", "s/h[1].jpg")
    (tmp_path / "s" / "d" / "loop").symlink_to(tmp_path / "s")
    flat = {"s/a.jpg": "out/a.jpg", "s/b_compare.jpg": "out/b_compare.jpg"}
    flat["s/h[1].jpg"] = "out/h[1].jpg"
    assert planned("s") == (flat, [])
    deep = {"s/d/e/f.png": "s/out/d/e/f.png", "s/h[1].jpg": "s/out/h[1].jpg"}
    deep.update({"s/a.jpg": "s/out/a.jpg", "s/b_compare.jpg": "s/out/b_compare.jpg"})
    assert planned("s", output="s/out", recursive=True) == (deep, [])
    assert planned("s/**/*.png") == ({"s/d/e/f.png": "out/d/e/f.png"}, [])
    assert planned("s/h[1].jpg", "s/h*") == ({"s/h[1].jpg": "out/h[1].jpg"}, [])
    assert planned("s/a_compare.jpg")[0] == {"s/a_compare.jpg": "out/a_compare.jpg"}
    jobs, failures = planned("s/*.bmp", "s/d")
    assert not jobs and "matches no photos" in failures[0] and "--recursive" in failures[1]


def test_a_source_is_replaced_only_in_place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    touch(tmp_path, "a.jpg")
    touch(tmp_path, "out/keep")
    (tmp_path / "link.jpg").symlink_to("a.jpg")
    (tmp_path / "out" / "a.jpg").symlink_to("../a.jpg")
    jobs, failures = planned("a.jpg")
    assert not jobs and "out/a.jpg is the source" in failures[0]
    # A link to a photo is the photo: once, and at its own place.
    assert planned("link.jpg", "a.jpg", in_place=True)[0] == {"link.jpg": str(tmp_path / "a.jpg")}


def test_heic_becomes_jpeg_without_an_encoder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("photos.batches.find_jobs.heif_is_writable", lambda: False)
    touch(tmp_path, "a.HEIC")
    assert planned("a.HEIC") == ({"a.HEIC": "out/a.jpg"}, [])
    assert planned("a.HEIC", in_place=True)[0] == {}


def test_names_with_brackets_are_names(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    touch(
        tmp_path,
        "Trip [2024]/a.jpg",
        "Trip [2024]/b [1]/c.jpg",
        "x/Trip [2024]/d.jpg",
        "Trip 2/e.jpg",
    )
    assert planned("Trip [2024]/*.jpg")[0] == {"Trip [2024]/a.jpg": "out/a.jpg"}
    assert planned("Trip [2024]/*/*.jpg")[0] == {"Trip [2024]/b [1]/c.jpg": "out/b [1]/c.jpg"}
    assert planned("Trip [2024]/b [1]/?.jpg")[0] == {"Trip [2024]/b [1]/c.jpg": "out/c.jpg"}
    assert planned("?/Trip [2024]/*.jpg")[0] == {"x/Trip [2024]/d.jpg": "out/x/Trip [2024]/d.jpg"}
    assert planned("Trip [0-9]/*")[0] == {"Trip 2/e.jpg": "out/Trip 2/e.jpg"}
    assert planned("**/[cd].jpg")[0].keys() == {"Trip [2024]/b [1]/c.jpg", "x/Trip [2024]/d.jpg"}
    assert planned("Trip [2024]")[0] == {"Trip [2024]/a.jpg": "out/a.jpg"}


def test_results_take_the_suffix_of_a_format_that_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (4, 4)).save("plain", "PNG")
    Image.new("RGB", (4, 4)).save("odd.jpg_large", "JPEG")
    Image.new("RGB", (4, 4)).save("a.gif")
    touch(tmp_path, "raw.DNG")
    assert planned("plain", "odd.jpg_large", "raw.DNG")[0] == {
        "plain": "out/plain.png",
        "odd.jpg_large": "out/odd.jpg_large.jpg",
        "raw.DNG": "out/raw.jpg",
    }
    jobs, failures = planned("plain", "raw.DNG", in_place=True)
    assert not jobs and "cannot be replaced: the result is raw.jpg" in failures[1]
    jobs, [failure] = planned("a.gif")
    assert not jobs and failure.startswith("a.gif: GIF by content: convert to PNG or JPEG")


def test_folders_name_what_is_left_out(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    touch(tmp_path, "s/a.jpg", "s/a_compare.jpg", "s/._a.jpg", "s/notes.txt")
    _, failures, notes = find_jobs(("s",), Path("out"), False, False)
    assert failures == []
    assert sorted(notes) == [
        "s: left out ._a.jpg: hidden",
        "s: left out notes.txt: no photo by name or content",
    ]


@pytest.mark.parametrize("pattern", ["shots/**/*.jpg", "shots/*/*.jpg"])
def test_a_closed_folder_costs_its_own_photos_only(tmp_path, monkeypatch, pattern):
    """A folder whose names can be listed, but whose files cannot be asked for anything."""
    monkeypatch.chdir(tmp_path)
    touch(tmp_path, "shots/open/a.jpg", "shots/locked/b.jpg")
    ask = os.stat

    def closed(path, *args, **options):
        if "locked/" in str(path):
            raise PermissionError(13, "Permission denied", str(path))
        return ask(path, *args, **options)

    monkeypatch.setattr(os, "stat", closed)
    jobs, failures = planned(pattern)
    assert jobs.keys() == {"shots/open/a.jpg"}
    assert failures == ["shots/locked/b.jpg: Permission denied"]
