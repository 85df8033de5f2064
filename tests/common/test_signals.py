"""Every command ends in one line and leaves nothing half-written, whichever signal ends it."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from common import signals
from common.folder_lock import FolderInUseError, claimed, locked
from common.signals import ENDING, Stopped, exit_status, signals_raised

ROOT = Path(signals.__file__).resolve().parents[1]
SCRIPT = """
    import dataclasses, sys, time
    from pathlib import Path
    from common import command_line
    from common.atomic_files import new_folder, replacing

    @dataclasses.dataclass(frozen=True)
    class Config:
        pass

    def main(config):
        with replacing("a.txt") as file, new_folder("folder") as folder:
            file.write_text("half")
            (folder / "file").write_text("half")
            try:
                print("writing", flush=True)
                time.sleep(60)
            finally:
                print("cleaning", flush=True)
                time.sleep(0.5)

    command_line.run(main, Config, "A script.", prog="script")
"""


def started(folder, *wrapper):
    (folder / "script.py").write_text(textwrap.dedent(SCRIPT))
    process = subprocess.Popen(
        [*wrapper, sys.executable, "script.py"],
        cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None and process.stdout.readline() == "writing\n"
    return process


@pytest.mark.parametrize("number", ENDING)
@pytest.mark.parametrize("again", [False, True])
def test_a_signal_ends_a_command_cleanly(tmp_path, number, again):
    process = started(tmp_path)
    process.send_signal(number)
    if again:  # while the command cleans up
        assert process.stdout.readline() == "cleaning\n"
        process.send_signal(number)
    _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (128 + number, "script: interrupted\n")
    assert [path.name for path in tmp_path.iterdir()] == ["script.py"]


def test_a_signal_that_is_ignored_from_the_start_stays_ignored(tmp_path):
    ignoring = "import os, signal, sys; signal.signal(signal.SIGHUP, signal.SIG_IGN); " \
        "os.execv(sys.argv[1], sys.argv[1:])"  # fmt: skip
    process = started(tmp_path, sys.executable, "-c", ignoring)
    process.send_signal(signal.SIGHUP)  # as nohup arranges it
    time.sleep(0.3)
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == 128 + signal.SIGTERM


def test_handlers_are_put_back():
    before = [signal.getsignal(number) for number in ENDING]
    with pytest.raises(Stopped) as found, signals_raised():
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(1)
    assert exit_status(found.value) == 143 and exit_status(KeyboardInterrupt()) == 130
    assert [signal.getsignal(number) for number in ENDING] == before


def test_a_folder_is_for_one_process_and_free_when_that_is_killed(tmp_path):
    script = "import sys, time; from common.folder_lock import locked\n"
    script += "with locked(sys.argv[1]):\n    print(1, flush=True)\n    time.sleep(60)"
    process = subprocess.Popen(
        [sys.executable, "-c", script, tmp_path], cwd=ROOT, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.readline()
    for lock in (locked, claimed):
        with pytest.raises(FolderInUseError, match="another run uses this folder"), lock(tmp_path):
            pass
    process.kill()
    process.wait()
    with locked(tmp_path, wait=True):
        pass


def test_a_claim_leaves_no_empty_folder(tmp_path):
    with claimed(tmp_path / "a" / "b"):
        assert (tmp_path / "a" / "b").is_dir()
    assert not (tmp_path / "a").exists()
    with claimed(tmp_path / "a" / "b"):
        (tmp_path / "a" / "b" / "file").touch()
    assert (tmp_path / "a" / "b" / "file").exists()
