"""Long work that shows that it goes on: a bar on a terminal, elsewhere a line every few seconds.

Work that can be counted has a `Bar` with the rate and the time left. Work that cannot be counted
stands in a `waiting` block. Elsewhere than on a terminal, one thread prints a line about the
innermost work whenever no line was printed for `SAY_EVERY` seconds.
"""

import contextlib
import os
import shutil
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from typing import Any, Self, TypeVar

from tqdm import tqdm

from common.plural import plural, plural_of

SAY_EVERY = 10.0  # seconds between two lines where there is no terminal
_TICK = 0.5  # seconds
_UNCOUNTED = "{desc}: {elapsed}"

Item = TypeVar("Item")


class Bar:
    """The progress of work that is counted, or not counted where `total` is None.

    A bar is a context manager. Bars may be nested; the innermost bar speaks.

    Args:
        what: What is done, for the beginning of the line.
        total: The number of steps in all.
        unit: The noun for one step.
        done: The steps that an earlier run has done.
        leave: Whether a finished bar stays on the terminal.
        look: The `bar_format` of tqdm; None for the usual one.
    """

    def __init__(
        self,
        what: str,
        total: int | None = None,
        unit: str = "step",
        done: float = 0,
        leave: bool = True,
        look: str | None = None,
    ):
        self.what, self.total, self.unit = what, total, unit
        self.done = self._first = done
        self._started = time.monotonic()
        if total is None:
            look = _UNCOUNTED
        # None: the bar is shown on a terminal only.
        self._bar = tqdm(
            desc=what, total=total, unit=unit, initial=done, leave=leave, bar_format=look,
            disable=None, mininterval=0.2, delay=0.0 if total else 1.0, **_size(),
        )  # fmt: skip
        self.on_terminal = not self._bar.disable

    def __enter__(self) -> Self:
        _REPORTER.enter(self)
        return self

    def __exit__(self, *_) -> None:
        _REPORTER.leave(self)
        self._bar.close()

    def update(self, steps: float = 1) -> None:
        """Count steps as done."""
        self.done += steps
        self._bar.update(steps)

    def move_to(self, done: float) -> None:
        """Set the number of steps that are done, which may have a fraction."""
        self.done = done
        if self.on_terminal:
            self._bar.n = done
            self._bar.update(0)

    def restart_clock(self) -> None:
        """Leave the steps so far out of the rate, because they took longer than others will."""
        self._first, self._started = self.done, time.monotonic()
        self._bar.unpause()

    def call(self, what: str) -> None:
        """Change what the line says is done."""
        if what != self.what:
            self.what = what
            self._bar.set_description_str(what, refresh=self.on_terminal)

    def clear(self) -> None:
        """Remove the bar from the terminal, so that a line can be printed."""
        self._bar.clear()

    def refresh(self) -> None:
        """Draw the bar again, with the time that has passed."""
        if self.on_terminal and time.monotonic() - self._started > 1:
            self._bar.refresh()

    def line(self) -> str:
        """Return the line that stands for the bar where there is no terminal."""
        seconds = time.monotonic() - self._started
        made = self.done - self._first
        if self.total is None:
            return f"{self.what}: {in_words(seconds)} so far"
        if isinstance(self.done, int):
            start = f"{self.what}: {self.done} of {plural(self.total, self.unit)}"
        else:
            share = self.done / max(self.total, 1)
            start = f"{self.what}: {share:.0%} of {plural(self.total, self.unit)}"
        if made <= 0:
            return f"{start}, {in_words(seconds)} so far"
        left = seconds / made * max(self.total - self.done, 0)
        return f"{start}, {rate(made / seconds, self.unit)}, {in_words(left)} left"


