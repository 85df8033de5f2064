"""`python -m study …` from a shell: every mistake gives one line and no traceback."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest
from fake_study import make_study

from study.__main__ import main
from study.design import read_study
from study.store import Store, sqlite_url

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_study(tmp_path_factory.mktemp("commands"))


def run(*words):
    return subprocess.run(
        [sys.executable, "-m", "study", *map(str, words)],
        cwd=ROOT, capture_output=True, text=True, timeout=60,
    )  # fmt: skip


def stopped(capsys, *words):
    """Run a failing command in this process and return its error message."""
    with pytest.raises(SystemExit) as raised:
        main([str(word) for word in words])
    said = capsys.readouterr()
    assert raised.value.code in (1, 2) and said.out == ""
    assert len(said.err.splitlines()) == 1
    return said.err


def test_help_names_the_commands(capsys):
    with pytest.raises(SystemExit) as raised:
        main(["--help"])
    said = capsys.readouterr().out
    assert raised.value.code == 0
    assert all(name in said for name in ("prepare", "serve", "report", "simulate"))


def test_prepare_from_a_shell(tmp_path, capsys):
    make_study(tmp_path)
    words = [f"--class={kind}={tmp_path / kind}" for kind in ("phone", "dslr")]
    done = run("prepare", *words, "--out", tmp_path / "mine", "--repeats", "1")
    assert done.returncode == 0, done.stderr
    assert "3 questions and 1 repeat: 3 photos of 1 phone, 1 pair of 2 classes" in done.stdout
    assert "no votes yet" in stopped(capsys, "report", tmp_path / "mine")


@pytest.mark.parametrize(
    ("words", "culprit"),
    [
        ([], "no command given"),
        (["sevre"], "'sevre'"),
        (["prepare"], "--out"),
        (["prepare", "--out", "{}/new"], "two classes"),
        (["prepare", "--out", "{}", "--class", "a=b"], "exists"),
        (["prepare", "--out", "{}/new", "--class", "a=/nowhere", "--class", "b=/nowhere"],
         "no such folder"),
        (["prepare", "--out", "{}/new", "--repeats", "-2"], "--repeats"),
        (["serve"], "study"),
        (["serve", "/nowhere"], "prepare"),
        (["serve", "{}", "--port", "70000"], "--port"),
        (["serve", "{}", "--host", "256.0.0.1"], "cannot listen"),
        (["serve", "{}", "--port", "0", "--database", "nonsense"], "URL"),
        (["serve", "{}", "--port", "0", "--database", "sqlite:////nowhere/at/all.sqlite"],
         "unable to open"),
        (["serve", "{}", "--port", "0", "--database", "oracle+nothing://x/y"], "oracle"),
        (["report", "{}"], "no votes yet"),
        (["report", "{}", "--margin", "0.7"], "--margin"),
        (["report", "/nowhere"], "prepare"),
        (["simulate", "--out", "{}"], "exists"),
        (["simulate", "--out", "{}/new", "--participants", "1"], "--participants"),
        (["simulate", "--out", "{}/new", "--participants", "4294967295"], "--participants"),
        (["simulate", "--out", "{}/new", "--seed", "-1"], "--seed"),
    ],
)  # fmt: skip
def test_mistakes_end_in_one_line(folder, capsys, words, culprit):
    before = sorted(folder.iterdir())
    assert culprit in stopped(capsys, *(word.format(folder) for word in words))
    assert sorted(folder.iterdir()) == before


def test_a_port_in_use_is_named(folder, capsys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert f"port {port}" in stopped(capsys, "serve", folder, "--port", port)


def test_a_lost_secret_is_named(tmp_path, capsys):
    folder = make_study(tmp_path)
    (folder / "secret.key").write_text("short")
    assert "secret.key" in stopped(capsys, "serve", folder)


def test_an_unknown_role_is_named(tmp_path, capsys):
    folder = make_study(tmp_path)
    study = read_study(folder)
    Store(sqlite_url(folder), study.id).close()
    assert "no such class" in stopped(capsys, "report", folder, "--dslr", "canon")
    assert not (folder / "report").exists()


def test_a_missing_extra_is_named(folder):
    """The project is installed without the extra `study`."""
    code = (
        "import sys; sys.modules['uvicorn'] = None\n"
        f"from study.__main__ import main; main(['serve', {str(folder)!r}])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1
    assert "uvicorn" in done.stderr and "[study]" in done.stderr
