"""Networks are given to the demos with all that belongs to them, or a line says why not."""

import hashlib
import json
import shutil

import pytest

from export.demos import INDEX, SHIPPED, DemoError, DemosConfig, install, main

FP16 = SHIPPED / "iphone_mobile_fp16_256.tflite"
ANY = SHIPPED / "iphone_mobile.tflite"


def listed(folder):
    return json.loads((folder / INDEX).read_text())["models"]


@pytest.fixture
def own(tmp_path):
    """A network of one's own in exported/."""
    folder = tmp_path / "exported"
    folder.mkdir()
    manifest = json.loads(FP16.with_suffix(".json").read_text())
    for name in filter(None, (manifest["sample"][k] for k in ("image", "thumbnail", "expected"))):
        shutil.copy(SHIPPED / name, folder)
    shutil.copy(FP16, folder / "mine_fp16_256.tflite")
    manifest["file"] = "mine_fp16_256.tflite"
    (folder / "mine_fp16_256.json").write_text(json.dumps(manifest))
    return folder / "mine_fp16_256.tflite"


def test_all_that_ship_with_their_pictures(tmp_path):
    main(DemosConfig(to=str(tmp_path / "models")))
    models = listed(tmp_path / "models")
    assert [entry["manifest"] for entry in models] == [
        "iphone_mobile_fp16_256.json",
        "iphone_mobile_int8_256.json",
    ]
    for entry in models:
        manifest = json.loads((tmp_path / "models" / entry["manifest"]).read_text())
        sample = manifest["sample"]
        pictures = {sample["image"], sample["thumbnail"], sample["expected"]}
        assert set(entry["files"]) == {manifest["file"], entry["manifest"], *pictures}
        for name, checksum in entry["files"].items():
            content = (tmp_path / "models" / name).read_bytes()
            assert content == (SHIPPED / name).read_bytes()
            assert hashlib.sha256(content).hexdigest().startswith(checksum)


def test_files_for_any_size_are_left_out(tmp_path):
    assert install([ANY, FP16], tmp_path) == [tmp_path / FP16.name]
    assert not (tmp_path / ANY.name).exists()


def test_ones_own_comes_first_and_the_rest_stays(tmp_path, own):
    folder = tmp_path / "models"
    install([FP16], folder)
    install([own], folder)
    assert [entry["manifest"] for entry in listed(folder)] == [
        "mine_fp16_256.json",
        "iphone_mobile_fp16_256.json",
    ]


def test_the_android_app_gets_no_list(tmp_path, monkeypatch):
    """It takes every .json among its assets for a manifest."""
    monkeypatch.setattr("export.demos.ANDROID", tmp_path)
    install([FP16], tmp_path)
    assert {path.name for path in tmp_path.glob("*.json")} == {"iphone_mobile_fp16_256.json"}


@pytest.mark.parametrize("missing", [".tflite", ".json"])
def test_nothing_is_copied_if_a_file_is_missing(tmp_path, own, missing):
    own.with_suffix(missing).unlink()
    with pytest.raises(DemoError, match=f"mine_fp16_256.{missing[1:]}"):
        install([FP16, own], tmp_path / "models")
    assert not (tmp_path / "models").exists()


def test_nothing_is_copied_if_a_picture_is_missing(tmp_path, own):
    (own.parent / "iphone_mobile_sample_image_256.png").unlink()
    with pytest.raises(DemoError, match="which its manifest names"):
        install([own], tmp_path / "models")
    assert not (tmp_path / "models").exists()


def test_what_cannot_be_used_of_exported_is_named_and_left_out(tmp_path, own, monkeypatch, capsys):
    shutil.copy(own, own.with_name("lost.tflite"))
    monkeypatch.chdir(tmp_path)
    main(DemosConfig(to=str(tmp_path / "models")))
    assert "lost.tflite: its manifest lost.json is missing" in capsys.readouterr().err
    assert listed(tmp_path / "models")[0]["manifest"] == "mine_fp16_256.json"
    with pytest.raises(DemoError, match=r"lost\.json"):
        main(DemosConfig(models="exported/lost.tflite", to=str(tmp_path / "models")))


def test_what_is_incomplete_among_the_demos_is_not_listed(tmp_path, own, capsys):
    folder = tmp_path / "models"
    install([FP16], folder)
    (folder / "lost.tflite").write_bytes(b"")
    (folder / ".mine.1.part.tflite").write_bytes(b"")
    install([own], folder)
    assert capsys.readouterr().err.count("left out") == 1
    assert len(listed(folder)) == 2


@pytest.mark.parametrize("text", ["[]", '{"file": "a", "precision": "", "tile": 8, "sample": "x"}'])
def test_a_manifest_that_is_none(tmp_path, own, text):
    own.with_suffix(".json").write_text(text)
    with pytest.raises(DemoError, match="not a manifest"):
        install([own], tmp_path / "models")


@pytest.mark.parametrize(
    "change, message",
    [
        ({"file": "another.tflite"}, "the manifest of another.tflite"),
        ({"sample": {"image": "../a.png", "expected": "b.png"}}, "../a.png is not beside it"),
    ],
)
def test_a_manifest_of_another_file(tmp_path, own, change, message):
    path = own.with_suffix(".json")
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(DemoError, match=message):
        install([own], tmp_path / "models")
