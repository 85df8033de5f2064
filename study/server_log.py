"""The lines that the server writes on stderr, each at most once a minute."""

import logging
import time

LOGGER = logging.getLogger("uvicorn.error")  # uvicorn writes its lines, warnings too, on stderr
QUIET_SECONDS = 60
MOST_LINES = 1000  # different lines that are remembered


class OncePerMinute(logging.Filter):
    """A filter that drops a record whose text and error were logged within `QUIET_SECONDS`.

    A fault that meets every request would otherwise fill the disk with its lines.
    """

    def __init__(self):
        super().__init__()
        self._logged: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether to log the record."""
        error = record.exc_info[1] if record.exc_info else None
        text, now = f"{record.getMessage()} {error!r}"[:500], time.monotonic()
        if now - self._logged.get(text, -QUIET_SECONDS) < QUIET_SECONDS:
            return False
        if len(self._logged) >= MOST_LINES:
            self._logged.clear()
        self._logged[text] = now
        return True


def warn(text: str) -> None:
    """Write a line on stderr.

    Args:
        text: what is wrong. Line breaks become spaces.
    """
    LOGGER.error(" ".join(text.split()))
