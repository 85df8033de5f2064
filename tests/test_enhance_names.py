"""Cameras restart at IMG_0001: no result of another photo of the same name is ever replaced."""

import os
import shutil
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import enhance
from enhance import EnhanceConfig
from photos.batches.record import NAME as RECORD

DATE, DETAILS = 0x9003, 0x8769  # DateTimeOriginal, the Exif directory


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Return an empty folder, which is the working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(models, place, capsys):
    """Return a function that runs the command and returns its standard output."""

    def run(*photos, status=0, **options):
        given = {"model": str(models / "invert.tflite"), **options}
        assert enhance.main(EnhanceConfig(photos, **given)) == status
        return capsys.readouterr().out

    return run


def photo(path, color, date=None):
    """Write a photo of one color, taken at a date; return the color of its result."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    exif = Image.Exif()
    if date:
        exif[0x0110] = "A camera"
        exif.get_ifd(DETAILS)[DATE] = date
    Image.new("RGB", (30, 20), (color,) * 3).save(path, exif=exif, quality=95)
    return 255 - color


def results(folder="enhanced"):
    """Return the gray of each result by name."""
    found = {}
    for path in sorted(Path(folder).rglob("*.*")):
        if path.name != RECORD and path.is_file():
            with Image.open(path) as image:
                found[path.relative_to(folder).as_posix()] = int(np.asarray(image).mean().round())
    return found


FIRST, SECOND = "2026:11:28 10:00:00", "2026:11:29 09:00:00"


@pytest.mark.parametrize("dates", [(None, None), (FIRST, SECOND), (FIRST, None), (None, FIRST)])
@pytest.mark.parametrize("name", ["IMG_0001.jpg", "x.png", "x.tif"])
def test_another_card_at_the_same_place_gets_a_number(run, dates, name):
    """Yesterday's photo is gone, and today's photo has its path."""
    first = photo(f"card/{name}", 40, dates[0])
    run(f"card/{name}")
    second = photo(f"card/{name}", 90, dates[1])
    line = run("card")
    stem, suffix = name.split(".")
    assert f"enhanced/{stem}_2.{suffix}" in line
    assert f"({name} is the result of the photo that had this name before)" in line
    assert results() == {name: first, f"{stem}_2.{suffix}": second}
    assert "1 photo is enhanced already" in run("card")  # a rerun finds the photo's own result
    assert results() == {name: first, f"{stem}_2.{suffix}": second}


@pytest.mark.parametrize("options", [{}, {"redo": True}, {"strength": 1.0, "compare": True}])
def test_two_folders_one_day_after_the_other(run, place, options):
    first, second = photo("one/x.jpg", 40, FIRST), photo("two/x.jpg", 90, SECOND)
    run("one")
    assert f"(x.jpg is the result of {place}/one/x.jpg)" in run("two", **options)
    left = {name: gray for name, gray in results().items() if "compare" not in name}
    assert left == {"x.jpg": first, "x_2.jpg": second}
    run("one", **options)
    run("two", **options)
    left = {name: gray for name, gray in results().items() if "compare" not in name}
    assert left == {"x.jpg": first, "x_2.jpg": second}


@pytest.mark.parametrize("order", [("one", "two"), ("two", "one")])
def test_two_folders_at_once_in_any_order(run, order):
    first, second = photo("one/x.jpg", 40), photo("two/x.jpg", 90)
    line = run("one", "two")
    assert "enhanced/x_2.jpg" in line and "(x.jpg is the result of another photo)" in line
    for folder in (order, order[:1], order[1:]):
        assert "enhanced already" in run(*folder)
    assert results() == {"x.jpg": first, "x_2.jpg": second}


def test_an_edited_photo_replaces_its_own_result(run):
    photo("card/x.jpg", 40, FIRST)
    run("card")
    edited = photo("card/x.jpg", 60, FIRST)
    assert "enhanced/x.jpg" in run("card")
    assert results() == {"x.jpg": edited}
    assert "enhanced already" in run("card")


def test_an_edited_copy_in_another_folder_is_another_photo(run):
    first, copy = photo("card/x.jpg", 40, FIRST), photo("edited/x.jpg", 60, FIRST)
    run("card")
    run("edited")
    assert results() == {"x.jpg": first, "x_2.jpg": copy}


def test_a_card_that_comes_back_finds_its_results(run):
    first = photo("card/x.jpg", 40)
    shutil.copytree("card", "aside")
    run("card")
    second = photo("card/x.jpg", 90)
    run("card")
    shutil.copy2("aside/x.jpg", "card/x.jpg")
    assert "enhanced already" in run("card")
    assert results() == {"x.jpg": first, "x_2.jpg": second}


def test_a_moved_photo_finds_its_result(run):
    first = photo("card/x.jpg", 40)
    run("card")
    Path("card").rename("moved")
    assert "enhanced already" in run("moved")
    assert results() == {"x.jpg": first}


@pytest.mark.parametrize("numbered", [False, True])
def test_other_options_make_a_photos_own_result_again(run, numbered):
    first, second = photo("one/x.jpg", 40), photo("two/x.jpg", 90)
    run("one", "two")
    folder, name = ("two", "x_2.jpg") if numbered else ("one", "x.jpg")
    assert f"enhanced/{name}" in run(folder, strength=0.0)
    assert results() == {"x.jpg": first, "x_2.jpg": second} | {name: 90 if numbered else 40}


@pytest.mark.parametrize("date", [FIRST, None])
def test_without_a_record_nothing_is_lost(run, date):
    first = photo("card/x.jpg", 40, date)
    run("card")
    Path("enhanced", RECORD).unlink()
    run("card")  # the shot of the result is the photo's own; without a date nobody can tell
    assert results() == {"x.jpg": first} | ({} if date else {"x_2.jpg": first})
    Path("enhanced", RECORD).unlink()
    second = photo("card/x.jpg", 90, SECOND)
    run("card")
    assert first in results().values() and second in results().values()


def test_a_run_that_was_killed_after_a_result_makes_it_again(run, monkeypatch):
    """The record knows whose result has a name before the result has it."""
    first = photo("card/x.png", 40)
    real = enhance.enhance_files.__globals__["Record"].add

    def killed(self, source, target, state=None, finished=True):
        if finished:
            raise KeyboardInterrupt
        real(self, source, target, state, finished)

    with monkeypatch.context() as patch:
        patch.setattr("photos.batches.record.Record.add", killed)
        with pytest.raises(KeyboardInterrupt):
            run("card")
    assert results() == {"x.png": first}
    assert "enhanced/x.png" in run("card")
    assert results() == {"x.png": first}


def test_a_photo_that_fails_leaves_the_others_their_names(run):
    Path("one").mkdir()
    Path("one/x.jpg").write_bytes(b"\xff\xd8\xff no photo")
    second = photo("two/x.jpg", 90)
    run("one", "two", status=1)
    expected = results()
    assert list(expected.values()) == [second]
    run("one", "two", status=1)
    assert results() == expected


def test_a_number_is_no_name_that_another_photo_wants(run):
    names = ["one/x.jpg", "two/x.jpg", "three/x_2.jpg"]
    grays = [photo(name, 40 + 30 * number) for number, name in enumerate(names)]
    for _ in range(2):
        run("one", "two", "three")
        assert results() == dict(zip(["x.jpg", "x_3.jpg", "x_2.jpg"], grays, strict=True))


def test_subfolders_have_numbers_of_their_own(run):
    first, second = photo("one/deep/x.jpg", 40), photo("two/deep/x.jpg", 90)
    run("one", recursive=True)
    run("two", recursive=True)
    assert results() == {"deep/x.jpg": first, "deep/x_2.jpg": second}


@pytest.mark.parametrize("letter", ["L", "é"])
def test_a_name_without_room_for_a_number_is_cut(run, letter):
    name = letter * (251 // len(letter.encode())) + ".png"
    grays = [photo(f"{folder}/{name}", gray) for folder, gray in (("one", 40), ("two", 90))]
    for _ in range(2):
        run("one", "two")
        found = results()
        assert sorted(found.values()) == sorted(grays) and found[name] == grays[0]
        assert all(len(os.fsencode(one)) <= 255 for one in found)


def test_a_file_of_the_user_stays_and_is_named(run, capsys):
    photo("card/x.jpg", 40)
    photo("enhanced/x.jpg", 7)
    run("card", status=1)
    assert results() == {"x.jpg": 7}


def test_a_folder_ends_with_a_total(run):
    photo("card/a.jpg", 40)
    photo("card/b.jpg", 40)
    Path("card/c.jpg").write_bytes(b"\xff\xd8\xff no photo")
    total = run("card", status=1).splitlines()[-1]
    assert total.startswith("2 photos, 0.0 megapixels, ") and total.endswith(", 1 failure")
    assert "photos," not in run("card/a.jpg", redo=True)


@pytest.mark.parametrize("options", [{"strength": 0.5}, {"redo": True}, {"drop_gps": True}])
def test_a_file_that_the_user_put_in_the_place_of_a_result_stays(run, options):
    photo("card/x.jpg", 40)
    run("card")
    photo("enhanced/x.jpg", 7)
    run("card", status=1, **options)
    assert results() == {"x.jpg": 7}


def test_a_picture_that_the_user_put_in_the_place_of_a_comparison_stays(run):
    photo("card/x.jpg", 40)
    run("card", compare=True)
    photo("enhanced/x_compare.jpg", 7)
    for _ in range(2):
        run("card", compare=True, redo=True)
        assert results()["x_compare.jpg"] == 7
    assert sorted(results()) == ["x.jpg", "x.jpg_compare.jpg", "x_compare.jpg"]


def test_a_pattern_does_not_find_the_results_of_an_earlier_run(run):
    expected = photo("card/x.jpg", 40)
    for _ in range(3):
        run("**/*.jpg")
    assert results() == {"card/x.jpg": expected}


@pytest.mark.parametrize("suffix", ["", ".xyz"])
def test_a_long_name_without_a_photos_suffix_is_cut(run, suffix):
    photo("x.png", 40)
    name = "L" * (255 - len(suffix)) + suffix
    Path("x.png").rename(name)
    run(name)
    (found,) = results()
    assert found.endswith(".png") and len(found) == 255


@pytest.mark.parametrize("arguments", [{"photos": ["."], "recursive": True}, {"photos": ["**/*"]}])
def test_results_in_another_folder_are_no_photos(run, capsys, arguments):
    """The results of each run lie in a folder of their own, among the photos."""
    expected = photo("card/deep/x.jpg", 40)
    photo("card/y.png", 40)
    run("card", output="first", recursive=True, compare=True)
    photo("first/new.jpg", 90)  # a photo that the user put beside the results
    options = {name: value for name, value in arguments.items() if name != "photos"}
    run(*arguments["photos"], output="second", **options)
    found = results("second")
    assert sorted(found) == ["card/deep/x.jpg", "card/y.png", "first/new.jpg"]
    assert found["card/deep/x.jpg"] == expected


def test_a_folder_of_results_that_is_named_is_enhanced(run):
    gray = photo("card/x.jpg", 40)
    run("card")
    run("enhanced", output="again")
    assert results("again") == {"x.jpg": 255 - gray}


NAMES_OF_ONE_FILE = [("IMG_1.jpg", "img_1.jpg"), ("x.JPG", "x.jpg"), ("\xe9.png", "e\u0301.png")]


@pytest.mark.parametrize("compare", [False, True])
@pytest.mark.parametrize("names", NAMES_OF_ONE_FILE)
def test_names_that_some_disks_take_for_one(run, names, compare):
    grays = [photo(f"{f}/{n}", g) for f, n, g in zip("ab", names, (40, 90), strict=True)]
    for _ in range(2):
        run("a", "b", compare=compare)
        found = results()
        folded = {unicodedata.normalize("NFC", name).casefold() for name in found}
        assert len(folded) == len(found) == (4 if compare else 2)
        assert found[names[0]] == grays[0] and grays[1] in found.values()
