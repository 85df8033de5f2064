"""Serve the web demo on this computer.

    python -m web.demo_server

The server sends the headers that a browser needs before it gives a page threads. The server does
not build the page: `make web` does. The browser does all the computing, and photos stay there.
"""

if __name__ == "__main__":  # before the imports that fail without the environment
    from common.environment import check_environment

    check_environment()

import contextlib
import dataclasses
import functools
import http.server
import socket
import ssl
import sys
import urllib.parse
from pathlib import Path

from common import command_line
from common.command_line import option
from export.demos import WEB

# Wasm threads need shared memory, which needs cross-origin isolation (HTML, "agent clusters").
HEADERS = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
    "X-Content-Type-Options": "nosniff",
}
# A machine's own table of types may lack these or have others.
TYPES = {
    ".js": "text/javascript",
    ".json": "application/json",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
}


class DemoServerError(ValueError):
    """The site is not built, or the server cannot listen."""


@dataclasses.dataclass(frozen=True)
class DemoServerConfig:
    """What to serve, and at which address."""

    folder: str = option(str(WEB.parent), "folder of the built site")
    host: str = option(
        "127.0.0.1", "address to listen on; 0.0.0.0 for all addresses of this computer"
    )
    port: int = option(8000, "port to listen on; 0 for any free port")
    certificate: str | None = option(
        None, "PEM file for https; a phone gives threads and offline use only to secure pages"
    )
    key: str | None = option(None, "PEM file with the certificate's private key")


class DemoHandler(http.server.SimpleHTTPRequestHandler):
    """Serves files with their types and with the headers for threads."""

    protocol_version = "HTTP/1.1"
    extensions_map = {  # noqa: RUF012  as the base class has it
        **http.server.SimpleHTTPRequestHandler.extensions_map,
        **TYPES,
    }

    def end_headers(self):
        for name, value in HEADERS.items():
            self.send_header(name, value)
        super().end_headers()

    def send_head(self):
        if "\0" in urllib.parse.unquote(self.path):
            self.send_error(404)
            return None
        return super().send_head()

    def list_directory(self, path):
        self.send_error(404)

    def log_message(self, *args):
        pass


class DemoServer(http.server.ThreadingHTTPServer):
    """A server that prints nothing when a browser stops a download."""

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], ConnectionError | ssl.SSLError | TimeoutError):
            super().handle_error(request, client_address)


def make_server(config: DemoServerConfig) -> DemoServer:
    """Return a server that listens but does not serve yet; `.server_address` is its address.

    Raises:
        DemoServerError: the site is not built, the port is taken, or the certificate is unusable.
    """
    if config.key and not config.certificate:
        raise DemoServerError("--key needs --certificate too")
    folder = Path(config.folder)
    if not (folder / "index.html").is_file():
        raise DemoServerError(f"{folder}: no built site; build the site with `make web`")
    handler = functools.partial(DemoHandler, directory=str(folder))
    try:
        listening = DemoServer((config.host, config.port), handler)
    except (OSError, OverflowError) as error:
        raise DemoServerError(
            f"cannot listen on {config.host}:{config.port} ({error}); try another --port"
        ) from error
    if config.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            context.load_cert_chain(config.certificate, config.key)
        except OSError as error:
            listening.server_close()
            raise DemoServerError(
                f"{config.certificate}: not a certificate with its key ({error})"
            ) from error
        listening.socket = context.wrap_socket(
            listening.socket, server_side=True, do_handshake_on_connect=False
        )
    return listening


def _names(host: str) -> list[str]:
    """Return the hosts to type into a browser, on this computer and on a phone."""
    if host == "127.0.0.1":
        return ["localhost"]
    if host not in ("", "0.0.0.0"):
        return [host]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing; only chooses the address to send from
        except OSError:
            return ["localhost"]  # no network
        return ["localhost", probe.getsockname()[0]]


def main(config: DemoServerConfig) -> None:
    """Serve until Ctrl-C."""
    with make_server(config) as listening, contextlib.suppress(KeyboardInterrupt):
        scheme = "https" if config.certificate else "http"
        for name in _names(config.host):
            print(f"{scheme}://{name}:{listening.server_address[1]}/", flush=True)
        print("Press Ctrl-C to stop.", flush=True)
        listening.serve_forever()


if __name__ == "__main__":
    command_line.run(main, DemoServerConfig, __doc__, [DemoServerError], serves=True)
