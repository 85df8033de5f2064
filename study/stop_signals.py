"""Signals that end the server, from its start until all files are closed."""

import signal
import threading
from collections.abc import Callable
from typing import Any, Self

SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")  # a system has some of these signals


class StopSignals:
    """A block in which a signal raises KeyboardInterrupt or, after `call`, calls a function.

    A signal that the process ignores stays ignored: `nohup` makes a process ignore SIGHUP. SIGINT
    is an exception, because a shell ignores SIGINT for each command in the background.
    """

    def __init__(self):
        self._called: Callable[[], None] | None = None
        self._earlier: dict[int, Any] = {}

    def call(self, function: Callable[[], None]) -> None:
        """Call `function` at each further signal of the block, and raise nothing."""
        self._called = function

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in (getattr(signal, name) for name in SIGNALS if hasattr(signal, name)):
                if number == signal.SIGINT or signal.getsignal(number) != signal.SIG_IGN:
                    self._earlier[number] = signal.signal(number, self._receive)
        return self

    def _receive(self, *_) -> None:
        if self._called is None:
            raise KeyboardInterrupt
        self._called()

    def __exit__(self, *_) -> None:
        for number, handler in self._earlier.items():
            signal.signal(number, handler)
