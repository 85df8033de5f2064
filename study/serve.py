"""Serve the pages of a study until a signal: `python -m study serve`."""

import contextlib
import dataclasses
import socket
from pathlib import Path

from common.command_line import option
from study.app import make_app
from study.design import StudyError, read_study
from study.server import BACKLOG, StudyServer, server_settings
from study.stop_signals import StopSignals
from study.store import open_store
from study.tokens import read_secret, results_key


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
    """Serve until a signal, such as Ctrl-C or SIGTERM. The database is closed at the end."""
    study, secret = read_study(config.study), read_secret(config.study)
    with (
        contextlib.suppress(KeyboardInterrupt),  # a signal before the server runs
        StopSignals() as signals,
        listening(config.host, config.port) as listener,
        contextlib.closing(open_store(config.study, config.database, study.id)) as store,
    ):
        app = make_app(Path(config.study), study, store, secret, config.shared_device)
        server = StudyServer(server_settings(app))
        signals.call(server.stop)
        host, port = listener.getsockname()[:2]
        address = f"http://{f'[{host}]' if ':' in host else host}:{port}/"
        print(f"participants: {address}")
        print(
            f"results (keep this address secret): {address}results#{results_key(secret)}",
            flush=True,
        )
        server.run(sockets=[listener])
    return 0


def listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens on a port; port 0 is a free port.

    Raises:
        StudyError: the address is wrong, or the port is in use.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)  # the server listens before it prints the address
    except (OSError, OverflowError, UnicodeError) as error:
        if isinstance(error, UnicodeError):  # of the codec for names of hosts
            reason = "not the name of a host"
        else:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise StudyError(
            f"cannot listen on {host} port {port}: {reason}; choose another --host or --port"
        ) from None
    return listener
