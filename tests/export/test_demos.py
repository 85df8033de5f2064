"""Tests of copying networks to the demos: complete sets only, and a message for the rest."""

import hashlib
import json
import shutil

import pytest

from export.demos import INDEX, DemoNetworkError, DemosConfig, copy_networks, main
from models.shipped import PRETRAINED, SHIPPED

FP16 = PRETRAINED / "iphone_3gs_fp16_256.tflite"
ANY = PRETRAINED / "iphone_3gs.tflite"


def listed(folder):
    return json.loads((folder / INDEX).read_text())["models"]


@pytest.fixture
def own(tmp_path):
    """Make a user's own network in exported/."""
    folder = tmp_path / "exported"
    folder.mkdir()
    manifest = json.loads(FP16.with_suffix(".json").read_text())
    for name in filter(None, (manifest["sample"][k] for k in ("image", "thumbnail", "expected"))):
        shutil.copy(PRETRAINED / name, folder)
    shutil.copy(FP16, folder / "mine_fp16_256.tflite")
    manifest["file"] = "mine_fp16_256.tflite"
    (folder / "mine_fp16_256.json").write_text(json.dumps(manifest))
    return folder / "mine_fp16_256.tflite"


def test_shipped_networks_are_copied_with_their_pictures(tmp_path, own, monkeypatch):
    """The network for any phone comes first; files in exported/ wait for --demos."""
    monkeypatch.chdir(tmp_path)
    main(DemosConfig(to=str(tmp_path / "models")))
    models = listed(tmp_path / "models")
    assert [entry["manifest"] for entry in models] == [
        f"{name}_{precision}_256.json" for name in SHIPPED for precision in ("fp16", "int8")
    ]
    assert [entry["label"].rpartition(",")[0] for entry in models] == [
        f"{network.label}, {words}"
        for network in SHIPPED.values()
        for words in ("best quality", "fastest")
    ]
    for entry in models:
        manifest = json.loads((tmp_path / "models" / entry["manifest"]).read_text())
        sample = manifest["sample"]
        pictures = {sample["image"], sample["thumbnail"], sample["expected"]}
        assert set(entry["files"]) == {manifest["file"], entry["manifest"], *pictures}
        for name, checksum in entry["files"].items():
            content = (tmp_path / "models" / name).read_bytes()
            assert content == (PRETRAINED / name).read_bytes()
            assert hashlib.sha256(content).hexdigest().startswith(checksum)


def test_files_for_any_size_are_left_out(tmp_path):
    assert copy_networks([ANY, FP16], tmp_path) == [tmp_path / FP16.name]
    assert not (tmp_path / ANY.name).exists()


def test_the_users_own_network_comes_last_and_the_rest_stays(tmp_path, own):
    folder = tmp_path / "models"
    copy_networks([FP16], folder)
    copy_networks([own], folder)
    assert [entry["manifest"] for entry in listed(folder)] == [
        "iphone_3gs_fp16_256.json",
        "mine_fp16_256.json",
    ]


def test_the_android_app_gets_no_list(tmp_path, monkeypatch):
    """The app takes every .json among its assets for a manifest."""
    monkeypatch.setattr("export.demos.ANDROID", tmp_path)
    copy_networks([FP16], tmp_path)
    assert {path.name for path in tmp_path.glob("*.json")} == {"iphone_3gs_fp16_256.json"}


@pytest.mark.parametrize("missing", [".tflite", ".json"])
def test_nothing_is_copied_if_a_file_is_missing(tmp_path, own, missing):
    own.with_suffix(missing).unlink()
    with pytest.raises(DemoNetworkError, match=f"mine_fp16_256.{missing[1:]}"):
        copy_networks([FP16, own], tmp_path / "models")
    assert not (tmp_path / "models").exists()


def test_nothing_is_copied_if_a_picture_is_missing(tmp_path, own):
    (own.parent / "iphone_3gs_sample_image_256.png").unlink()
    with pytest.raises(
        DemoNetworkError,
        match=r"json: names iphone_3gs_sample_image_256\.png, which is missing",
    ):
        copy_networks([own], tmp_path / "models")
    assert not (tmp_path / "models").exists()


def test_a_named_network_without_a_manifest_is_refused(tmp_path, own):
    lost = own.with_name("lost.tflite")
    shutil.copy(own, lost)
    with pytest.raises(DemoNetworkError, match=r"lost\.json beside it is missing"):
        main(DemosConfig(models=str(lost), to=str(tmp_path / "models")))


def test_incomplete_networks_are_not_listed(tmp_path, own, capsys):
    folder = tmp_path / "models"
    copy_networks([FP16], folder)
    (folder / "lost.tflite").write_bytes(b"")
    (folder / ".mine.1.part.tflite").write_bytes(b"")
    copy_networks([own], folder)
    assert capsys.readouterr().err.count("left out") == 1
    assert len(listed(folder)) == 2


@pytest.mark.parametrize("text", ["[]", '{"file": "a", "precision": "", "tile": 8, "sample": "x"}'])
def test_a_file_that_is_no_manifest_is_refused(tmp_path, own, text):
    own.with_suffix(".json").write_text(text)
    with pytest.raises(DemoNetworkError, match="not a manifest"):
        copy_networks([own], tmp_path / "models")


@pytest.mark.parametrize(
    "change, message",
    [
        ({"file": "another.tflite"}, "the manifest of another.tflite"),
        (
            {"sample": {"image": "../a.png", "expected": "b.png"}},
            "../a.png, which is not in",
        ),
    ],
)
def test_a_manifest_of_another_file(tmp_path, own, change, message):
    path = own.with_suffix(".json")
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(DemoNetworkError, match=message):
        copy_networks([own], tmp_path / "models")
