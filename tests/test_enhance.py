"""The command `enhance.py` and the function `enhance`."""

import contextlib
import io
import itertools
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import enhance
from enhance import EnhanceConfig
from inference.engine import ModelFileError
from inference.one_click import enhance_one_click
from models import list_shipped as shipped_table
from models import shipped

ROOT = Path(enhance.__file__).parent
HEAVY = {"tensorflow", "keras", "torch", "jax", "cv2", "skimage", "tifffile", "pillow_heif"}
RECORD = ".enhanced.jsonl"


def photo(path, height=20, width=30, seed=0):
    """Write a random photo and return its pixels."""
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
    note = "enhance.py: dir: left out notes.txt: no photo by name or content\n"
    assert (done.returncode, done.stderr) == (0, note)
    *lines, total, loaded = done.stdout.splitlines()
    assert total.startswith("3 photos, 0.0 megapixels, ") and total.endswith(", 0 failures")
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
    *lines, total = done.stdout.splitlines()
    assert [line.split()[0] for line in lines] == [
        str(Path("out", name)) for name in ("a.png", "z.png")
    ]
    assert total.startswith("2 photos, ") and total.endswith(", 4 failures")
    complaints = [line.removeprefix("enhance.py: error: ") for line in done.stderr.splitlines()]
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
        ("a.png", "--model", "one-click"): "did you mean 'one_click'?",
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


@pytest.mark.parametrize("suffix", [".keras", ".tflite"])
def test_a_broken_network_writes_nothing(tmp_path, models, suffix):
    kernel = np.float32(-1).tobytes()
    if suffix == ".tflite":
        content = (models / "invert.tflite").read_bytes()
        assert content.count(kernel) >= 3
        (tmp_path / "broken.tflite").write_bytes(
            content.replace(kernel, np.float32(np.nan).tobytes())
        )
    else:
        import keras

        model = keras.saving.load_model(models / "invert.keras")
        model.set_weights([weight * np.nan for weight in model.get_weights()])
        model.save(tmp_path / "broken.keras")
    photo(tmp_path / "shots/a.png")
    photo(tmp_path / "shots/b.jpg")
    before = {name: (tmp_path / name).read_bytes() for name in tree(tmp_path)}
    given = (str(tmp_path / "shots"),), str(tmp_path / f"broken{suffix}"), str(tmp_path / "out")
    for flags in itertools.product((False, True), repeat=3):
        named = dict(zip(("compare", "in_place", "redo"), flags, strict=True))
        with pytest.raises(ModelFileError, match="weights that are not finite"):
            enhance.main(EnhanceConfig(*given, **named))
        assert {name: (tmp_path / name).read_bytes() for name in tree(tmp_path)} == before
    if suffix == ".tflite":
        done = run(tmp_path, "shots", "--model", "broken.tflite")
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)


def test_nothing_is_overwritten_by_another_photo(tmp_path, monkeypatch, models, capsys):
    monkeypatch.chdir(tmp_path)
    first = photo(Path("one/x.png"), seed=1)
    second = photo(Path("two/x.png"), seed=2)
    config = EnhanceConfig(("one/x.png", "two/x.png"), str(models / "invert.tflite"))
    assert enhance.main(config) == 0
    assert "enhanced/x_2.png" in capsys.readouterr().out
    np.testing.assert_array_equal(pixels_of("enhanced/x.png"), 255 - first)
    np.testing.assert_array_equal(pixels_of("enhanced/x_2.png"), 255 - second)

    config = EnhanceConfig(("one/x.png", "two/x.png"), str(models / "invert.tflite"), "two")
    assert enhance.main(config) == 1
    assert "would overwrite a source" in capsys.readouterr().err
    np.testing.assert_array_equal(pixels_of("two/x.png"), second)


