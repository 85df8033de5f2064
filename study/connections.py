"""Limits of connections: their number, and the time that each one takes.

A browser sends a request at once. A connection that stays open without a whole request, or whose
client does not read the answer, would otherwise take the place of a participant forever.
"""

import asyncio
import collections
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from study.server_log import warn

MOST = 4096  # connections; 600 browsers use about 6 connections each
AT_ONCE = 4  # connections that are accepted together, before any is counted
RESERVED = 128  # files for them, for the database, the photos and the program
REQUEST_SECONDS = 20  # for a whole request
ANSWER_SECONDS = 300  # for a whole answer; a photo of 1 MB at 30 kbit/s


def allowed_connections() -> int:
    """Return the number of connections that the limit of open files permits, at most `MOST`.

    The limit of this process is raised as far as the system permits.
    """
    try:
        import resource
    except ImportError:  # not on Windows
        return MOST // 8
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    wanted = MOST + RESERVED if hard == unlimited else min(hard, MOST + RESERVED)
    if soft != unlimited and soft < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
        except (OSError, ValueError):  # macOS permits less than it states
            pass
    if soft == unlimited:
        return MOST
    return min(MOST, max(soft - RESERVED, soft // 4))


class LimitedConnection(H11Protocol):
    """An HTTP/1.1 connection with limits; `limited_connections` makes the class of one server.

    A connection is in one of three phases: it waits for the next request, it receives a request, or
    it answers. The phase after the second and the third may last only for a time. If too many
    connections are open, the one that waits or receives for the longest time is closed.
    """

    most: int
    request_seconds: float
    answer_seconds: float
    ready: "collections.OrderedDict[LimitedConnection, None]"  # wait or receive; oldest first

    _phase: tuple[str, Any] = ("", None)
    _timer: asyncio.TimerHandle | None = None
    _answered = 0.0  # time of the last answer on the clock of the loop

    def connection_made(self, transport) -> None:
        """Begin a connection, and close the oldest one if there are too many."""
        super().connection_made(transport)
        self._follow()
        if len(self.connections) > self.most:
            warn(
                f"{self.most} connections are open: those that wait longest are closed; "
                "raise the limit of open files (ulimit -n) if these are participants"
            )
            oldest = next((other for other in self.ready if other is not self), self)
            oldest.transport.abort()
            oldest.connections.discard(oldest)
            oldest._forget()

    def data_received(self, data: bytes) -> None:
        """Take a part of a request."""
        super().data_received(data)
        self._follow()

    def on_response_complete(self) -> None:
        """End an answer, which the client may not have received yet."""
        self._answered = self.loop.time()
        super().on_response_complete()
        self._follow()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._forget()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """End the connection with the server, after the answer to a whole request."""
        if self._phase[0] == "request":
            self.transport.abort()
        else:
            super().shutdown()

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection that waits for too long, also if its client reads no answer."""
        if not self.transport.get_write_buffer_size():
            super().timeout_keep_alive_handler()
        elif self.loop.time() - self._answered > self.answer_seconds:
            self.transport.abort()
        else:  # a slow client still receives the answer
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def _follow(self) -> None:
        """Start the clock of a new phase."""
        if self.transport.is_closing():
            self._forget()
            return
        phase = self._find_phase(), self.cycle
        if phase == self._phase:
            return
        self._forget()
        self._phase = phase
        if phase[0] != "answer":
            self.ready[self] = None
        if phase[0] == "request":
            self._timer = self.loop.call_later(self.request_seconds, self.transport.abort)
        elif phase[0] == "answer":
            self._timer = self.loop.call_later(self.answer_seconds, self.transport.abort)

    def _find_phase(self) -> str:
        answering = self.cycle is not None and not self.cycle.response_complete
        if answering and not self.cycle.more_body:
            return "answer"
        begun = self.conn.their_state is h11.SEND_BODY or self.conn.trailing_data[0]
        return "wait" if self.timeout_keep_alive_task and not begun else "request"

    def _forget(self) -> None:
        self.ready.pop(self, None)
        if self._timer is not None:
            self._timer.cancel()


def limited_connections(
    most: int,
    request_seconds: float = REQUEST_SECONDS,
    answer_seconds: float = ANSWER_SECONDS,
) -> type[LimitedConnection]:
    """Return the class of a server's connections.

    Args:
        most: the largest number of open connections.
        request_seconds: the longest time from the start of a request to its end.
        answer_seconds: the longest time from the end of a request to the end of the answer.
    """

    class Connection(LimitedConnection):
        pass

    Connection.ready = collections.OrderedDict()
    Connection.most = most
    Connection.request_seconds = request_seconds
    Connection.answer_seconds = answer_seconds
    return Connection
