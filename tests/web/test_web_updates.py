"""Tests of files that the web demo keeps for offline use: other sites, updates, full devices."""

import functools
import hashlib
import http.server
import json
import os
import shutil
import threading
import time

import numpy as np
import pytest
from test_web_page import give, own
from web_demo import DONE, READY, WAIT, png, serving

from export.demos import copy_networks
from models.shipped import PRETRAINED
from web.demo_server import DemoHandler, DemoServer, DemoServerConfig, make_server

KEPT = "html[data-offline=true]"
BROKEN = {**own(sha256=None), "mine.tflite": b"\x20\0\0\0TFL3" + bytes(500)}


@pytest.fixture
def copy(site, tmp_path):
    """Yield the folder and the address of a site that only one test uses."""
    folder = tmp_path / "dist"
    shutil.copytree(site, folder)
    with serving(make_server(DemoServerConfig(folder=str(folder), port=0))) as url:
        yield folder, url


def hindered(folder, before):
    """Return a server that calls `before` with each path, and fails if that returns true."""

    class Hindered(DemoHandler):
        def do_GET(self):  # noqa: N802
            if before(self.path):
                self.send_error(503)
            else:
                super().do_GET()

    return DemoServer(("127.0.0.1", 0), functools.partial(Hindered, directory=str(folder)))


def renew(folder):
    """Turn a site into a new version with another version of LiteRT."""
    (old,) = (path.name for path in folder.glob("wasm-*"))
    (folder / old).rename(folder / "wasm-0")
    for name in ("main.js", "service_worker.js"):
        text = (folder / name).read_text().replace(old, "wasm-0").replace("shell-", "shell-0")
        (folder / name).write_text(text)


def second_visit(visit, url):
    """Return the page as the service worker serves the page."""
    page = visit(url)
    page.wait_for_selector(KEPT, timeout=WAIT)
    page.reload()
    page.wait_for_selector(KEPT, timeout=WAIT)
    return page


UPDATE = "navigator.serviceWorker.getRegistration().then((found) => { found.update(); })"


def test_a_new_version_starts_at_once_where_nothing_was_chosen(visit, copy):
    folder, url = copy
    page = second_visit(visit, url)
    renew(folder)
    page.evaluate("window.old = true")
    page.evaluate(UPDATE)
    page.wait_for_function("() => !window.old", timeout=WAIT)
    page.wait_for_selector(READY, timeout=WAIT)
    # A new start of the runtime finds the runtime's new files.
    give(page, BROKEN)
    page.locator("#error", has_text="is not a network").wait_for(timeout=WAIT)
    page.select_option("#model", index=0)
    page.wait_for_selector("#error", state="hidden", timeout=WAIT)
    page.locator("#status", has_text="Ready").wait_for(timeout=WAIT)


def test_a_new_version_takes_nothing_away(visit, copy):
    folder, url = copy
    page = second_visit(visit, url)
    give(page, own())
    page.locator("#status", has_text="Ready: mine").wait_for(timeout=WAIT)
    renew(folder)
    page.evaluate(UPDATE)
    page.wait_for_function(
        "async () => (await caches.keys()).every((n) => !/wasm-[^0]/.test(n))", timeout=WAIT
    )
    page.wait_for_timeout(500)
    assert "Ready: mine" in page.inner_text("#status")


@pytest.mark.parametrize("when", ["before the reload", "in a picker"])
def test_a_photo_chosen_at_once_is_not_lost_for_threads(visit, copy, when):
    """From a server without headers, threads come with a reload, and the reload can wait."""
    chosen = threading.Event()

    class Plain(http.server.SimpleHTTPRequestHandler):
        def do_GET(self):
            if self.path == "/sample.jpg":  # the service worker starts only with this file
                chosen.wait(WAIT / 1000)
            super().do_GET()

        def log_message(self, *args):
            pass

    handler = functools.partial(Plain, directory=str(copy[0]))
    photo = png(np.full((99, 99, 3), 90, np.uint8))
    photo = {"name": "a.png", "mimeType": "", "buffer": photo}
    with serving(http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)) as url:
        try:
            page = visit(url, wait="body")
            if when == "in a picker":
                with page.expect_file_chooser() as picker:
                    page.locator("#file").dispatch_event("click")
            else:
                page.set_input_files("#file", photo)
        finally:
            chosen.set()
        page.wait_for_selector(KEPT, timeout=WAIT)
        if when == "in a picker":
            picker.value.set_files(photo)
        page.wait_for_selector(DONE, timeout=WAIT)
        page.reload()
        page.wait_for_selector(READY, timeout=WAIT)
        assert page.evaluate("crossOriginIsolated")


