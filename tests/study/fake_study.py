"""A small study and its server, for the tests of `study`."""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from study.app import make_app
from study.design import read_study
from study.prepare import PrepareConfig, prepare
from study.serve import listening
from study.server import StudyServer, server_settings
from study.store import Store, sqlite_url
from study.tokens import read_secret
from study.votes import read_votes

ROOT = Path(__file__).resolve().parents[2]
LOST = (OSError, http.client.HTTPException)  # what a client meets if the server dies
CLASSES = ("phone", "enhanced", "dslr")


def scene(seed, width=96, height=64):
    """Return colored blocks, uint8 `(height, width, 3)`."""
    grid = np.random.default_rng(seed).integers(40, 200, (4, 6, 3))
    return np.kron(grid, np.ones((height // 4, width // 6, 1))).astype(np.uint8)


def write_class(folder, photos=3, change=0, names=None, **size):
    """Write photos 1.png, 2.png … of scenes 1, 2 …, brighter by `change`."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(1, photos + 1):
        name = names[number - 1] if names else f"{number}.png"
        pixels = np.clip(scene(number, **size).astype(int) + change, 0, 255)
        Image.fromarray(pixels.astype(np.uint8)).save(folder / name)
    return folder


def make_study(root, photos=3, phones=(), **options):
    """Prepare ROOT/study with CLASSES, with a subfolder for each phone."""
    for i, kind in enumerate(CLASSES):
        for phone in phones or [""]:
            write_class(root / kind / phone, photos, change=20 * i)
    classes = tuple(f"{kind}={root / kind}" for kind in CLASSES)
    prepare(PrepareConfig(out=str(root / "study"), classes=classes, **options))
    return root / "study"


def votes_of(folder):
    """Read the votes in the database of a study."""
    study = read_study(folder)
    store = Store(sqlite_url(folder), study.id)
    try:
        return read_votes(study, store)
    finally:
        store.close()


@contextlib.contextmanager
def served(folder, shared_device=False, connection=None):
    """Serve the study from a thread; yields the port.

    Args:
        folder: the folder of the study.
        shared_device: as the option of `serve`.
        connection: the class of connections; None for the one of `serve`.
    """
    study = read_study(folder)
    store = Store(sqlite_url(folder), study.id)
    app = make_app(folder, study, store, read_secret(folder), shared_device)
    settings = server_settings(app)
    settings.http = connection or settings.http
    server = StudyServer(settings)
    listener = listening("127.0.0.1", 0)
    thread = threading.Thread(target=server.run, args=[[listener]])
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()
        store.close()


class Server:
    """`python -m study serve` in a separate process."""

    def __init__(self, folder, prepare=None):
        """Start a server; `prepare` runs in its process first."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        # A shared cache of compiled modules, so that the server restarts quickly.
        cache = {"PYTHONPYCACHEPREFIX": str(folder.parent), "PYTHONDONTWRITEBYTECODE": ""}
        self._environment = {**os.environ, **cache}
        self._words = [
            *(sys.executable, "-m", "study", "serve", str(folder)),
            *("--port", str(self.port)),
        ]
        self._prepare = prepare
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            self._words,
            cwd=ROOT,
            env=self._environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=self._prepare,
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline().startswith("participants: http://127.0.0.1:")
        assert "results" in self.process.stdout.readline()

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        assert self.process.wait() == -signal.SIGKILL
        self.process.communicate()

    def stop(self, number=signal.SIGINT):
        """Send a signal; return the exit status, stdout and stderr."""
        self.process.send_signal(number)
        said = self.process.communicate(timeout=20)
        return self.process.returncode, *said


class Client:
    """A client that keeps cookies and speaks JSON like a browser."""

    def __init__(self, port, timeout=10):
        self.port, self.timeout, self.cookies = port, timeout, {}
        self._connection = None

    def __call__(self, method, path, body=None, **headers) -> tuple[int, Any, Any]:
        """Send a request; return status, headers and body, parsed if the body is JSON."""
        if self._connection is None:
            self._connection = http.client.HTTPConnection(
                "127.0.0.1", self.port, timeout=self.timeout
            )
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.cookies and "Cookie" not in headers:
            headers["Cookie"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        if isinstance(body, dict):
            body = json.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        try:
            self._connection.request(method, path, body, headers)
            response = self._connection.getresponse()
            content: Any = response.read()
        except (OSError, http.client.HTTPException):
            self.close()
            raise
        for name, value in response.getheaders():
            if name.lower() == "set-cookie":
                key, _, rest = value.partition("=")
                self.cookies[key] = rest.split(";")[0]
        if response.getheader("content-type", "").startswith("application/json"):
            content = json.loads(content)
        return response.status, response.headers, content

    def close(self):
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def join(self):
        """Open the page and start the visit; return the first state."""
        self("GET", "/")
        return self("POST", "/api/join", {})[2]

    def vote(self, step, side="left"):
        return self("POST", "/api/vote", {"step": step, "side": side})
