"""Preparation of a study: valid and invalid folders; no file reveals its class."""

import itertools
import json
import os
import stat

import numpy as np
import pytest
from fake_study import CLASSES, make_study, scene, write_class
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from study.design import StudyError, check_name, read_study
from study.prepare import PrepareConfig, main, prepare
from study.serve import listening
from study.store import open_store
from study.tokens import read_secret


def config(root, *words, **options):
    classes = words or tuple(f"{kind}={root / kind}" for kind in CLASSES)
    return PrepareConfig(out=str(root / "study"), classes=classes, **options)


@pytest.fixture
def folders(tmp_path):
    for i, kind in enumerate(CLASSES):
        write_class(tmp_path / kind, change=20 * i)
    return tmp_path


def refused(folders, *words, **options):
    before = sorted(folders.rglob("*"))
    with pytest.raises(StudyError) as raised:
        prepare(config(folders, *words, **options))
    assert sorted(folders.rglob("*")) == before  # nothing is half-written
    message = str(raised.value)
    assert "\n" not in message
    return message


def test_every_pair_of_classes_of_every_photo_is_asked(folders):
    study = prepare(config(folders))
    assert study == read_study(folders / "study")
    asked = [(q.scene, q.first, q.second) for q in study.questions()]
    pairs = list(itertools.combinations(CLASSES, 2))
    assert asked == [(str(n), *pair) for n in (1, 2, 3) for pair in pairs]


def test_the_study_of_the_thesis_has_81_questions(tmp_path):
    phones = ("iphone", "blackberry", "sony")
    study = read_study(make_study(tmp_path, photos=9, phones=phones))
    assert len(study.questions()) == 9 * 3 * 3 == 81
    assert sorted(study.phones) == sorted(phones)


def test_a_rival_of_one_phone_and_chosen_pairs(tmp_path):
    for kind in CLASSES:
        for phone in ("iphone", "sony"):
            write_class(tmp_path / kind / phone, photos=2)
    write_class(tmp_path / "ape" / "iphone", photos=2)
    words = tuple(f"{kind}={tmp_path / kind}" for kind in (*CLASSES, "ape"))
    study = prepare(config(tmp_path, *words, pairs=("phone:enhanced", "enhanced:ape")))
    counts = {}
    for question in study.questions():
        key = question.phone, question.first, question.second
        counts[key] = counts.get(key, 0) + 1
    assert counts == {
        ("iphone", "phone", "enhanced"): 2,
        ("sony", "phone", "enhanced"): 2,
        ("iphone", "enhanced", "ape"): 2,
    }


def test_files_reveal_neither_class_nor_camera(folders):
    exif = Image.Exif()
    exif[0x010F] = "Canon"
    photo = Image.fromarray(scene(2) + np.uint8(40))
    (folders / "dslr" / "2.png").unlink()
    photo.save(folders / "dslr" / "2.jpg", exif=exif, comment=b"dslr", quality=30)
    study = prepare(config(folders))
    files = sorted((folders / "study" / "photos").iterdir())
    assert {file.stem for file in files} == {picture.id for picture in study.pictures}
    tables = set()
    for file in files:
        content = file.read_bytes()
        assert not any(word in content.lower() for word in (b"canon", b"dslr", b"exif", b"phone"))
        with Image.open(file) as image:
            assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (96, 64))
            assert isinstance(image, JpegImageFile)
            tables.add(str(image.quantization))
            assert "exif" not in image.info and "icc_profile" not in image.info
    assert len(tables) == 1
    # Names are random: another study of the same photos has other names.
    again = prepare(PrepareConfig(out=str(folders / "b"), classes=config(folders).classes))
    assert not {p.id for p in again.pictures} & {p.id for p in study.pictures}


def test_pictures_keep_their_pixels(folders):
    study = prepare(config(folders))
    for picture in study.pictures:
        with Image.open(folders / "study" / "photos" / f"{picture.id}.jpg") as image:
            found = np.asarray(image).astype(int)
        expected = scene(int(picture.scene)) + 20 * CLASSES.index(picture.kind)
        assert np.abs(found - np.clip(expected, 0, 255)).mean() < 2


def test_orientation_is_applied_and_large_photos_are_shrunk_to_one_size(tmp_path):
    write_class(tmp_path / "phone", photos=1, width=480, height=320)
    (tmp_path / "dslr").mkdir()
    turned = Image.fromarray(np.rot90(scene(1, width=480, height=320)))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be rotated clockwise
    turned.save(tmp_path / "dslr" / "1.png", exif=exif)
    words = (f"phone={tmp_path / 'phone'}", f"dslr={tmp_path / 'dslr'}")
    study = prepare(config(tmp_path, *words, longest_side=240))
    assert {(p.width, p.height) for p in study.pictures} == {(240, 160)}


def test_a_larger_class_is_shrunk_to_the_smaller(tmp_path):
    write_class(tmp_path / "phone", photos=1, width=96, height=64)
    write_class(tmp_path / "dslr", photos=1, width=480, height=320)
    words = (f"phone={tmp_path / 'phone'}", f"dslr={tmp_path / 'dslr'}")
    study = prepare(config(tmp_path, *words))
    assert {(p.width, p.height) for p in study.pictures} == {(96, 64)}


def test_a_missing_photo_is_named(folders):
    (folders / "enhanced" / "2.png").unlink()
    assert "class enhanced lacks 1 of 3" in refused(folders) and "2" in refused(folders)


def test_another_shape_is_refused(folders):
    Image.fromarray(scene(2, width=96, height=96)).save(folders / "dslr" / "2.png")
    assert "96×96" in refused(folders)


def test_another_scene_is_refused_unless_wanted(folders):
    Image.fromarray(scene(77)).save(folders / "dslr" / "2.png")
    assert "--unaligned" in refused(folders)
    prepare(config(folders, unaligned=True))


