"""Serve the web demo on this computer.

    python -m web.demo_server

with the headers that a browser wants before it gives a page threads. It builds nothing (`make web`
does), and computes nothing: photos stay in the browser.
"""

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

# Cross-origin isolation (HTML, "agent clusters"): shared memory, and so Wasm threads, need it.
HEADERS = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
    "X-Content-Type-Options": "nosniff",
}
TYPES = {".wasm": "application/wasm", ".webmanifest": "application/manifest+json"}


class ServeError(ValueError):
    """Nothing to serve, or nowhere to."""


@dataclasses.dataclass(frozen=True)
class ServeConfig:
    """Where the page is served from and to."""

    folder: str = option(str(WEB.parent), "the built site")
    host: str = option("127.0.0.1", "address to listen on; 0.0.0.0: all of this computer's")
    port: int = option(8000, "port; 0: any that is free")
    certificate: str | None = option(
        None, "PEM file, for https: phones give threads and offline use to secure pages only"
    )
    key: str | None = option(None, "PEM file with the certificate's private key")


class Handler(http.server.SimpleHTTPRequestHandler):
    """Files with their types and the headers for threads."""

    protocol_version = "HTTP/1.1"
    extensions_map = (
        http.server.SimpleHTTPRequestHandler.extensions_map
        | TYPES
        | {
            ".js": "text/javascript",
            ".json": "application/json",
        }
    )

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


class Server(http.server.ThreadingHTTPServer):
    """Stays quiet when a browser breaks off a download."""

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], ConnectionError | ssl.SSLError | TimeoutError):
            super().handle_error(request, client_address)


def server(config: ServeConfig) -> Server:
    """A server that listens but does not serve yet; its address is `.server_address`.

    Raises:
        ServeError: the site is not built, the port is taken, or the certificate is none.
    """
    if config.key and not config.certificate:
        raise ServeError("--key goes with --certificate")
    folder = Path(config.folder)
    if not (folder / "index.html").is_file():
        raise ServeError(f"{folder}: no built site; build it first: make web")
    handler = functools.partial(Handler, directory=str(folder))
    try:
        listening = Server((config.host, config.port), handler)
    except (OSError, OverflowError) as error:
        raise ServeError(f"cannot listen on {config.host}:{config.port} ({error})") from error
    if config.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            context.load_cert_chain(config.certificate, config.key)
        except OSError as error:
            listening.server_close()
            raise ServeError(
                f"{config.certificate}: not a certificate and key ({error})"
            ) from error
        listening.socket = context.wrap_socket(
            listening.socket, server_side=True, do_handshake_on_connect=False
        )
    return listening


def _names(host: str) -> list[str]:
    """What to type into a browser, on this computer and on a phone."""
    if host == "127.0.0.1":
        return ["localhost"]
    if host not in ("", "0.0.0.0"):
        return [host]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing: asks which address would
        except OSError:
            return ["localhost"]  # no network
        return ["localhost", probe.getsockname()[0]]


def main(config: ServeConfig) -> None:
    """Serve until Ctrl-C."""
    with server(config) as listening, contextlib.suppress(KeyboardInterrupt):
        scheme = "https" if config.certificate else "http"
        for name in _names(config.host):
            print(f"{scheme}://{name}:{listening.server_address[1]}/", flush=True)
        print("Ctrl-C ends.", flush=True)
        listening.serve_forever()


if __name__ == "__main__":
    command_line.run(main, ServeConfig, __doc__, [ServeError])
