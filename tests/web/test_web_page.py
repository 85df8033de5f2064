"""Tests of the web demo: mouse, touch and keyboard; offline use; error messages."""

import functools
import http.server
import json
import re
import shutil

import numpy as np
import pytest
import skimage.data
from web_demo import DONE, READY, WAIT, enhance_in, png, serving

from models.shipped import PRETRAINED
from web.demo_server import DemoServerConfig, make_server

PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
NAME = "iphone_3gs_int8_256"


@pytest.fixture(scope="module")
def photo():
    return np.ascontiguousarray(skimage.data.coffee()[:300, :500])


def share(page):
    return int(page.input_value("#divider"))


def shown(page, x, y):
    """Return the color at a place of the stage, given as shares of its width and height."""
    script = """async ([x, y]) => {
      await new Promise(requestAnimationFrame);  // pending drawing comes first
      const canvas = document.getElementById("view");
      const at = [Math.round(canvas.width * x), Math.round(canvas.height * y)];
      return [...canvas.getContext("2d").getImageData(...at, 1, 1).data];
    }"""
    return np.array(page.evaluate(script, [x, y])[:3])


def drag(page, start, end):
    """Drag along the middle of the stage; start and end are shares of its width."""
    box = page.locator("#view").bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * start, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * (start + end) / 2, y)
    page.mouse.move(box["x"] + box["width"] * end, y)
    page.mouse.up()


def threads(page):
    """Return the number of threads that the page reports."""
    return int(re.search(r"(\d+) threads?\b", page.inner_text("#status"))[1])


