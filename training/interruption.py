"""Signals that end a run between two steps instead of inside a step."""

import signal

from common.signals import ENDING


class Interruption:
    """A block in which the signals that end a program let the current step finish.

    A signal that the program was started to ignore stays ignored.

    Attributes:
        received: The number of the signal, or 0.
    """

    def __enter__(self):
        self.received = 0
        self._earlier = {
            number: signal.signal(number, self._note)
            for number in ENDING
            if signal.getsignal(number) != signal.SIG_IGN
        }
        return self

    def _note(self, number, _frame):
        self.received = number

    def __exit__(self, *_):
        for number, handler in self._earlier.items():
            signal.signal(number, handler)