def counted(
    items: Iterable[Item],
    what: str,
    unit: str,
    total: int | None = None,
    leave: bool = True,
) -> Iterator[Item]:
    """Yield the items, with a bar that counts them.

    Args:
        items: Any objects.
        what: What is done with the objects.
        unit: The noun for one object.
        total: The number of objects; None for `len(items)`.
        leave: Whether the finished bar stays on the terminal.
    """
    number = len(items) if total is None else total  # pyright: ignore[reportArgumentType]
    with Bar(what, number, unit, leave=leave) as bar:
        for item in items:
            yield item
            bar.update()


@contextlib.contextmanager
def waiting(what: str) -> Iterator[None]:
    """Show during the block that work goes on that cannot be counted.

    Args:
        what: What is done.
    """
    with Bar(what, leave=False):
        yield


@contextlib.contextmanager
def saying_that_work_goes_on(what: str) -> Iterator[None]:
    """Print lines during the block also where no bar and no `waiting` block stands.

    Nothing is shown on a terminal.

    Args:
        what: The name of the work as a whole.
    """
    if sys.stderr is not None and sys.stderr.isatty():
        yield
        return
    with Bar(what):
        yield


def say(line: str) -> None:
    """Print a line on standard output without breaking a bar."""
    tqdm.write(line)
    sys.stdout.flush()
    _REPORTER.said = time.monotonic()


@contextlib.contextmanager
def speaking_through(descriptor: int) -> Iterator[None]:
    """Let the lines about work that goes on pass a block that hides standard output.

    Args:
        descriptor: A file descriptor of what standard output was before the block.
    """
    before, _REPORTER.descriptor = _REPORTER.descriptor, descriptor
    try:
        yield
    finally:
        _REPORTER.descriptor = before


def in_words(seconds: float) -> str:
    """Return a time in its largest fitting unit: "8 s", "3 min", "2 h 5 min"."""
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


def rate(per_second: float, unit: str) -> str:
    """Return a rate in words: "12 pairs/s", or "8.3 s a pair"."""
    if per_second >= 1:
        return f"{per_second:,.{0 if per_second >= 100 else 1}f} {plural_of(unit)}/s"
    return f"{in_words(1 / per_second) if per_second < 0.1 else f'{1 / per_second:.1f} s'} a {unit}"


def _size() -> dict[str, Any]:
    """Return tqdm's arguments for a terminal that does not know its size; nothing elsewhere."""
    try:
        unknown = os.get_terminal_size(sys.stderr.fileno()).columns == 0
    except (AttributeError, OSError, ValueError):  # no terminal
        return {}
    size = shutil.get_terminal_size()
    return {"ncols": size.columns, "nrows": size.lines} if unknown else {}


class _Reporter:
    """The thread that speaks for the innermost bar."""

    def __init__(self):
        self.said = 0.0
        self.descriptor: int | None = None
        self._bars: list[Bar] = []
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None

    def enter(self, bar: Bar) -> None:
        with self._lock:
            if not self._bars:
                self.said = time.monotonic()
            self._bars.append(bar)
            if self._thread is None:
                self._wake.clear()
                self._thread = threading.Thread(target=self._run, daemon=True)
                self._thread.start()

    def leave(self, bar: Bar) -> None:
        thread = None
        with self._lock:
            self._bars.remove(bar)
            if not self._bars:
                thread, self._thread = self._thread, None
                self._wake.set()
        if thread is not None and thread is not threading.current_thread():
            thread.join(1.0)

    def _run(self) -> None:
        me = threading.current_thread()
        while not self._wake.wait(_TICK):
            with self._lock:
                if self._thread is not me:
                    return
                bar = self._bars[-1] if self._bars else None
            if bar is None:
                continue
            if bar.on_terminal:
                bar.refresh()
            elif time.monotonic() - self.said >= SAY_EVERY:
                with contextlib.suppress(OSError, ValueError):  # nobody reads the lines any more
                    if self.descriptor is None:
                        say(bar.line())
                    else:
                        os.write(self.descriptor, f"{bar.line()}\n".encode())
                self.said = time.monotonic()


_REPORTER = _Reporter()
