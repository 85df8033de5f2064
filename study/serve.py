"""The study's pages, for everyone who can reach this machine: `python -m study serve`."""

import contextlib
import dataclasses
import socket
from pathlib import Path

import uvicorn

from common.command_line import option
from study.app import make_app
from study.design import read_study
from study.store import Store, sqlite_url
from study.study_error import StudyError
from study.tokens import read_secret, results_key

BACKLOG = 1024  # connections that wait to be accepted


@dataclasses.dataclass(frozen=True)
class ServeConfig:
    """Which study, where, and with which database."""

    study: str = option(help="folder that prepare made", positional=True)
    host: str = option("127.0.0.1", "address to listen at; 0.0.0.0 for all of this machine's")
    port: int = option(8000, "port to listen at; 0 for a free one")
    database: str | None = option(None, "SQLAlchemy URL of the database; none: STUDY/votes.sqlite")
    shared_device: bool = option(
        False, "after the last question, offer to begin anew with the next participant"
    )

    def __post_init__(self):
        """Raise StudyError for values that are out of range."""
        if not 0 <= self.port <= 65535:
            raise StudyError(f"--port {self.port}: give 0 to 65535")


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
        print(f"results, for you alone: {address}results#{results_key(secret)}", flush=True)
        _allow_connections()
        with contextlib.suppress(KeyboardInterrupt):  # how a server is stopped
            uvicorn.Server(settings(app)).run(sockets=[listener])
    return 0


def settings(app) -> uvicorn.Config:
    """How the application is served."""
    return uvicorn.Config(
        app,
        access_log=False,  # it would hold participants' addresses
        log_level="warning",
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=5,
        timeout_keep_alive=75,  # seconds; looking at two photos can take a while
        backlog=BACKLOG,
        port=0,  # where no socket is given
    )


def open_store(folder: str | Path, url: str | None, study: str) -> Store:
    """The study's database.

    Raises:
        StudyError: the URL is not SQLAlchemy's, or its driver is missing.
        sqlalchemy.exc.SQLAlchemyError: the database cannot be reached.
    """
    try:
        return Store(url or sqlite_url(folder), study)
    except ImportError as error:
        raise StudyError(f"--database: {error.name} is not installed: pip install it") from None


def _listening(host, port) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)  # before the address is printed
    except (OSError, OverflowError) as error:
        raise StudyError(
            f"cannot listen at {host} port {port}: {error.strerror or error}"
        ) from None
    return listener


def _allow_connections() -> None:
    """Each browser holds several connections: as many files as the system lets us open."""
    try:
        import resource
    except ImportError:  # not on Windows
        return
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