def threads_expected(page):
    """Return the number of threads for a page that may use threads."""
    assert page.evaluate("crossOriginIsolated")
    cores = page.evaluate("navigator.hardwareConcurrency")
    return max(min(cores, 4), cores // 2)


def test_the_slider(visit, photo):
    """Dark areas become lighter; left of the divider they stay dark."""
    dark = photo // 3
    page = visit(viewport={"width": 1000, "height": 700})
    assert page.is_hidden("#slider")
    enhance_in(page, dark)
    before, after = shown(page, 0.2, 0.5), shown(page, 0.8, 0.5)
    page.focus("#divider")
    page.keyboard.press("Home")
    all_after = shown(page, 0.2, 0.5)
    page.keyboard.press("End")
    all_before = shown(page, 0.8, 0.5)
    assert np.abs(shown(page, 0.2, 0.5) - before).max() <= 2
    assert all_after.sum() > before.sum() + 20
    assert all_before.sum() < after.sum() - 20
    drag(page, 0.9, 0.3)
    assert abs(share(page) - 30) <= 6
    page.keyboard.press("Tab")


def test_zoom_by_button_wheel_keys_and_double_click(visit, photo):
    page = visit(viewport={"width": 1000, "height": 700})
    enhance_in(page, photo)
    page.keyboard.press("Tab")
    whole = shown(page, 0.5, 0.02)
    assert whole.sum() == 0  # beside the photo
    page.click("text=100 %")  # the photo is smaller than the stage, and stays whole
    for _ in range(3):
        page.click('[aria-label="Zoom in"]')
    assert shown(page, 0.5, 0.02).sum() > 0
    before = share(page)
    drag(page, 0.2, 0.1)  # away from the divider: moves the photo
    assert share(page) == before
    page.click("text=Fit")
    assert shown(page, 0.5, 0.02).sum() == 0
    page.focus("#view")
    page.keyboard.press("+")
    page.keyboard.press("+")
    assert shown(page, 0.5, 0.02).sum() > 0
    page.keyboard.press("0")
    assert shown(page, 0.5, 0.02).sum() == 0
    page.mouse.move(400, 300)
    page.mouse.wheel(0, -600)
    assert shown(page, 0.5, 0.02).sum() > 0
    page.dblclick("#view", position={"x": 100, "y": 300})
    assert shown(page, 0.5, 0.02).sum() == 0


def test_cancel_and_continue(visit, photo):
    page = visit()
    large = np.tile(photo, (8, 6, 1))  # 2400×3000: a hundred tiles
    page.set_input_files(
        "#file", {"name": "large.png", "mimeType": "image/png", "buffer": png(large)}
    )
    page.locator("#progress").wait_for(state="visible", timeout=WAIT)
    page.locator("#percent", has_text=re.compile(r"\d %")).wait_for(timeout=WAIT)
    page.click("#cancel")
    page.locator("#status", has_text="Cancelled").wait_for(timeout=WAIT)
    assert page.is_hidden("#save") and page.is_hidden("#working")
    assert page.is_hidden("#error")
    page.click("#enhance")
    page.locator("#percent", has_text=re.compile(r"\d %")).wait_for(timeout=WAIT)
    # A photo chosen meanwhile replaces the first.
    result = enhance_in(page, photo)
    assert result.shape == photo.shape
    assert "500×300" in page.inner_text("#status")


BREAK_DOWN = """() => {
  const error = new ErrorEvent("error", { message: "out of memory", cancelable: true });
  window.worker.dispatchEvent(error);
}"""
NO_PHOTOS = [
    ("wide.png", png(np.zeros((2, 70000, 3), np.uint8)), "cannot hold a photo of 70000×2 pixels"),
    ("notes.jpg", b"no photo", "notes.jpg is not a photo that this browser can open"),
    ("empty.jpg", b"", "empty.jpg is empty"),
    ("IMG_2.HEIC", b"\0\0\0\x18ftypheic", "cannot open HEIC photos"),
]


def test_a_file_that_is_no_photo(visit, photo):
    page = visit()
    for name, content, sentence in NO_PHOTOS:
        page.set_input_files("#file", {"name": name, "mimeType": "image/jpeg", "buffer": content})
        page.locator("#error", has_text=sentence).wait_for(timeout=WAIT)
        assert page.is_hidden("#save")
    enhance_in(page, photo)  # the page still works
    assert page.is_hidden("#error")


def own(**change):
    """Return the files of a user's own network, with changes in the manifest."""
    manifest = json.loads((PRETRAINED / f"{NAME}.json").read_text())
    network = (PRETRAINED / f"{NAME}.tflite").read_bytes()
    manifest |= {"file": "mine.tflite"} | change
    return {"mine.tflite": network, "mine.json": json.dumps(manifest).encode()}


def sample_pictures(expected):
    """Return the pictures that the manifest names, with another expected picture."""
    names = json.loads((PRETRAINED / f"{NAME}.json").read_text())["sample"]
    given = {
        names[kind]: (PRETRAINED / names[kind]).read_bytes() for kind in ("image", "thumbnail")
    }
    return given | {names["expected"]: expected}


def give(page, files):
    payload = [
        {"name": name, "mimeType": "application/octet-stream", "buffer": content}
        for name, content in files.items()
    ]
    page.set_input_files("#own", payload)


def test_the_users_own_network(visit, photo):
    page = visit()
    shipped = enhance_in(page, photo, model=f"{NAME}.json")
    give(page, own())
    page.locator("#status", has_text="Ready: mine").wait_for(timeout=WAIT)
    page.click("#enhance")
    page.locator("#status", has_text="mine (yours)").wait_for(timeout=WAIT)
    page.wait_for_selector(DONE)
    assert np.array_equal(enhance_in(page, photo), shipped)


NO_NETWORKS = [
    ({"mine.tflite": own()["mine.tflite"]}, "The manifest is missing"),
    ({"mine.json": own()["mine.json"]}, "a manifest without its network"),
    ({**own(), "mine.json": b"{"}, "is not JSON"),
    (own(norm="instance"), "instance norm"),
    (own(tile=None), "any size"),
    (own(sha256="0" * 64), "checksums differ"),
    ({**own(), "mine.tflite": b"not a network"}, "is not a .tflite"),
    ({**own(sha256=None), "mine.tflite": b"\x20\0\0\0TFL3" + bytes(500)}, "mine.tflite"),
    (own(thumbnail=32, sample=None), "differ from its manifest"),
    ({**own(), **sample_pictures(png(np.zeros((8, 8, 3), np.uint8)))}, "is not the sample picture"),
    ({**own(), **sample_pictures(b"none")}, "is not the sample picture"),
    (
        {**own(), **sample_pictures(png(np.zeros((256, 256, 3), np.uint8)))},
        "mine.tflite gives a wrong result on this CPU",
    ),
]


def test_a_file_that_is_no_network(visit, photo):
    page = visit()
    for files, sentence in NO_NETWORKS:
        page.evaluate("document.getElementById('error').textContent = ''")  # of the last network
        give(page, files)
        page.locator("#error", has_text=sentence).wait_for(timeout=WAIT)
    enhance_in(page, photo, model=f"{NAME}.json")
    assert page.is_hidden("#error")


def test_offline_use_after_the_first_visit(site, visit, photo):
    """The server is gone, and no photo was enhanced before."""
    with serving(make_server(DemoServerConfig(folder=str(site), port=0))) as url:
        page = visit(url)
        page.wait_for_selector("html[data-offline=true]", timeout=WAIT)
    page.reload()
    page.wait_for_selector(READY, timeout=WAIT)
    assert enhance_in(page, photo).shape == photo.shape
    assert threads(page) == threads_expected(page)


def test_the_page_can_be_installed(visit):
    page = visit()
    page.wait_for_selector("html[data-offline=true]", timeout=WAIT)
    devtools = page.context.new_cdp_session(page)
    manifest = devtools.send("Page.getAppManifest")
    assert manifest["errors"] == [] and manifest["url"].endswith("manifest.webmanifest")
    found = devtools.send("Page.getInstallabilityErrors")["installabilityErrors"]
    assert {error["errorId"] for error in found} <= {"in-incognito"}  # pages of tests are incognito


def test_a_server_that_sends_no_headers(site, visit, photo):
    """The service worker adds the headers. The page reloads itself once, and has threads."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(site))
    handler.log_message = lambda *args: None
    with serving(http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)) as url:
        page = visit(url, wait="body")
        page.wait_for_function("() => crossOriginIsolated", timeout=WAIT)
        page.wait_for_selector(READY, timeout=WAIT)
        enhance_in(page, photo)
        assert threads(page) == threads_expected(page)


def test_the_photo_chosen_last_is_shown(visit, photo):
    page = visit()
    large = png(np.tile(photo, (5, 5, 1)))
    for content in (large, png(photo[:99]), large, png(photo[:55, :77])):
        page.set_input_files(
            "#file", {"name": "photo.png", "mimeType": "image/png", "buffer": content}
        )
    page.locator("#status", has_text="77×55").wait_for(timeout=WAIT)
    page.wait_for_timeout(500)
    assert "77×55" in page.inner_text("#status") and page.is_visible("#save")


def test_a_photo_chosen_before_the_network_is_there(visit, photo):
    page = visit(wait="body")
    assert enhance_in(page, photo).shape == photo.shape


def test_a_computation_that_failed_starts_again(visit, photo):
    """The worker is gone, as on a phone that runs out of memory."""
    page = visit()
    page.context.add_init_script(
        "const start = Worker.prototype.postMessage;"
        "Worker.prototype.postMessage = function (...a) {"
        "  window.worker = this; return start.apply(this, a); };"
    )
    page.reload()
    page.wait_for_selector(READY, timeout=WAIT)
    page.evaluate(BREAK_DOWN)
    assert enhance_in(page, photo).shape == photo.shape
    page.evaluate(BREAK_DOWN)
    assert enhance_in(page, photo[:99]).shape == (99, 500, 3)
    # During the work the page shows a message, and works again afterwards.
    large = {"name": "a.png", "mimeType": "", "buffer": png(np.tile(photo, (8, 6, 1)))}
    page.set_input_files("#file", large)
    page.locator("#percent", has_text=re.compile(r"\d %")).wait_for(timeout=WAIT)
    page.evaluate(BREAK_DOWN)
    page.locator("#error", has_text="stopped (out of memory)").wait_for(timeout=WAIT)
    assert enhance_in(page, photo).shape == photo.shape
    assert page.is_hidden("#error")


def test_the_layout_on_a_narrow_phone(visit, photo, tmp_path):
    page = visit(**PHONE)
    enhance_in(page, photo, name="a_very_long_name_" * 6 + ".png")
    page.set_input_files("#file", {"name": "x.jpg", "mimeType": "image/jpeg", "buffer": b"x"})
    page.wait_for_selector("#error:visible")
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    for control in page.locator("button:visible, .button:visible, select:visible").all():
        box = control.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 360
        assert box["height"] >= 43.9, control.inner_text()
    assert page.locator("#view").bounding_box()["height"] >= 300


def test_the_keyboard_reaches_all_controls(visit, photo):
    page = visit()
    enhance_in(page, photo)
    reached = set()
    for _ in range(20):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id || document.activeElement.innerText"))
    ids = {"view", "divider", "camera", "file", "save", "model", "processor", "own"}
    assert ids | {"Fit", "100 %", "+", "−"} <= reached
    page.select_option("#processor", "wasm")
    page.wait_for_selector("#enhance:visible", timeout=WAIT)
    page.focus("#enhance")
    page.keyboard.press("Enter")  # the pressed button disappears, and the picture gets the focus
    assert page.evaluate("document.activeElement.id") == "view"
    page.wait_for_selector(DONE, timeout=WAIT)
    page.focus("#file")
    with page.expect_file_chooser():
        page.evaluate("0")  # the browser answers in order, so it watches for pickers now
        page.keyboard.press("Space")  # a key takes another way, and could arrive first


def test_a_site_without_networks(site, visit, tmp_path):
    shutil.copytree(site, tmp_path / "bare", ignore=shutil.ignore_patterns("models"))
    with serving(make_server(DemoServerConfig(folder=str(tmp_path / "bare"), port=0))) as url:
        page = visit(url, wait="#error:visible")
        assert "no network" in page.inner_text("#error")