def test_ctrl_c_leaves_no_temporary_file(tmp_path, monkeypatch, models):
    photo(tmp_path / "a.jpg")

    def interrupted(self, path, *words, **options):
        path.write(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(Image.Image, "save", interrupted)
    config = EnhanceConfig(
        (str(tmp_path / "a.jpg"),), str(models / "invert.tflite"), str(tmp_path / "out")
    )
    with pytest.raises(KeyboardInterrupt):
        enhance.main(config)
    assert tree(tmp_path) == ["a.jpg"]


def test_models_by_name(tmp_path, monkeypatch):
    monkeypatch.setattr(shipped, "PRETRAINED", tmp_path)
    with pytest.raises(ModelFileError, match=r"has none; pass --model .*train\.py"):
        enhance.find_model("universal")
    for name in ("iphone_3gs.keras", "universal.json", "sony.keras"):
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(ModelFileError, match=r"universal: no such model; .* has iphone_3gs, sony;"):
        enhance.find_model("universal")
    assert enhance.find_model("sony").name == "sony.keras"
    assert enhance.find_model("iphone_3gs").name == "iphone_3gs.keras"
    (tmp_path / "iphone_3gs.tflite").write_bytes(b"")
    assert enhance.find_model("iphone_3gs").name == "iphone_3gs.tflite"
    with pytest.raises(ModelFileError, match="no such model"):
        enhance.find_model("../pretrained/sony")


def test_the_networks_that_ship_are_listed(tmp_path):
    done = run(tmp_path, "--list")
    assert done.returncode == 0 and done.stderr == ""
    head, *rows = done.stdout.split("\n\n")[0].splitlines()
    assert [row.split()[0] for row in rows] == list(shipped.SHIPPED)
    assert {head.index(word) for word in shipped_table.HEADINGS} == {
        0, *(place.end() for place in re.finditer(r" {2,}", head))
    }  # fmt: skip
    for row, (name, network) in zip(rows, shipped.SHIPPED.items(), strict=True):
        assert row.endswith(f"  {network.terms}") and f"  {shipped_table.score_of(name)}  " in row
        assert all(" ".join(phone) in row for phone in network.phones)
    assert list(tmp_path.iterdir()) == []


def test_auto_takes_the_network_of_the_photos_phone(tmp_path, monkeypatch, models):
    """Each photo of a folder gets its phone's network, and the line about the result says which."""
    for name in ("universal", "iphone_3gs"):
        model = "invert" if name == "universal" else "same"
        for suffix in (".tflite", ".json"):
            shutil.copy(models / f"{model}{suffix}", tmp_path / f"{name}{suffix}")
    monkeypatch.setattr(shipped, "PRETRAINED", tmp_path)
    monkeypatch.chdir(tmp_path)
    pixels = {name: photo(Path("shots") / name) for name in ("a.png", "b.png", "c.png")}
    phones = {"a.png": ("Apple", "iPhone 3GS"), "b.png": ("Apple", "iPhone 12")}
    for name, (make, model) in phones.items():
        exif = Image.Exif()
        exif[0x010F], exif[0x0110] = make, model
        Image.fromarray(pixels[name]).save(Path("shots") / name, exif=exif)
    out = io.StringIO()
    for _ in range(2):
        with contextlib.redirect_stdout(out):
            assert enhance.main(EnhanceConfig(("shots",))) == 0
    lines = out.getvalue().splitlines()
    assert [(Path(line.split("  ")[0]).name, line.split("  ")[-1]) for line in lines[:3]] == [
        ("a.png", "iphone_3gs (iPhone 3GS → Canon 70D)"),
        ("b.png", "universal (Any phone)"),
        ("c.png", "universal (Any phone)"),
    ]
    assert lines[3].startswith("3 photos, 0.0 megapixels, ")
    assert lines[4:] == ["3 photos are enhanced already; --redo does it again"]
    for name, before in pixels.items():
        expected = before if name == "a.png" else 255 - before
        np.testing.assert_array_equal(pixels_of(tmp_path / "enhanced" / name), expected)
        np.testing.assert_array_equal(enhance.enhance(Path("shots") / name), expected)


def test_one_click_enhances_without_a_network(tmp_path):
    before = photo(tmp_path / "a.png", 64, 96)
    done = run(tmp_path, "a.png", "--model", "one_click")
    assert (done.returncode, done.stderr) == (0, "")
    np.testing.assert_array_equal(pixels_of(tmp_path / "enhanced/a.png"), enhance_one_click(before))


def test_up_to_date_results_are_skipped(tmp_path, models):
    before = photo(tmp_path / "a.png")
    arguments = ("a.png", "--model", models / "invert.tflite")
    assert run(tmp_path, *arguments).stdout.startswith("enhanced/a.png  30×20")
    assert run(tmp_path, *arguments).stdout == (
        "1 photo is enhanced already; --redo does it again\n"
    )
    for changed in (("--redo",), ("--strength", "0.5"), ("--drop_gps",)):
        assert run(tmp_path, *arguments, *changed).stdout.startswith("enhanced/a.png"), changed
    np.testing.assert_array_equal(pixels_of(tmp_path / "enhanced/a.png"), 255 - before)


def test_in_place_enhances_once(tmp_path, models):
    before = photo(tmp_path / "deep/a.png")
    (tmp_path / "deep/link.png").symlink_to("a.png")
    arguments = (".", "--recursive", "--in_place", "--compare", "--model", models / "invert.tflite")
    for _ in range(2):
        done = run(tmp_path, *arguments)
        assert (done.returncode, done.stderr) == (0, "")
        np.testing.assert_array_equal(pixels_of(tmp_path / "deep/a.png"), 255 - before)
    assert "enhanced already" in done.stdout
    assert tree(tmp_path) == [
        f"deep/{name}" for name in (RECORD, "a.png", "a_compare.jpg", "link.png")
    ]
    assert (tmp_path / "deep/link.png").is_symlink()


def test_folders_are_mirrored_and_compared_with_their_sources(tmp_path, models):
    before = photo(tmp_path / "shoot/one/a.png", height=64, width=64)
    photo(tmp_path / "shoot/two/a.png", seed=1)
    arguments = ("shoot", "--recursive", "--compare", "--strength", "0.5")
    done = run(tmp_path, *arguments, "--model", models / "invert.tflite")
    assert (done.returncode, done.stderr) == (0, "")
    expected = [RECORD, "one/a.png", "one/a_compare.jpg", "two/a.png", "two/a_compare.jpg"]
    assert tree(tmp_path / "enhanced") == expected
    assert np.ptp(pixels_of(tmp_path / "enhanced/one/a.png")) <= 1  # halfway to the inverse
    sheet = pixels_of(tmp_path / "enhanced/one/a_compare.jpg").astype(int)
    assert sheet.shape == (64, 64 + 2 + 64, 3)
    assert np.abs(sheet[:, :60] - before[:, :60]).mean() < 20
    assert np.abs(sheet[:, 70:] - 127).mean() < 5


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--strength", "1.5"), "--strength 1.5: must be from 0 to 1"),
        (("--max_memory", "0"), "--max_memory 0.0: must be more than 0 GB"),
        (("--workers", "-1"), "--workers -1: must be from 0 to 64"),
        (("--max_memory", "0.01"), "30×20 pixels take 0.12 GB of memory; --max_memory allows 0.01"),
    ],
)
def test_numbers_out_of_range_end_in_one_line(tmp_path, models, arguments, reason):
    photo(tmp_path / "a.png")
    done = run(tmp_path, "a.png", "--model", models / "invert.tflite", *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert reason in done.stderr and done.stderr.count("\n") == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_keeps_what_is_done(tmp_path, models, number):
    for index in range(40):
        photo(tmp_path / f"photos/{index:02}.png", height=600, width=800)
    words = [sys.executable, ROOT / "enhance.py", "photos", "--model", models / "invert.tflite"]
    process = subprocess.Popen(
        words, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    )
    process.stdout.readline()
    process.send_signal(number)
    _, complaint = process.communicate(timeout=30)
    assert (process.returncode, complaint) == (128 + number, "enhance.py: interrupted\n")
    done = tree(tmp_path / "enhanced")
    assert 2 <= len(done) < 40 and done[0] == RECORD
    for name in done[1:]:
        assert pixels_of(tmp_path / "enhanced" / name).shape == (600, 800, 3)


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_names_that_no_terminal_shows_are_escaped(tmp_path, models, encoding):
    names = "two\nlines.png", "esc\x1b[2J.png", os.fsdecode(b"no\xffutf8.png"), "naïve.png"
    for name in names:
        photo(tmp_path / name)
    (tmp_path / "bad\nfile.png").write_bytes(b"")
    words = [sys.executable, ROOT / "enhance.py", ".", "--model", models / "invert.tflite"]
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, env=environment)
    assert done.returncode == 1 and done.stderr.count(b"\n") == 1
    assert done.stdout.count(b"\n") == len(names) + 1 and b"\x1b" not in done.stdout
    assert b"bad\\nfile.png" in done.stderr
    assert all((tmp_path / "enhanced" / name).exists() for name in names)


