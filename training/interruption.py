"""Signals that end a run between two steps instead of inside a step."""

import signal


class Interruption:
    """A block in which SIGINT and SIGTERM set `received` and let the current step finish."""

    def __enter__(self):
        self.received = 0
        self._earlier = {
            number: signal.signal(number, self._note) for number in (signal.SIGINT, signal.SIGTERM)
        }
        return self

    def _note(self, number, _frame):
        self.received = number

    def __exit__(self, *_):
        for number, handler in self._earlier.items():
            signal.signal(number, handler)
