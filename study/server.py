"""The web server: it ends on a signal after the last answer, and its log cannot fill the disk."""

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any

import uvicorn
from starlette.applications import Starlette

from study.connections import AT_ONCE, allowed_connections, limited_connections
from study.server_log import LOGGER, OncePerMinute, warn

BACKLOG = 1024  # connections that may wait to be accepted
HEAD_BYTES = 16384  # longest head of a request


class StudyServer(uvicorn.Server):
    """A server of one study; `stop` ends the server."""

    def stop(self) -> None:
        """End `run` after the current answers; a second call ends `run` at once."""
        self.force_exit = self.should_exit
        self.should_exit = True

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the caller: uvicorn would end the process before files are closed."""
        yield

    async def startup(self, sockets=None) -> None:
        """Begin to accept connections of sockets that listen already."""
        if sockets:
            self.config.backlog = AT_ONCE
        await super().startup(sockets)
        for listener in sockets or []:
            listener.listen(BACKLOG)  # asyncio makes the queue as short as what it accepts at once

    async def serve(self, sockets=None) -> None:
        """Serve until `stop`."""
        asyncio.get_running_loop().set_exception_handler(_say_briefly)
        once = OncePerMinute()
        LOGGER.addFilter(once)
        try:
            await super().serve(sockets)
        finally:
            LOGGER.removeFilter(once)


def server_settings(app: Starlette) -> uvicorn.Config:
    """Return the settings of the web server."""
    return uvicorn.Config(
        app,
        http=limited_connections(allowed_connections()),
        h11_max_incomplete_event_size=HEAD_BYTES,
        access_log=False,  # a log would contain the addresses of participants
        log_level="warning",
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=5,
        timeout_keep_alive=75,  # seconds; a participant may look at two photos for long
        backlog=BACKLOG,
        port=0,  # used if no socket is given
    )


def _say_briefly(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Write one line about an error of the system; asyncio would write thousands of tracebacks."""
    error = context.get("exception")
    if isinstance(error, OSError):
        warn(f"a connection failed: {error.strerror or error}")
    else:
        loop.default_exception_handler(context)