def test_one_call_from_python(tmp_path, models, monkeypatch):
    model = models / "invert.tflite"
    before = photo(tmp_path / "a.png")
    np.testing.assert_array_equal(enhance.enhance(tmp_path / "a.png", model), 255 - before)
    wide = before.astype(np.uint16) * 257
    result = enhance.enhance(wide, str(model))
    assert result.dtype == np.uint16
    np.testing.assert_array_equal(result, 65535 - wide)
    np.testing.assert_array_equal(wide, before.astype(np.uint16) * 257)
    monkeypatch.setattr(enhance, "load_engine", None)  # the engine is loaded already
    np.testing.assert_array_equal(enhance.enhance(before, model, strength=0), before)
    Image.fromarray(before[..., 0]).save(tmp_path / "gray.png")
    gray = enhance.enhance(tmp_path / "gray.png", model)
    np.testing.assert_array_equal(gray, 255 - before[..., [0, 0, 0]])
    with pytest.raises(TypeError, match="uint8 or uint16"):
        enhance.enhance(before / 255, model)
    with pytest.raises(ValueError, match="no pixels"):
        enhance.enhance(np.zeros((0, 5, 3), np.uint8))


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1), (2, 3)])
@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".webp", ".bmp"])
def test_photos_of_one_pixel_and_of_extreme_shapes(tmp_path, models, size, suffix):
    pixels = np.full((*size, 3), 100, np.uint8)
    Image.fromarray(pixels).save(tmp_path / f"a{suffix}")
    config = EnhanceConfig(
        (str(tmp_path / f"a{suffix}"),),
        str(models / "invert.tflite"),
        str(tmp_path / "o"),
        compare=True,
    )
    assert enhance.main(config) == 0
    result = pixels_of(tmp_path / "o" / f"a{suffix}").astype(int)
    assert result.shape == (*size, 3) and np.abs(result - 155).max() <= 3


def test_ctrl_c_while_libraries_load(tmp_path):
    photo(tmp_path / "a.png")
    words = [sys.executable, "-v", ROOT / "enhance.py", "a.png", "--model", "none.tflite"]
    with subprocess.Popen(words, cwd=tmp_path, stderr=subprocess.PIPE, encoding="utf-8") as process:
        while "import 'numpy" not in process.stderr.readline():  # -v tells of each import
            pass
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "enhance.py: interrupted" in errors and "Traceback" not in errors


@pytest.mark.parametrize("exact", [False, True])
def test_exact_and_the_memory_reach_the_network(tmp_path, models, monkeypatch, exact):
    seen = []

    def spied(engine, image, max_memory, exact, **how):
        seen.append((exact, max_memory))
        return image

    monkeypatch.setattr("photos.batches.enhance_photo.enhance_image", spied)
    photo(tmp_path / "a.png")
    config = EnhanceConfig(
        (str(tmp_path / "a.png"),),
        str(models / "invert.tflite"),
        str(tmp_path / "o"),
        exact=exact,
        max_memory=0.5,
    )
    assert enhance.main(config) == 0
    [(was_exact, room)] = seen
    assert was_exact == exact and 0.4e9 < room < 0.5e9
