"""The project understands every command of the guides, and the cheap commands run as printed."""

import ast
import configparser
import importlib
import re
import runpy
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import skimage.data
from guides import PAGES, ROOT, code_blocks, commands, name
from PIL import Image

from common import command_line

PAGES_WITH_COMMANDS = [page for page in PAGES if code_blocks(page, "sh")]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
# Folders of the project whose files ship; a page may name no other file in them.
SHIPPED = re.compile(r"(benchmarks|docs|export|models|tests)/[\w./-]+\.\w+")


class ParsedError(Exception):
    """Raised in place of the work, once the real parser has accepted the words."""


@pytest.fixture
def parse(monkeypatch):
    """The function that gives a command's words to the parser of the command, without the work."""

    def run(main, config_class, description, errors=(), prog=None, words=None, serves=False):
        parser = command_line.parser_for(config_class, description, prog)
        values = vars(parser.parse_args(sys.argv[1:] if words is None else words))
        config_class(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})
        raise ParsedError

    def parse(words):
        monkeypatch.setattr(command_line, "run", run)
        monkeypatch.setattr(signal, "signal", lambda *_: None)  # enhance.py's, for its imports
        with monkeypatch.context() as patch, pytest.raises(ParsedError):
            if words[0] == "-m":
                patch.setattr(sys, "argv", [words[1], *words[2:]])
                runpy.run_module(words[1], run_name="__main__", alter_sys=False)
            else:
                patch.setattr(sys, "argv", list(words))
                runpy.run_path(str(ROOT / words[0]), run_name="__main__")

    return parse


def is_ours(module):
    return (ROOT / module.split(".")[0]).is_dir() or (ROOT / f"{module}.py").is_file()


def check(command, parse):
    """Check that the project understands a command; raise AssertionError or SystemExit if not."""
    words = list(command.words)
    for part in (part for word in words for part in re.split("[=,]", word)):
        if SHIPPED.fullmatch(part):
            assert (ROOT / part).exists(), part
    match command.program, words:
        case (("python" | "python3"), ["-c", code]):
            check_imports(code)
        case (("python" | "python3"), ["-m", module, *_]) if not is_ours(module):
            assert module in {"venv", "pip", "pytest"}
        case (("python" | "python3"), ["-m", *_]) if "--help" not in words:
            parse(words)
        case (("python" | "python3"), [script, *_]) if script.endswith(".py"):
            assert (ROOT / command.folder / script).is_file()
            if not script.startswith("tests/"):  # scripts of the tests take no options
                parse(words)
        case "make", targets:
            for target in targets:
                assert "=" in target or re.search(rf"^{target}:", MAKEFILE, re.MULTILINE), target
        case "pip", ["install", *rest]:
            setup = configparser.ConfigParser()
            setup.read(ROOT / "setup.cfg", encoding="utf-8")
            for extra in re.findall(r"\.\[([\w,]+)\]", " ".join(rest)):
                assert set(extra.split(",")) <= set(setup["options.extras_require"])
        case "npm", ["--prefix", folder, *_]:
            assert (ROOT / folder / "package.json").is_file()


def check_imports(code):
    """Check that Python code compiles, and that every name that the code imports exists."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.ImportFrom) and node.module and is_ours(node.module):
            module = importlib.import_module(node.module)
            for alias in node.names:
                if not hasattr(module, alias.name):
                    importlib.import_module(f"{node.module}.{alias.name}")


@pytest.mark.parametrize("page", PAGES_WITH_COMMANDS, ids=name)
def test_commands_are_understood(page, tmp_path, parse):
    for command in commands(page, tmp_path):
        try:
            check(command, parse)
        except (AssertionError, SystemExit, ImportError, ValueError) as error:
            pytest.fail(f"{name(page)}: {command}: {error}")


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_python_code_imports_what_exists(page):
    for code in code_blocks(page, "python"):
        check_imports(code)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_commands_within_sentences_exist(page):
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"`make ([a-z-]+)", text):
        assert re.search(rf"^{target}:", MAKEFILE, re.MULTILINE), target
    if page.name == "CHANGELOG.md":  # names commands of earlier versions
        return
    for module in re.findall(r"`python -m ([\w.]+)", text):
        if is_ours(module):
            file = ROOT / module.replace(".", "/")
            assert file.with_suffix(".py").is_file() or (file / "__main__.py").is_file(), module
    for script in re.findall(r"`python ([\w/]+\.py)", text):
        assert (ROOT / script).is_file(), script


# --- Commands that run --------------------------------------------------------------------------


@pytest.fixture
def clone(tmp_path):
    """A fresh clone as the README's reader has one, with a photo.jpg."""
    folder = tmp_path / "clone"
    folder.mkdir()
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=False,
    )  # fmt: skip
    if listed.returncode:
        pytest.skip("the tests are not in a git repository")
    for path in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / path).is_file() and not path.startswith(("tests/", "android/", "docs/")):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / path, folder / path)
    Image.fromarray(skimage.data.coffee()).save(folder / "photo.jpg")
    return folder


def run_as_printed(command, clone):
    words = [sys.executable, *command.words]
    result = subprocess.run(
        words, cwd=clone / command.folder, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, f"{command}\n{result.stdout}\n{result.stderr}"


def readme_commands(tmp_path, *starts):
    """The README's Python commands whose first word is one of `starts`, in their order."""
    folder = tmp_path / "reading"
    folder.mkdir()
    found = [c for c in commands(ROOT / "README.md", folder) if c.program == "python"]
    return [c for c in found if any(start in c.words[:2] for start in starts)]


def test_enhancing_a_photo_runs_as_printed(tmp_path, clone):
    first = readme_commands(tmp_path, "enhance.py")[0]
    run_as_printed(first, clone)
    assert Path(clone / "enhanced/photo.jpg").is_file()


@pytest.mark.slow
def test_the_way_to_a_network_for_ones_own_phone_runs_as_printed(tmp_path, clone):
    way = readme_commands(
        tmp_path,
        *("simulation.simulate_photos", "align", "train.py", "evaluate.py"),
        *("export/to_tflite.py", "enhance.py"),
    )
    for command in way:
        if "--demos" not in command.words:
            run_as_printed(command, clone)
    assert (clone / "exported/mine_fp16_256.tflite").is_file()
