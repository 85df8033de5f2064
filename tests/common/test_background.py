"""The tests pass in the background too, where a shell ignores SIGINT (`nohup make test &`)."""

import signal
import subprocess
import sys
from pathlib import Path

SLEEP = "import time; print('started', flush=True); time.sleep(60)"


def test_commands_that_tests_start_obey_sigint():
    child = subprocess.Popen(
        [sys.executable, "-c", SLEEP], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert child.stdout is not None
    child.stdout.readline()
    child.send_signal(signal.SIGINT)
    _, errors = child.communicate(timeout=60)
    assert child.returncode != 0 and b"KeyboardInterrupt" in errors


def test_the_same_holds_where_the_shell_ignores_sigint():
    test = f"{Path(__file__).name}::{test_commands_that_tests_start_obey_sigint.__name__}"
    script = f"""
import os, signal
signal.signal(signal.SIGINT, signal.SIG_IGN)
os.execv({sys.executable!r}, [{sys.executable!r}, "-m", "pytest", "-q", {test!r}])
"""
    result = subprocess.run(
        [sys.executable, "-c", script],
        cwd=Path(__file__).parent, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert result.returncode == 0 and "1 passed" in result.stdout, result.stdout + result.stderr
