"""Fixtures: the built web demo, served as users serve the demo, in a real browser."""

import base64
import contextlib
import io
import shutil
import socket
import subprocess
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from export.demos import copy_networks
from models.shipped import PRETRAINED
from web.demo_server import DemoServerConfig, make_server

ROOT = Path(__file__).resolve().parent.parent
# An emulated GPU is slow, but runs the same programs.
EMULATED_GPU = ("--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader")
DONE = "html[data-state=done]"
READY = "html[data-state=ready]"
WAIT = 60_000  # ms; other programs may use the processor too

# Keeps the results that the page reports, as PNG.
LISTEN = """
document.addEventListener("enhanced", ({ detail: bitmap }) => {
  const canvas = document.createElement("canvas");
  canvas.width = bitmap.width;
  canvas.height = bitmap.height;
  canvas.getContext("2d", { willReadFrequently: true }).drawImage(bitmap, 0, 0);
  window.enhanced = canvas.toDataURL("image/png");
  document.documentElement.dataset.enhanced = "yes";
});
"""


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """Return a folder with the site, built from the current sources, and the shipped networks."""
    if not shutil.which("npm"):
        pytest.skip("npm is not installed")
    if not (ROOT / "web/node_modules").is_dir():
        pytest.skip("web/node_modules is missing; run `make web-build`")
    subprocess.run(["npm", "run", "--silent", "build"], cwd=ROOT / "web", check=True)
    folder = tmp_path_factory.mktemp("site") / "dist"
    ignored = shutil.ignore_patterns("models", "*.map")
    shutil.copytree(ROOT / "web/dist", folder, ignore=ignored)
    copy_networks(sorted(PRETRAINED.glob("*.tflite")), folder / "models")
    return folder


@contextlib.contextmanager
def serving(listening):
    """Serve during the context, and yield the address. At the end, close open connections too."""
    connections = []
    accept = listening.get_request

    def get_request():
        connection, address = accept()
        connections.append(connection)
        return connection, address

    listening.get_request = get_request
    thread = threading.Thread(target=listening.serve_forever)
    thread.start()
    try:
        yield f"http://localhost:{listening.server_address[1]}/"
    finally:
        listening.shutdown()
        listening.server_close()
        thread.join()
        for connection in connections:
            with contextlib.suppress(OSError):  # the connection is closed already
                connection.shutdown(socket.SHUT_RDWR)


@pytest.fixture(scope="session")
def address(site):
    """Return the address of the site, served as `python -m web.demo_server` does."""
    with serving(make_server(DemoServerConfig(folder=str(site), port=0))) as url:
        yield url


@pytest.fixture
def visit(browser, address):
    """Return a function that opens the page, which may raise no error and call no other host."""
    with contextlib.ExitStack() as stack:
        errors, requests = [], []

        def visit(url=address, chromium=browser, wait=READY, **options):
            context = chromium.new_context(**options)
            stack.callback(context.close)
            context.add_init_script(LISTEN)
            page = context.new_page()
            page.on("pageerror", lambda error: errors.append(str(error)))
            page.on("request", lambda request: requests.append((url, request.url)))
            page.goto(url)
            page.wait_for_selector(wait, timeout=WAIT)
            return page

        yield visit
        assert not errors
        outside = [to for url, to in requests if not to.startswith((url, f"blob:{url}"))]
        assert not outside


def enhance_in(page, photo, name="photo.png", processor=None, model=None):
    """Choose a photo as a user does, and return the result, uint8 `(H, W, 3)`.

    Args:
        page: a page that does no work at the moment.
        photo: uint8 `(H, W, 3)`, or the path of a file, or the bytes of a file.
    """
    if processor:
        page.select_option("#processor", processor)
    if model:
        page.select_option("#model", model)
    if isinstance(photo, np.ndarray):
        photo = png(photo)
    if isinstance(photo, bytes):
        photo = {"name": name, "mimeType": "image/*", "buffer": photo}
    page.evaluate("delete document.documentElement.dataset.enhanced")
    page.set_input_files("#file", photo)
    page.wait_for_selector("html[data-enhanced]", timeout=WAIT)
    page.wait_for_selector(DONE)
    encoded = page.evaluate("window.enhanced").split(",")[1]
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(encoded))).convert("RGB"))


def png(pixels):
    """Return pixels as the bytes of a PNG."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "png")
    return file.getvalue()