def test_a_server_that_is_slow_to_say_which_networks_there_are(visit, copy):
    """The device has a connection, but no data arrive, as on a train."""
    visited = []
    ended = threading.Event()

    def slowly(path):
        if path.endswith("index.json") and visited:
            ended.wait(WAIT / 1000)

    with serving(hindered(copy[0], slowly)) as url:
        page = visit(url)
        page.wait_for_selector(KEPT, timeout=WAIT)
        visited.append(url)
        page.reload()
        try:
            page.wait_for_selector(READY, timeout=WAIT / 2)
        finally:
            ended.set()


FIRST, INT8 = "universal_fp16_256", "iphone_3gs_int8_256"
INT8_READY = "Ready: iPhone 3GS → Canon 70D, fastest"


def test_a_network_exported_anew_comes_whole(visit, copy, tmp_path):
    """The kept network stays and works while a part of the new network is missing."""
    missing = []

    def fails(path):
        return any(name in path for name in missing)

    folder = copy[0]
    with serving(hindered(folder, fails)) as url:
        page = visit(url)
        page.wait_for_selector(KEPT, timeout=WAIT)
        before = networks_kept(page)
        export_anew(FIRST, tmp_path, folder / "models")
        network = folder / f"models/{FIRST}.tflite"
        content = network.read_bytes()
        missing.append(f"{FIRST}.tflite")
        page.reload()
        page.wait_for_selector(READY, timeout=WAIT)
        assert networks_kept(page) == before
        missing.clear()
        network.write_text("<!doctype html>")  # some hosts send this for a missing file
        page.reload()
        page.wait_for_selector(READY, timeout=WAIT)
        assert networks_kept(page) == before
        network.write_bytes(content)
        os.utime(network, (time.time() + 9, time.time() + 9))  # HTTP's dates count in seconds
        (new,) = addresses(folder, FIRST)
        reload_until(page, lambda: new in networks_kept(page))
        reload_until(page, lambda: networks_kept(page) == [new])
        missing.append("models/")
        page.reload()
        page.wait_for_selector(READY, timeout=WAIT)


def test_a_network_chosen_before_is_kept_anew(visit, copy, tmp_path):
    """The page keeps a chosen network, even if another is first in the list."""
    missing = []
    with serving(hindered(copy[0], lambda path: any(name in path for name in missing))) as url:
        page = visit(url)
        page.wait_for_selector(KEPT, timeout=WAIT)
        page.select_option("#model", f"{INT8}.json")
        page.locator("#status", has_text=INT8_READY).wait_for(timeout=WAIT)
        export_anew(INT8, tmp_path, copy[0] / "models")
        (new,) = addresses(copy[0], INT8)
        reload_until(page, lambda: new in networks_kept(page))
        missing.append("models/")
        page.reload()
        page.wait_for_selector(READY, timeout=WAIT)
        page.select_option("#model", f"{INT8}.json")
        page.locator("#status", has_text=INT8_READY).wait_for(timeout=WAIT)


def test_an_old_file_that_came_under_a_new_address_does_not_last(visit, copy, tmp_path):
    """A host lets browsers keep files, and the user visits the page during an upload."""
    folder = copy[0] / "models"
    network = folder / f"{INT8}.tflite"
    old = network.read_bytes()
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(copy[0]))
    with serving(http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)) as url:
        export_anew(INT8, tmp_path, folder)
        new = network.read_bytes()
        network.write_bytes(old)
        os.utime(network, (1e9, 1e9))  # browsers rarely ask again for an old file
        page = visit(url, wait="body")
        page.wait_for_function("() => crossOriginIsolated", timeout=WAIT)
        page.wait_for_selector(READY, timeout=WAIT)
        page.select_option("#model", f"{INT8}.json")
        page.locator("#error", has_text="checksums differ").wait_for(timeout=WAIT)
        network.write_bytes(new)
        page.reload()
        page.wait_for_selector(READY, timeout=WAIT)
        page.select_option("#model", f"{INT8}.json")
        page.locator("#status", has_text=INT8_READY).wait_for(timeout=WAIT)


