"""A command says in one line what its Python lacks, and what to do."""

import ast
import configparser
import importlib.metadata
import re
import subprocess
import sys
from pathlib import Path

import pytest

from common import environment

ROOT = Path(environment.__file__).resolve().parents[1]
# Packages that an environment for JAX does not have; see the Makefile.
NOT_FOR_JAX = {"tensorflow", "ai-edge-litert", "litert-quantizer"}


def commands():
    """The files that a user can start."""
    packages = ROOT.glob("*/*.py")
    files = [
        path
        for path in (*ROOT.glob("*.py"), *packages)
        if path.parent.name not in ("common", "tests")
    ]
    found = [path for path in sorted(files) if "command_line.run(" in path.read_text()]
    return [path.relative_to(ROOT) for path in found]


def words(command):
    """The words that start a command."""
    if command.parent == Path() or command.name == "to_tflite.py":
        return [str(command)]
    return ["-m", ".".join(command.with_suffix("").parts).removesuffix(".__main__")]


def bare(*words, cwd=ROOT):
    """Run this Python without any installed package."""
    return subprocess.run(
        [sys.executable, "-S", "-E", *words], cwd=cwd, capture_output=True, text=True
    )


@pytest.mark.parametrize("command", commands(), ids=str)
def test_every_command_runs_bare_and_says_what_is_missing(command):
    done = bare(*words(command), "--help")
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.count("\n") == 1 and "error:" in done.stderr
    assert "lacks absl and 13 more" in done.stderr and ".venv" in done.stderr
    name = done.stderr.split(": error:")[0]
    assert name in (command.name, f"python {' '.join(words(command))}")


def test_the_commands_are_found():
    found = {str(path) for path in commands()}
    expected = {"train.py", "align/__main__.py", "export/to_tflite.py", "benchmarks/align.py"}
    assert expected <= found and len(found) > 30


@pytest.mark.parametrize("command", commands(), ids=str)
def test_an_old_python_can_read_every_command(command):
    ast.parse((ROOT / command).read_text(), feature_version=(3, 8))
    package = ROOT / command.parent / "__init__.py"
    if command.parent != Path() and package.exists():
        ast.parse(package.read_text(), feature_version=(3, 8))


def test_an_old_python_can_read_the_check():
    ast.parse(Path(environment.__file__).read_text(), feature_version=(3, 6))


def test_the_check_knows_every_required_package():
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    required = re.findall(r"^([\w-]+)", setup["options"]["install_requires"], re.MULTILINE)
    modules = importlib.metadata.packages_distributions()
    known = {name for module in environment.REQUIRED for name in modules[module]}
    assert {canonical(name) for name in known} >= {
        canonical(name) for name in set(required) - NOT_FOR_JAX
    }


def canonical(name):
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.fixture
def message(monkeypatch, tmp_path, capsys):
    """Return a function that checks an environment and returns the message, "" if all is well."""
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    monkeypatch.chdir(tmp_path)

    def check(version=(3, 12), missing=(), prefix="/usr"):
        monkeypatch.setattr(sys, "version_info", (*version, 0))
        monkeypatch.setattr(sys, "prefix", str(prefix))
        real = environment.importlib.util.find_spec
        with monkeypatch.context() as patch:
            patch.setattr(
                environment.importlib.util,
                "find_spec",
                lambda name: None if name in missing else real(name),
            )
            try:
                environment.check_environment()
            except SystemExit as end:
                return str(end.code)
        return ""

    return check


def test_each_environment_gets_the_command_that_helps(message, tmp_path, monkeypatch):
    assert message() == "" and message((3, 14)) == ""
    install = "python3 -m venv .venv && . .venv/bin/activate && pip install -c constraints.txt -e ."
    assert message(missing=["cv2"]).endswith(f"lacks cv2; install the project once: {install}")
    old = "this is Python 3.9, and the project needs Python 3.11 to 3.13; install the project once:"
    assert f"{old} python3.11 -m venv" in message((3, 9))
    assert "this is Python 3.14" in message((3, 14), missing=["keras"])
    (tmp_path / ".venv").mkdir()
    for broken in (message((3, 9)), message(missing=["keras", "numpy"])):
        assert broken.endswith("activate the environment first: . .venv/bin/activate")
    inside = message(missing=["keras"], prefix=tmp_path / ".venv")
    assert inside.endswith("install the packages: pip install -c constraints.txt -e .")
    monkeypatch.chdir("/")
    assert f"cd {tmp_path} && . .venv/bin/activate" in message((3, 9))
