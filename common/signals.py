"""One way for every command to end when a signal asks for it."""

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator

ENDING = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)
AGAIN = 0.2  # seconds until a signal that was lost is raised again
PATIENCE = 5.0  # seconds for cleaning up, in which the same wish again changes nothing


class Stopped(KeyboardInterrupt):
    """A signal that ends the program.

    Attributes:
        number: The number of the signal.
    """

    def __init__(self, number: int):
        super().__init__(signal.Signals(number).name)
        self.number = number


def exit_status(end: KeyboardInterrupt) -> int:
    """Return the exit status of a program that a signal ended: 128 and the signal's number."""
    return 128 + getattr(end, "number", signal.SIGINT)


def start_resource_tracker() -> None:
    """Start the helper process of `multiprocessing`, if it does not run, with SIGHUP ignored.

    A terminal that closes sends SIGHUP to all processes. The helper ignores SIGINT and SIGTERM
    only. If it dies, its successor prints tracebacks.
    """
    if not hasattr(signal, "SIGHUP") or threading.current_thread() is not threading.main_thread():
        return
    from multiprocessing import resource_tracker

    handler = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        resource_tracker.ensure_running()
    finally:
        signal.signal(signal.SIGHUP, handler)


@contextlib.contextmanager
def signals_blocked() -> Iterator[None]:
    """Let signals that end the program wait until the end of the block.

    A process that the block starts begins with the signals blocked. So no signal ends the process
    while its libraries load, which would print a traceback. The process calls `unblock_signals`
    when it has handlers of its own.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def unblock_signals() -> None:
    """Let the signals arrive that `signals_blocked` blocked in the parent process."""
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)


@contextlib.contextmanager
def signals_raised() -> Iterator[None]:
    """Raise `Stopped` in the main thread where a signal asks the program to end.

    So every `finally` runs, and nothing half-written stays. A signal that the program was started
    to ignore (`nohup`) stays ignored. Python drops an exception in a finalizer or in a callback of
    the garbage collector, so a signal that arrives there is raised again.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    last = -PATIENCE

    def end(number, _frame):
        nonlocal last
        again, last = time.monotonic() - last < PATIENCE, time.monotonic()
        if not again:
            raise Stopped(number)

    def dropped(unraisable):
        nonlocal last
        if not isinstance(unraisable.exc_value, Stopped):
            hook(unraisable)
            return
        last = -PATIENCE
        again = threading.Timer(AGAIN, os.kill, (os.getpid(), unraisable.exc_value.number))
        again.daemon = True
        again.start()

    hook, sys.unraisablehook = sys.unraisablehook, dropped
    earlier = {
        number: signal.signal(number, end)
        for number in ENDING
        if signal.getsignal(number) != signal.SIG_IGN
    }
    try:
        yield
    finally:
        sys.unraisablehook = hook
        for number, handler in earlier.items():
            signal.signal(number, handler)