def addresses(folder, name):
    """Return the address that the list has for a network, in the form of `networks_kept`."""
    listed = json.loads((folder / "models/index.json").read_text())["models"]
    file = f"{name}.tflite"
    return [f"{file}?{entry['files'][file]}" for entry in listed if file in entry["files"]]


def reload_until(page, holds):
    """Reload the page once. The service worker may work on for a while."""
    page.reload()
    page.wait_for_selector(READY, timeout=WAIT)
    end = time.monotonic() + WAIT / 1000
    while not holds():
        assert time.monotonic() < end
        page.wait_for_timeout(100)


def export_anew(name, work, folder):
    """Write another file of the same name that computes the same results."""
    shutil.copytree(PRETRAINED, work / "exported")
    model = work / "exported" / f"{name}.tflite"
    model.write_bytes(model.read_bytes() + bytes(4))
    manifest = json.loads(model.with_suffix(".json").read_text())
    manifest["sha256"] = hashlib.sha256(model.read_bytes()).hexdigest()
    model.with_suffix(".json").write_text(json.dumps(manifest))
    copy_networks([model], folder)


def networks_kept(page):
    """Return files and checksums of the networks that the service worker keeps."""
    script = """async () => {
      const name = (await caches.keys()).find((name) => name.endsWith("models"));
      return (await (await caches.open(name)).keys()).map(({ url }) => url);
    }"""
    return [url.split("/")[-1] for url in page.evaluate(script) if ".tflite" in url]


def test_caches_of_other_sites_stay(visit, copy):
    page = visit(copy[1], wait="body")
    page.evaluate("caches.open('another')")
    page.wait_for_selector(KEPT, timeout=WAIT)
    assert "another" in page.evaluate("caches.keys()")


def test_a_device_that_is_full(visit, copy):
    url = copy[1]
    page = visit(url)
    page.wait_for_selector(KEPT, timeout=WAIT)
    page.evaluate(
        "caches.keys().then((all) => Promise.all("
        "all.filter((name) => !name.includes('shell')).map((name) => caches.delete(name))))"
    )
    devtools = page.context.new_cdp_session(page)
    quota = {"origin": url.rstrip("/"), "quotaSize": 1}
    devtools.send("Storage.overrideQuotaForOrigin", quota)
    page.reload()
    page.wait_for_selector(READY, timeout=WAIT)


@pytest.mark.parametrize("forced", [True, False])
def test_nothing_waits_for_a_service_worker_that_does_not_come(visit, copy, forced):
    """A forced reload bypasses the service worker, or a file for it is missing."""
    folder, url = copy
    if forced:
        page = visit(url)
        page.wait_for_selector(KEPT, timeout=WAIT)
        start = time.monotonic()
        with page.expect_navigation():
            page.context.new_cdp_session(page).send("Page.reload", {"ignoreCache": True})
        page.wait_for_selector(READY, timeout=WAIT)
    else:
        (folder / "sample.jpg").unlink()
        start = time.monotonic()
        visit(url)
    assert time.monotonic() - start < 20  # the page waits 30 s for a service worker that may start


@pytest.mark.slow
def test_a_slow_first_visit(visit, copy):
    """The page keeps the runtime too, even if the files before took long."""

    def slowly(path):
        if path.endswith("sample.jpg"):
            time.sleep(10)

    with serving(hindered(copy[0], slowly)) as url:
        page = visit(url)
        page.wait_for_selector(KEPT, timeout=WAIT)
    page.reload()
    page.wait_for_selector(READY, timeout=WAIT)


def test_a_host_that_answers_with_a_page_where_nothing_is(visit, copy):
    folder, url = copy
    index = folder / "models/index.json"
    content = index.read_text()
    index.write_text("<!doctype html>")
    page = visit(url, wait="#error:visible")
    assert "no network" in page.inner_text("#error")
    give(page, own())
    page.locator("#status", has_text="Ready: mine").wait_for(timeout=WAIT)
    index.write_text(content)
    page = second_visit(visit, url)
    for wrong in ("<!doctype html>", '{"error": "not found"}'):
        index.write_text(wrong)
        page.reload()
        page.wait_for_selector(READY, timeout=WAIT)