def test_a_damaged_photo_is_named(folders):
    content = (folders / "dslr" / "3.png").read_bytes()
    (folders / "dslr" / "3.png").write_bytes(content[:60])
    assert "3.png" in refused(folders)


@pytest.mark.parametrize(
    ("words", "culprit"),
    [
        ((), "two classes or more"),
        (("phone={}/phone",), "two classes or more"),
        (("phone={}/phone", "dslr"), "NAME=DIR"),
        (("phone={}/phone", "dslr="), "NAME=DIR"),
        (("phone={}/phone", "phone={}/dslr"), "given twice"),
        (("phone={}/phone", "dslr={}/nowhere"), "no such folder"),
        (("phone={}/phone", "dslr={}"), "subfolders"),
        (("phone={}/phone", "<b>={}/dslr"), "letters, digits"),
        (("phone={}/phone", "../dslr={}/dslr"), "letters, digits"),
        (("phone={}/phone", "=={}/dslr"), "letters, digits"),
    ],
)
def test_bad_classes_are_refused(folders, words, culprit):
    with pytest.raises(StudyError, match=culprit):
        prepare(
            PrepareConfig(out=str(folders / "s"), classes=tuple(w.format(folders) for w in words))
        )
    assert not (folders / "s").exists()


@pytest.mark.parametrize(
    "name", ["", " a", "a ", "-a", "=1+1", "@a", "a/b", "..", "<i>", 'a"b', "a'b", "a&b", "a\nb",
             "a\u202eb", "x" * 61],
)  # fmt: skip
def test_harmful_names_are_refused(name):
    with pytest.raises(StudyError):
        check_name(name, "class")


@pytest.mark.parametrize(
    "name", ["phone", "Dong et al.", "été 2", "фото", "写真", "IMG_1 (2)", "1,5"]
)
def test_harmless_names_are_accepted(name):
    assert check_name(name, "class") == name


def test_html_in_a_photos_name_is_refused(tmp_path):
    for kind in CLASSES:
        write_class(tmp_path / kind, photos=1, names=["<script>.png"])
    assert "letters, digits" in refused(tmp_path)


def test_two_photos_of_one_name_are_refused(folders):
    Image.fromarray(scene(1)).save(folders / "dslr" / "1.jpg")
    assert "keep one" in refused(folders)


@pytest.mark.parametrize(
    ("options", "culprit"),
    [
        ({"pairs": ("phone:phone",)}, "--pair"),
        ({"pairs": ("phone:tv",)}, "--pair"),
        ({"pairs": ("phone:dslr", "dslr:phone")}, "twice"),
        ({"repeats": 6}, "at most half"),
    ],
)
def test_bad_questions_are_refused(folders, options, culprit):
    assert culprit in refused(folders, **options)


@pytest.mark.parametrize(
    "options", [{"repeats": -1}, {"longest_side": 0}, {"seed": -1}, {"title": " "},
                {"prompt": "a\nb"}, {"title": "x" * 201}],
)  # fmt: skip
def test_values_out_of_range_are_refused(options):
    with pytest.raises(StudyError, match="--"):
        PrepareConfig(out="x", **options)


def test_an_existing_folder_is_kept(folders, capsys):
    main(config(folders))
    assert "9 questions: 3 photos of 1 phone, 3 pairs of 3 classes" in capsys.readouterr().out
    assert "exists" in refused(folders)


def test_only_the_owner_can_read_the_secret(folders):
    prepare(config(folders))
    mode = (folders / "study" / "secret.key").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 9}', '{"version": 1}', "[" * 100_000])
def test_a_damaged_study_is_refused_in_one_line(tmp_path, text):
    (tmp_path / "study.json").write_text(text)
    with pytest.raises(StudyError, match=r"study\.json"):
        read_study(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        {"repeats": "x"}, {"repeats": 1.5}, {"repeats": 10**30}, {"repeats": -5}, {"seed": {}},
        {"seed": -1}, {"title": 5}, {"prompt": None}, {"id": 7}, {"classes": [1, 2]},
    ],
)  # fmt: skip
def test_a_study_with_wrong_values_is_refused(folders, change):
    prepare(config(folders))
    path = folders / "study" / "study.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(StudyError, match=r"study\.json: damaged"):
        read_study(folders / "study")


def test_a_study_with_one_picture_twice_is_refused(folders):
    prepare(config(folders))
    path = folders / "study" / "study.json"
    facts = json.loads(path.read_text())
    facts["pictures"].append(facts["pictures"][0])
    path.write_text(json.dumps(facts))
    with pytest.raises(StudyError, match=r"study\.json: damaged"):
        read_study(folders / "study")


@pytest.mark.parametrize("name", ["study.json", "secret.key"])
def test_a_pipe_in_the_folder_of_a_study_is_not_waited_for(folders, name):
    prepare(config(folders))
    path = folders / "study" / name
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(StudyError, match=name.replace(".", r"\.")):
        (read_study if name == "study.json" else read_secret)(folders / "study")


@pytest.mark.parametrize("host", ["a..b", "x" * 64 + ".example", "no such host"])
def test_a_host_that_is_no_name_is_refused(host):
    with pytest.raises(StudyError, match="cannot listen on"):
        listening(host, 0)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_a_database_in_memory_opens(folders, url):
    prepare(config(folders))
    open_store(folders / "study", url, read_study(folders / "study").id).close()


def test_photos_outside_the_folder_cannot_be_named(folders):
    prepare(config(folders))
    path = folders / "study" / "study.json"
    study = read_study(folders / "study")
    path.write_text(path.read_text().replace(study.pictures[0].id, "../../../etc/passwd"))
    with pytest.raises(StudyError):
        read_study(folders / "study")
