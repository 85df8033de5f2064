"""Long work shows that it goes on."""

import io
import os
import re
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from common import long_work
from common.backend import native_output_hidden
from common.long_work import Bar, counted, in_words, rate, say, saying_that_work_goes_on, waiting

ROOT = Path(long_work.__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def often(monkeypatch):
    """Speak every fifth of a second, so that a test need not wait."""
    monkeypatch.setattr(long_work, "SAY_EVERY", 0.2)
    monkeypatch.setattr(long_work, "_TICK", 0.02)


class Terminal(io.StringIO):
    """A stderr that says that it is a terminal."""

    def isatty(self):
        return True


def test_counted_work_says_the_rate_and_the_time_left(capsys):
    seen = []
    for number in counted(range(10), "packing canon", "file"):
        seen.append(number)
        time.sleep(0.06)
    assert seen == list(range(10))
    lines = capsys.readouterr().out.splitlines()
    assert 1 <= len(lines) <= 4
    pattern = r"packing canon: (\d+) of 10 files, [\d.]+ files/s, \d s left"
    counts = [int(re.fullmatch(pattern, line)[1]) for line in lines]
    assert counts == sorted(set(counts)) and 0 < counts[0] < 10


def test_quick_work_prints_nothing(capsys):
    assert list(counted([1, 2], "work", "step")) == [1, 2]
    with waiting("for nothing"):
        pass
    assert capsys.readouterr() == ("", "")


def test_the_innermost_work_speaks_and_nobody_afterwards(capsys):
    with saying_that_work_goes_on("command"), Bar("outer", 5):
        with waiting("inner"):
            time.sleep(0.3)
        assert re.fullmatch(r"inner: \d s so far\n", capsys.readouterr().out)
        time.sleep(0.3)
        assert re.match(r"outer: 0 of 5 steps, \d s so far\n", capsys.readouterr().out)
    time.sleep(0.3)
    assert capsys.readouterr().out == ""


def test_a_printed_line_counts(capsys):
    with Bar("work", 5):
        for _ in range(6):
            time.sleep(0.1)
            say("a line")
    assert capsys.readouterr().out == "a line\n" * 6


def test_a_part_of_a_step_is_a_share(capsys):
    with Bar("a.jpg", 4, "photo") as bar:
        bar.move_to(0.5)
        time.sleep(0.3)
    assert re.match(r"a\.jpg: 12% of 4 photos, .*, \d+ s left", capsys.readouterr().out)


def test_what_earlier_runs_did_is_no_part_of_the_rate():
    bar = Bar("work", 100, done=90)
    bar._started -= 10
    assert bar.line() == "work: 90 of 100 steps, 10 s so far"
    bar.update(5)
    assert bar.line() == "work: 95 of 100 steps, 2.0 s a step, 10 s left"
    bar.restart_clock()
    assert bar.line() == "work: 95 of 100 steps, 0 s so far"


def test_a_terminal_has_a_bar_and_no_lines(monkeypatch, capsys):
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    with saying_that_work_goes_on("command"):
        for _ in counted(range(3), "packing", "file"):
            time.sleep(0.3)
        with waiting("for a network"):
            time.sleep(1.5)
    assert capsys.readouterr().out == ""
    shown = screen.getvalue()
    assert "packing: 100%" in shown and "file/s" in shown
    assert "for a network: 00:01" in shown


def test_times_and_rates_in_words():
    assert [in_words(s) for s in (0.2, 99, 100, 3600, 7500)] == [
        *("0 s", "99 s", "2 min", "60 min", "2 h 5 min"),
    ]
    assert [rate(r, "pair") for r in (1234.5, 1.5, 0.5, 0.05)] == [
        *("1,234 pairs/s", "1.5 pairs/s", "2.0 s a pair", "20 s a pair"),
    ]


def test_the_lines_pass_a_block_that_hides_output(capfd):
    with waiting("for a library"), native_output_hidden():
        os.write(1, b"a library speaks\n")
        time.sleep(0.4)
    out = capfd.readouterr().out
    assert "for a library: 0 s so far\n" in out and "speaks" not in out


def test_a_silent_command_says_that_it_works(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent(
            f"""
            import dataclasses, sys, time
            sys.path.insert(0, {str(ROOT)!r})
            from common import command_line, long_work

            long_work.SAY_EVERY = 0.5

            @dataclasses.dataclass(frozen=True)
            class Config:
                serves: bool = command_line.option(False)

            serves = "--serves" in sys.argv
            main = lambda config: time.sleep(1.5)
            command_line.run(main, Config, "A script.", serves=serves)
            """
        )
    )
    spoken = subprocess.run([sys.executable, script], capture_output=True, text=True)
    assert re.match(r"script\.py: \d s so far\n", spoken.stdout) and spoken.stderr == ""
    silent = subprocess.run([sys.executable, script, "--serves"], capture_output=True, text=True)
    assert (silent.stdout, silent.stderr) == ("", "")
