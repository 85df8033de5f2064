"""Serve the pages of a study until Ctrl-C or SIGTERM: `python -m study serve`."""

import contextlib
import dataclasses
import socket
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from common.command_line import option
from study.app import make_app
from study.design import StudyError, read_study
from study.store import open_store
from study.tokens import read_secret, results_key

BACKLOG = 1024  # connections that may wait


@dataclasses.dataclass(frozen=True)
class ServeConfig:
    """Options of `python -m study serve`.

    Raises:
        StudyError: a value is out of range.
    """

    study: str = option(help="folder that `prepare` made", positional=True)
    host: str = option(
        "127.0.0.1", "address of the server; 0.0.0.0 for all addresses of this machine"
    )
    port: int = option(8000, "port of the server; 0 for a free port")
    database: str | None = option(
        None, "SQLAlchemy URL of the database; without it: STUDY/votes.sqlite"
    )
    shared_device: bool = option(False, "let the next participant start after the last question")

    def __post_init__(self):
        if not 0 <= self.port <= 65535:
            raise StudyError(f"--port {self.port}: give a number from 0 to 65535")


def main(config: ServeConfig) -> int:
    """Serve until Ctrl-C or SIGTERM."""
    study, secret = read_study(config.study), read_secret(config.study)
    with (
        _listening(config.host, config.port) as listener,
        contextlib.closing(open_store(config.study, config.database, study.id)) as store,
    ):
        app = make_app(Path(config.study), study, store, secret, config.shared_device)
        host, port = listener.getsockname()[:2]
        address = f"http://{f'[{host}]' if ':' in host else host}:{port}/"
        print(f"participants: {address}")
        print(
            f"results (keep this address secret): {address}results#{results_key(secret)}",
            flush=True,
        )
        _allow_connections()
        with contextlib.suppress(KeyboardInterrupt):  # Ctrl-C is the normal end of a server
            uvicorn.Server(server_settings(app)).run(sockets=[listener])
    return 0


def server_settings(app: Starlette) -> uvicorn.Config:
    """Return the settings of the web server."""
    return uvicorn.Config(
        app,
        access_log=False,  # a log would contain the addresses of participants
        log_level="warning",
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=5,
        timeout_keep_alive=75,  # seconds; a participant may look at two photos for long
        backlog=BACKLOG,
        port=0,  # used if no socket is given
    )


def _listening(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)  # the server listens before it prints the address
    except (OSError, OverflowError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise StudyError(
            f"cannot listen on {host} port {port}: {reason}; choose another --host or --port"
        ) from None
    return listener


def _allow_connections() -> None:
    """Allow as many open files as the system permits: a browser uses several connections."""
    try:
        import resource
    except ImportError:  # not on Windows
        return
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
