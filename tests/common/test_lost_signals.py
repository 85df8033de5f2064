"""Signals that arrive where Python would lose them, or print a traceback."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
IN_A_FINALIZER = """
import os, signal, sys, time
from common.signals import Stopped, signals_raised

class Closing:
    def __del__(self):
        os.kill(os.getpid(), int(sys.argv[1]))
        time.sleep(0.05)

try:
    with signals_raised():
        closing = Closing()
        del closing  # Python drops what the finalizer raises
        time.sleep(20)
except Stopped as end:
    print("stopped by", end.number)
"""


def start(*words):
    """Start a process in a group of its own, in which SIGINT is not ignored."""
    return subprocess.Popen(
        [sys.executable, *words],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_in_a_finalizer_is_not_lost(number):
    process = start("-c", IN_A_FINALIZER, str(int(number)))
    out, error = process.communicate(timeout=15)
    assert (out, error) == (f"stopped by {int(number)}\n", "")


COMMANDS = [["train.py"], ["evaluate.py"], ["enhance.py"], ["export/to_tflite.py"]]
COMMANDS += [["-m", name] for name in ("align", "training.universal", "data.free_photos")]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda words: words[-1])
def test_an_interrupt_while_libraries_load_is_one_line(command):
    process = start("-X", "importtime", *command)
    assert process.stderr is not None
    for line in process.stderr:
        if line.rstrip().endswith("common.environment"):
            break
    process.stderr.readline()  # the command has checked its environment, and loads libraries
    process.send_signal(signal.SIGINT)
    lines = [line for line in process.stderr if not line.startswith("import time:")]
    assert process.wait(timeout=60) == 128 + signal.SIGINT
    assert len(lines) == 1 and lines[0].endswith(": interrupted\n")


CHILDREN = """
import time
from align import run_jobs
from common.signals import Stopped, signals_raised

if __name__ == "__main__":
    try:
        with signals_raised(), run_jobs._processes(2) as pool:
            print("started", flush=True)
            time.sleep(20)
    except Stopped:
        print("stopped", flush=True)
"""


def test_an_interrupt_of_the_group_ends_starting_processes_in_silence(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(CHILDREN)
    process = start(script)
    assert process.stdout is not None and process.stdout.readline() == "started\n"
    time.sleep(0.3)  # the children import
    os.killpg(process.pid, signal.SIGINT)
    assert process.communicate(timeout=60) == ("stopped\n", "")
