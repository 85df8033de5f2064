"""A small study and its server, for the tests of `study`."""

import contextlib
import http.client
import json
import threading
import time
from typing import Any

import numpy as np
import uvicorn
from PIL import Image

from study.app import make_app
from study.design import read_study
from study.prepare import PrepareConfig, prepare
from study.serve import server_settings
from study.store import Store, sqlite_url
from study.tokens import read_secret

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


@contextlib.contextmanager
def served(folder, shared_device=False):
    """Serve the study from a thread; yields the port."""
    study = read_study(folder)
    store = Store(sqlite_url(folder), study.id)
    app = make_app(folder, study, store, read_secret(folder), shared_device)
    server = uvicorn.Server(server_settings(app))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()
        store.close()


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
