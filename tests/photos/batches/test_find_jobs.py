"""The photos of a batch, and the files of their results."""

from pathlib import Path

from photos.batches.find_jobs import find_jobs


def touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def planned(*arguments, output="out", recursive=False, in_place=False):
    jobs, failures = find_jobs(arguments, Path(output), recursive, in_place)
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
