"""A database with flipped bits gives a report or one line, never a traceback."""

import random
import shutil
import sqlite3

import pytest
from fake_study import make_study

from study.__main__ import main
from study.design import read_study
from study.store import Store, sqlite_url
from study.visit import undo, vote


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = make_study(tmp_path_factory.mktemp("damage"), repeats=2)
    study = read_study(made)
    store = Store(sqlite_url(made), study.id)
    for number in range(6):
        store.join(f"v{number}")
        for step in range(8):
            assert vote(study, store, f"v{number}", step, "left" if step % 3 else "right")[1]
        undo(study, store, f"v{number}", 8)
    store.close()
    return made


def said(capsys, folder):
    """Run `report`; return its exit status and its lines on stderr."""
    try:
        main(["report", str(folder)])
    except SystemExit as stopped:
        return int(stopped.code or 0), capsys.readouterr().err.splitlines()
    return 0, capsys.readouterr().err.splitlines()


def test_flipped_bits(folder, capsys, monkeypatch):
    monkeypatch.setattr("study.report_votes.write_report", lambda *_: None)
    path, rng, found = folder / "votes.sqlite", random.Random(0), {0: 0, 1: 0}
    intact = path.read_bytes()
    try:
        for _ in range(60):
            damaged = bytearray(intact)
            for _ in range(rng.choice([1, 1, 3, 20])):
                place = rng.randrange(200 if rng.random() < 0.2 else len(damaged))
                damaged[place] ^= 1 << rng.randrange(8)
            path.write_bytes(damaged)
            code, lines = said(capsys, folder)
            found[code] += 1
            assert len(lines) == 1 if code else len(lines) <= 1
            assert all("votes.sqlite" in line for line in lines)
    finally:
        path.write_bytes(intact)
    assert min(found.values()) > 8


@pytest.mark.parametrize(
    ("change", "culprit"),
    [
        ("update steps set action = 'vole' where step = 3", "step 3 is no answer"),
        ("update steps set side = 'up' where step = 3", "step 3 is no answer"),
        ("update steps set \"left\" = \"right\" where step = 3", "step 3 is no answer"),
        ("update steps set action = 'undo' where step = 0", "takes back"),
        ("update steps set step = 70 where step = 7", "step 7 is missing"),
        ("update steps set at_ms = 'then' where step = 1", "step 1 has a wrong number"),
        ("update steps set at_ms = 1 << 60 where step = 1", "step 1 has a wrong number"),
        ("update steps set scene = x'00ff' where step = 1", "step 1 has a value of a wrong type"),
        ("update steps set position = 'x' where step = 1", "step 1 has a wrong number"),
        ("drop table steps", "no votes"),
        ("update participants set number = 'a' where number = 1", "'a' is no number"),
        ("update participants set number = -1 where number = 1", "'-1' is no number"),
        ("update participants set number = 1 << 40 where number = 1", "is no number"),
    ],
)  # fmt: skip
def test_wrong_values(folder, capsys, tmp_path, change, culprit):
    copy = shutil.copytree(folder, tmp_path / "copy")
    with sqlite3.connect(copy / "votes.sqlite") as database:
        database.execute("pragma foreign_keys=off")
        database.execute(change)
    database.close()
    code, lines = said(capsys, copy)
    assert code == 1 and len(lines) == 1 and culprit in lines[0]


def test_answers_about_other_photos_are_counted_and_left_out(folder, capsys, tmp_path):
    copy = shutil.copytree(folder, tmp_path / "copy")
    with sqlite3.connect(copy / "votes.sqlite") as database:
        database.execute("update steps set \"left\" = 'dslq' where step = 2")
    database.close()
    code, lines = said(capsys, copy)
    assert code == 0 and "6 answers about photos that are not part of the study" in lines[0]
