"""Signals that end a run between two steps instead of in the middle of one."""

import signal


class Interruption:
    """While active, SIGINT and SIGTERM are noted in `received` and the current step finishes."""

    def __enter__(self):
        self.received = 0
        self.earlier = {
            number: signal.signal(number, self._note) for number in (signal.SIGINT, signal.SIGTERM)
        }
        return self

    def _note(self, number, _frame):
        self.received = number

    def __exit__(self, *_):
        for number, handler in self.earlier.items():
            signal.signal(number, handler)
