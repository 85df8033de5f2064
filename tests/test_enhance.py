import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import enhance
from enhance import EnhanceConfig
from inference.engines import ModelFileError

ROOT = Path(enhance.__file__).parent
HEAVY = {"tensorflow", "keras", "torch", "jax", "cv2", "skimage", "tifffile", "pillow_heif"}
RECORD = ".enhanced.jsonl"


def photo(path, height=20, width=30, seed=0):
    """Write a random photo; returns its pixels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    Image.fromarray(pixels).save(path)
    return pixels


def pixels_of(path):
    return np.asarray(Image.open(path))


def run(folder, *arguments):
    """Run the script in `folder`."""
    return subprocess.run(
        [sys.executable, ROOT / "enhance.py", *arguments],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )


def tree(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_enhances_files_and_folders_without_tensorflow(tmp_path, models):
    pixels = {name: photo(tmp_path / name) for name in ("a.png", "dir/c.png", "dir/b.PNG")}
    photo(tmp_path / "dir" / "deeper" / "d.png")
    (tmp_path / "dir" / "notes.txt").write_text("not a photo")
    words = ["enhance.py", "a.png", "dir", "dir/c.png", "--model", str(models / "invert.tflite")]
    script = (
        f"import runpy, sys; sys.argv = {words}; sys.path.insert(0, {str(ROOT)!r})\n"
        f"try: runpy.run_path({str(ROOT / 'enhance.py')!r}, run_name='__main__')\n"
        "finally: print({name.split('.')[0] for name in sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, encoding="utf-8"
    )
    assert (done.returncode, done.stderr) == (0, "")
    *lines, loaded = done.stdout.splitlines()
    assert [line.split("  ")[:2] for line in lines] == [
        [str(Path("enhanced", name)), "30×20"] for name in ("a.png", "b.PNG", "c.png")
    ]
    assert all(line.endswith(" s") for line in lines)
    assert "ai_edge_litert" in loaded
    assert not HEAVY & set(loaded.strip("{}").replace("'", "").split(", "))
    for name, before in pixels.items():
        np.testing.assert_array_equal(
            pixels_of(tmp_path / "enhanced" / Path(name).name), 255 - before
        )


def test_keras_model(tmp_path, models, capsys):
    before = photo(tmp_path / "a.png")
    model, output = str(models / "invert.keras"), str(tmp_path / "out")
    assert enhance.main(EnhanceConfig((str(tmp_path / "a.png"),), model, output)) == 0
    np.testing.assert_array_equal(pixels_of(tmp_path / "out" / "a.png"), 255 - before)
    assert capsys.readouterr().out.startswith(str(tmp_path / "out" / "a.png"))


def test_a_bad_photo_does_not_stop_the_others(tmp_path, models):
    photo(tmp_path / "a.png")
    photo(tmp_path / "whole.jpg")
    (tmp_path / "b.jpg").write_bytes((tmp_path / "whole.jpg").read_bytes()[:700])
    photo(tmp_path / "z.png")
    (tmp_path / "empty").mkdir()
    (tmp_path / "c.txt").write_text("text")
    names = ["a.png", "b.jpg", "none.jpg", "c.txt", "empty", "z.png"]
    done = run(tmp_path, *names, "--model", models / "invert.tflite", "--output", "out")
    assert done.returncode == 1
    assert [line.split()[0] for line in done.stdout.splitlines()] == [
        str(Path("out", name)) for name in ("a.png", "z.png")
    ]
    complaints = [line.removeprefix("enhance.py: ") for line in done.stderr.splitlines()]
    assert [line.split(": ")[0] for line in complaints] == ["none.jpg", "c.txt", "empty", "b.jpg"]
    assert "truncated" in complaints[3] and "no photos" in complaints[2]
    assert tree(tmp_path / "out") == [RECORD, "a.png", "z.png"]


def test_bad_command_lines_end_in_one_line(tmp_path, models):
    photo(tmp_path / "a.png")
    (tmp_path / "bad.tflite").write_bytes(b"not a model" * 99)
    (tmp_path / "model.onnx").write_bytes(b"")
    (tmp_path / "taken").write_text("a file")
    good = str(models / "invert.tflite")
    cases = {
        ("a.png", "--model", "bad.tflite"): "bad.tflite: not a usable .tflite model",
        ("a.png", "--model", "model.onnx"): "ends in .tflite or .keras",
        ("a.png", "--model", "nobody"): "nobody: no such model; models/pretrained has",
        ("a.png", "--model", good, "--output", "taken"): "taken: File exists",
        ("a.png", "--model", good, "--output", "."): "a.png is the source",
        ("none.png", "--model", good): "none.png: no such file or folder",
    }
    before = tree(tmp_path)
    for arguments, reason in cases.items():
        done = run(tmp_path, *arguments)
        assert done.returncode == 1 and done.stdout == "", arguments
        assert reason in done.stderr and done.stderr.count("\n") == 1, done.stderr
        assert tree(tmp_path) == before
    done = run(tmp_path)
    assert done.returncode == 2 and "Traceback" not in done.stderr


def test_nothing_is_overwritten_by_another_photo(tmp_path, monkeypatch, models, capsys):
    monkeypatch.chdir(tmp_path)
    first = photo(Path("one/x.png"), seed=1)
    second = photo(Path("two/x.png"), seed=2)
    config = EnhanceConfig(("one/x.png", "two/x.png"), str(models / "invert.tflite"))
    assert enhance.main(config) == 1
    assert "two/x.png: enhanced/x.png is the result of one/x.png" in capsys.readouterr().err
    np.testing.assert_array_equal(pixels_of("enhanced/x.png"), 255 - first)

    config = EnhanceConfig(("one/x.png", "two/x.png"), str(models / "invert.tflite"), "two")
    assert enhance.main(config) == 1
    assert "would overwrite a source" in capsys.readouterr().err
    np.testing.assert_array_equal(pixels_of("two/x.png"), second)


def test_ctrl_c_leaves_no_temporary_file(tmp_path, monkeypatch, models):
    photo(tmp_path / "a.png")

    def interrupted(self, path, **options):
        path.write(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(Image.Image, "save", interrupted)
    config = EnhanceConfig(
        (str(tmp_path / "a.png"),), str(models / "invert.tflite"), str(tmp_path / "out")
    )
    with pytest.raises(KeyboardInterrupt):
        enhance.main(config)
    assert tree(tmp_path) == ["a.png"]


def test_models_by_name(tmp_path, monkeypatch):
    monkeypatch.setattr(enhance, "PRETRAINED", tmp_path / "pretrained")
    with pytest.raises(ModelFileError, match=r"pass --model .*train\.py"):
        enhance.find_model(None)
    with pytest.raises(ModelFileError, match="has none"):
        enhance.find_model("sony")
    (tmp_path / "pretrained").mkdir()
    for name in ("iphone.keras", "sony.keras", "iphone_mobile.json"):
        (tmp_path / "pretrained" / name).write_bytes(b"")
    assert enhance.find_model(None).name == "iphone.keras"
    assert enhance.find_model("sony").name == "sony.keras"
    with pytest.raises(ModelFileError, match="has iphone, sony;"):
        enhance.find_model("nobody")
    for name in ("iphone_mobile.tflite", "iphone.tflite"):
        (tmp_path / "pretrained" / name).write_bytes(b"")
    assert enhance.find_model(None).name == "iphone_mobile.tflite"
    assert enhance.find_model("iphone").name == "iphone.tflite"
