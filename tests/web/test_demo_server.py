"""Tests of the web demo's server: headers, types and errors."""

import itertools
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from web_demo import serving

from web.demo_server import DemoServerConfig, DemoServerError, make_server

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def site(tmp_path):
    (tmp_path / "index.html").write_text("<title>page</title>")
    for name in ("a.wasm", "a.js", "a.json", "a.webmanifest"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "folder").mkdir()
    return tmp_path


def test_headers_for_threads_and_types(site):
    types = {
        "": "text/html",
        "a.wasm": "application/wasm",
        "a.js": "text/javascript",
        "a.json": "application/json",
        "a.webmanifest": "application/manifest+json",
    }
    with serving(make_server(DemoServerConfig(folder=str(site), port=0))) as url:
        for name, kind in types.items():
            with urllib.request.urlopen(url + name) as response:
                assert response.headers["Cross-Origin-Opener-Policy"] == "same-origin"
                assert response.headers["Cross-Origin-Embedder-Policy"] == "require-corp"
                assert response.headers.get_content_type() == kind
        for name in ("missing", "folder/", "../conftest.py", "a%00.js"):
            with pytest.raises(urllib.error.HTTPError, match="404"):
                urllib.request.urlopen(url + name)


def test_a_site_that_is_not_built(tmp_path):
    with pytest.raises(DemoServerError, match="make web"):
        make_server(DemoServerConfig(folder=str(tmp_path)))


def test_a_port_that_is_taken(site):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(DemoServerError, match="cannot listen"):
            make_server(DemoServerConfig(folder=str(site), port=taken.getsockname()[1]))


def test_a_file_that_is_no_certificate(site):
    with pytest.raises(DemoServerError, match="not a certificate"):
        make_server(DemoServerConfig(folder=str(site), port=0, certificate=str(site / "a.js")))


def test_a_key_without_a_certificate(site):
    with pytest.raises(DemoServerError, match="--certificate"):
        make_server(DemoServerConfig(folder=str(site), port=0, key=str(site / "a.js")))


def test_the_command_prints_its_address_and_stops_on_ctrl_c(site):
    addresses = printed_addresses(site)
    assert len(addresses) == 1 and addresses[0].startswith("http://localhost:")


def test_for_all_computers_the_command_prints_an_address_for_phones(site):
    first, *others = printed_addresses(site, "--host", "0.0.0.0")
    assert first.startswith("http://localhost:")
    assert all(re.match(r"http://\d+\.\d+\.\d+\.\d+:\d+/\n$", other) for other in others)


def printed_addresses(site, *flags):
    """Run the command until Ctrl-C, and return the printed addresses. Each must serve the page."""
    words = [sys.executable, "-m", "web.demo_server", "--port", "0", "--folder", str(site), *flags]
    process = subprocess.Popen(
        words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        addresses = list(itertools.takewhile("Press Ctrl-C to stop.\n".__ne__, process.stdout))
        for address in addresses:
            assert b"page" in direct.open(address.strip()).read()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=10)
    finally:
        process.kill()
    assert process.returncode == 0 and errors == ""
    return addresses
