import hashlib
import json
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import models  # first: holds back TensorFlow's chatter
from export.convert import convert
from export.parity import ParityError, check_parity, measure_parity, mosaics
from export.to_tflite import ExportConfig, ExportError, export, main
from inference.engine import GlobalInput, ModelFileError
from inference.litert_engine import LiteRTEngine
from models.generator import build_generator

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module", params=["batch", "instance"])
def saved(request, tmp_path_factory):
    """Save a small generator with uneven statistics, as training leaves them."""
    keras.utils.set_random_seed(0)
    model = build_generator(request.param, channels=6, blocks=1)
    rng = np.random.default_rng(0)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.moving_mean.assign(rng.normal(0, 0.2, 6))
            layer.moving_variance.assign(rng.uniform(0.5, 2, 6))
    path = tmp_path_factory.mktemp("model") / f"{request.param}.keras"
    models.save_model(model, path)
    return path


@pytest.fixture(scope="module")
def exported(saved, tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported")
    return export(ExportConfig(model=str(saved), tile=64, output=str(folder)))


def test_every_variant_computes_what_keras_does(saved, exported):
    model = models.load_generator(saved)
    images = np.random.default_rng(1).random((2, 64, 64, 3), np.float32)
    expected = model.predict(images, verbose=0)
    assert len(exported) == (4 if saved.stem == "batch" else 2)
    for path in exported:
        engine = LiteRTEngine(path)
        got = np.concatenate([engine(image[None]) for image in images])
        np.testing.assert_allclose(got, expected, atol=1e-4 if "fp32" in path.name else 3e-3)


def test_the_any_size_variant_takes_any_size(saved, exported):
    model = models.load_generator(saved)
    image = np.random.default_rng(2).random((1, 37, 90, 3), np.float32)
    engine = LiteRTEngine(next(p for p in exported if p.name.endswith("fp32_any.tflite")))
    assert engine.tile is None
    np.testing.assert_allclose(engine(image), model.predict(image, verbose=0), atol=1e-4)


def test_fp16_files_are_about_half_as_large(exported):
    size = {path.stem.split("_", 1)[1]: path.stat().st_size for path in exported}
    if "fp32_64" in size:  # with 6 channels, a file in stages is mostly graph descriptions
        assert size["fp16_64"] < 0.75 * size["fp32_64"]
    assert size["fp16_any"] < size["fp32_any"]


def test_the_manifest_describes_the_file(saved, exported):
    for path in exported:
        manifest = json.loads(path.with_suffix(".json").read_text())
        assert manifest["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
        assert manifest["file"] == path.name
        assert manifest["norm"] == saved.stem
        assert manifest["halo"] == models.receptive_radius(models.load_generator(saved)) == 12
        assert manifest["input"]["shape"] == [1, manifest["tile"], manifest["tile"], 3]
        assert manifest["input"]["range"] == [0, 1]
        source = hashlib.sha256(saved.read_bytes()).hexdigest()
        assert manifest["source"]["sha256"] == source
        assert manifest["parity"]["psnr"] > 60
        engine = LiteRTEngine(path)
        assert (engine.tile, engine.halo, engine.global_input) == (
            manifest["tile"],
            12,
            GlobalInput.of_norm(saved.stem),
        )


def test_a_manifest_of_another_file_is_refused(exported, tmp_path):
    model, other = exported[:2]
    (tmp_path / "a.tflite").write_bytes(model.read_bytes())
    (tmp_path / "a.json").write_bytes(other.with_suffix(".json").read_bytes())
    with pytest.raises(ModelFileError, match=r"manifest of another a\.tflite"):
        LiteRTEngine(tmp_path / "a.tflite")


def test_batch_norm_folds_into_the_convolutions():
    """The file is as large as a file of the same network with biases in place of norms."""
    with_norm = len(convert(build_generator("batch", channels=16, blocks=2), "fp32", 64))
    parameters = 4 * build_generator("batch", channels=16, blocks=2).count_params()
    ones = 2 * 4 * 9 * 27 * 3  # the constant pass of both 9×9 convolutions
    assert with_norm < parameters + ones + 8000


def test_a_file_that_is_off_fails_the_parity_check(tmp_path):
    keras.utils.set_random_seed(0)
    model, other = (build_generator("batch", channels=4, blocks=1) for _ in range(2))
    (tmp_path / "other.tflite").write_bytes(convert(other, "fp32", None))
    patches = np.random.default_rng(0).random((2, 32, 32, 3), np.float32)
    measured = measure_parity(LiteRTEngine(tmp_path / "other.tflite"), model, patches)
    with pytest.raises(ParityError, match="differs from Keras"):
        check_parity(measured, "fp32")
    with pytest.raises(ParityError):
        check_parity({"max_difference": float("nan"), "psnr": float("nan")}, "fp16")


def test_a_failed_export_leaves_nothing(saved, tmp_path, monkeypatch):
    def refuse(measured, precision):
        if precision == "fp16":
            raise ParityError("off")

    monkeypatch.setattr("export.parity.check_parity", refuse)
    with pytest.raises(ParityError):
        export(ExportConfig(model=str(saved), tile=64, output=str(tmp_path)))
    assert list(tmp_path.iterdir()) == []


def test_the_demos_get_the_files_for_fixed_tiles(exported, tmp_path, monkeypatch):
    monkeypatch.setattr("export.to_tflite.export", lambda config: exported)
    monkeypatch.setattr(
        "export.demos.demo_folders", lambda: [tmp_path / "web", tmp_path / "android"]
    )
    main(ExportConfig(model="x", demos=True))
    fixed = {path.name for path in exported if path.stem.endswith("_64")}
    for folder in ("web", "android"):
        assert {path.name for path in (tmp_path / folder).glob("*.tflite")} == fixed


def test_mosaics_use_every_patch():
    patches = np.arange(1, 11, dtype=np.float32)[:, None, None, None] * np.ones((1, 10, 10, 3))
    images = mosaics(patches, 20)
    assert images.shape == (3, 20, 20, 3)
    assert set(np.unique(images)) == set(range(1, 11))
    np.testing.assert_array_equal(images[0, ::10, ::10, 0], [[1, 2], [3, 4]])


def test_the_phones_only_run_is_exported_from_its_test_patches(
    saved, tmp_path, monkeypatch, write_dataset
):
    monkeypatch.chdir(tmp_path)
    run = tmp_path / "runs" / "mine" / "dped"
    run.mkdir(parents=True)
    (run / "best.keras").write_bytes(saved.read_bytes())
    (run / "config.json").write_text('{"phone": "mine", "model": "dped"}')
    write_dataset(tmp_path / "dped", "mine", train=2, test=3)
    files = export(ExportConfig(phone="mine", precision="fp16", tile=64))
    sizes = ["64", "any"] if saved.stem == "batch" else ["any"]
    assert [str(path) for path in files] == [f"exported/mine_fp16_{size}.tflite" for size in sizes]
    manifest = json.loads(files[0].with_suffix(".json").read_text())
    assert manifest["source"]["run"] == {"phone": "mine", "model": "dped"}
    assert manifest["parity"]["patches"] == "mine test patches"
    # The same model given by its file: named after its run, checked on its phone's patches.
    again = export(ExportConfig(model="runs/mine/dped/best.keras", precision="fp16", tile=64))
    assert again[0].name == f"mine_dped_fp16_{sizes[0]}.tflite"
    manifest = json.loads(again[0].with_suffix(".json").read_text())
    assert manifest["parity"]["patches"] == "mine test patches"
    other = tmp_path / "runs" / "mine" / "mobile"
    other.mkdir()
    (other / "best.keras").write_bytes(saved.read_bytes())
    with pytest.raises(ExportError, match=r"several runs.*dped/best\.keras.*mobile/best\.keras"):
        export(ExportConfig(phone="mine"))


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ([], "give --phone NAME or --model FILE"),
        (["--phone", "absent"], "no trained model"),
        (["--model", "absent.keras"], "absent.keras: no such model file"),
        (["--model", "absent.keras", "--tile", "3"], "--tile 3: must be"),
        (["--phone", "../x"], "phone name '../x'"),
        (["--phone", "a/b", "--model", "absent.keras"], "phone name 'a/b'"),
        (["--phone", ".."], "phone name '..'"),
    ],
)
def test_bad_input_gets_one_line(tmp_path, words, reason):
    script = str(ROOT / "export" / "to_tflite.py")
    done = subprocess.run(
        [sys.executable, script, *words], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert reason in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".."])
@pytest.mark.parametrize("key", ["phone", "model"])
def test_a_run_whose_names_leave_the_folder_is_refused(saved, tmp_path, key, name):
    run = tmp_path / "run"
    run.mkdir()
    (run / "best.keras").write_bytes(saved.read_bytes())
    values = {"phone": "mine", "model": "mobile", key: name}
    (run / "config.json").write_text(json.dumps(values))
    config = ExportConfig(model=str(run / "best.keras"), output=str(tmp_path / "out"))
    with pytest.raises(ExportError, match=r"config\.json: not the configuration"):
        export(config)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_unknown_precisions_and_tiles_without_room_are_refused(saved, tmp_path):
    with pytest.raises(ExportError, match="--precision fp12: expected fp32, fp16"):
        export(ExportConfig(model=str(saved), precision="fp12", output=str(tmp_path)))
    with pytest.raises(ExportError, match="no room for a halo of 42"):
        keras.utils.set_random_seed(0)
        path = tmp_path / "deep.keras"
        models.save_model(build_generator("batch", channels=2, blocks=16), path)
        export(ExportConfig(model=str(path), tile=64, output=str(tmp_path / "out")))
