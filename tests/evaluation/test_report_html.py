"""report.html in a real browser: by pointer, by finger, by keyboard, and without requests."""

import contextlib
import io
import re

import numpy as np
import pytest
from fake_report import NASTY, make_report
from PIL import Image

from evaluation.report import write_report


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "report.html"
    write_report(path, make_report())
    assert [file.name for file in path.parent.iterdir()] == ["report.html"]
    return path


@pytest.fixture
def opened(browser, page):
    """Give a function that opens the page; at the end, check for errors and requests."""
    with contextlib.ExitStack() as stack:
        complaints, requests = [], []

        def open_page(**options):
            context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
            stack.callback(context.close)
            tab = context.new_page()
            tab.on("console", lambda message: complaints.append(message.text))
            tab.on("pageerror", lambda error: complaints.append(str(error)))
            tab.on("request", lambda request: requests.append(request.url))
            tab.goto(page.as_uri())
            return tab

        yield open_page
        assert complaints == []
        assert requests and {url.split(":")[0] for url in requests} <= {"file", "data"}
        assert {url for url in requests if url.startswith("file")} == {page.as_uri()}


def middle_color(tab, selector, across):
    """Return RGB of an element at a share of its width, a third down, away from buttons."""
    shot = Image.open(io.BytesIO(tab.locator(selector).screenshot())).convert("RGB")
    left, top = int(across * shot.width), shot.height // 3
    return np.asarray(shot)[top - 8 : top + 8, left - 8 : left + 8].mean((0, 1))


def is_green(color):
    return color[1] > color[0] + 80


def test_every_picture_of_every_case_decodes(opened):
    tab = opened()
    decoded = "() => [...document.images].every(i => i.complete && i.naturalWidth > 0)"
    assert tab.evaluate("document.images.length") == 7
    for method in range(3):
        tab.select_option("#method", str(method))
        for case in ("worst", "median", "best"):
            tab.check(f"input[name=case][value={case}]")
            tab.wait_for_function(decoded)
            assert f", {case}: pair " in tab.inner_text("#facts")
    assert tab.inner_text("#name") == NASTY
    assert tab.title() == "Evaluation: sony"


def test_the_divider_moves_by_keyboard(opened):
    tab = opened()
    tab.select_option("#method", "1")
    assert not is_green(middle_color(tab, "#stage", 0.45))  # the input, left of the middle
    assert is_green(middle_color(tab, "#stage", 0.55))
    tab.focus("#split")
    for _ in range(10):
        tab.keyboard.press("ArrowLeft")
    assert tab.input_value("#split") == "40"
    assert is_green(middle_color(tab, "#stage", 0.45))
    assert tab.get_attribute("#split", "aria-valuetext") == "40 % input, 60 % dped"
    tab.keyboard.press("End")
    assert not is_green(middle_color(tab, "#stage", 0.9))


def test_the_divider_follows_the_pointer(opened):
    tab = opened()
    tab.select_option("#method", "1")
    tab.locator("#stage").scroll_into_view_if_needed()
    box = tab.locator("#stage").bounding_box()
    y = box["y"] + box["height"] / 4
    tab.mouse.move(box["x"] + box["width"] / 2, y)
    tab.mouse.down()
    tab.mouse.move(box["x"] + box["width"] * 0.8, y, steps=4)
    tab.mouse.up()
    assert tab.input_value("#split") == "80"
    assert not is_green(middle_color(tab, "#stage", 0.7))
    assert is_green(middle_color(tab, "#stage", 0.9))
    tab.mouse.move(box["x"] + 5, y)  # released: nothing follows
    assert tab.input_value("#split") == "80"


def test_the_divider_follows_a_finger_and_the_page_fits_a_phone(opened):
    tab = opened(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    assert tab.evaluate("document.documentElement.scrollWidth") == 360
    tab.click("summary")
    assert tab.evaluate("document.documentElement.scrollWidth") == 360
    assert tab.evaluate("document.querySelector('.scroll').scrollWidth") > 360
    tab.locator("#stage").scroll_into_view_if_needed()
    box = tab.locator("#stage").bounding_box()
    tab.touchscreen.tap(box["x"] + box["width"] * 0.25, box["y"] + 20)
    assert tab.input_value("#split") == "25"


def test_pictures_are_large_and_zoom_together(opened):
    tab = opened()
    assert tab.locator("#stage").bounding_box()["width"] >= 400
    images = "[...document.querySelectorAll('.stage img, .frame img')]"
    shown = f"() => {images}.map(i => getComputedStyle(i)"
    assert set(tab.evaluate(f"{shown}.imageRendering)")) == {"pixelated"}
    tab.focus("#zoom")
    tab.keyboard.press("End")
    assert tab.inner_text("#factor") == "8×"
    transforms = tab.evaluate(f"{shown}.transform)")
    assert len(transforms) == 6 and all(t.startswith("matrix(8, 0, 0, 8,") for t in transforms)
    before = tab.locator(".frame").first.screenshot()
    tab.focus("#panels")
    tab.keyboard.press("ArrowRight")
    assert tab.locator(".frame").first.screenshot() != before
    tab.keyboard.press("-")
    assert tab.inner_text("#factor") == "7×"
    for _ in range(60):  # not beyond the edge
        tab.keyboard.press("ArrowRight")
    box = tab.locator("[data-role=input]").bounding_box()
    frame = tab.locator(".frame").first.bounding_box()
    assert box["x"] + box["width"] == pytest.approx(frame["x"] + frame["width"], abs=0.5)


def test_either_side_can_show_any_picture(opened):
    tab = opened()
    tab.select_option("#left", "target")
    assert tab.get_attribute("[data-side=left]", "src") == tab.get_attribute(
        "[data-role=target]", "src"
    )
    assert tab.inner_text("#left-tag") == "target"
    tab.select_option("#right", "error")
    assert tab.inner_text("#right-tag") == "error map"


def test_the_tab_key_reaches_all_in_the_order_of_the_page(opened):
    tab = opened()
    tab.focus("nav a:last-child")
    reached = []
    while len(reached) < 12 and (not reached or reached[-1] != "panels"):
        tab.keyboard.press("Tab")
        reached.append(tab.evaluate("document.activeElement.id || document.activeElement.name"))
    assert reached == ["method", "case", "left", "right", "zoom", "split", "panels"]


def test_dots_can_be_walked_by_keyboard(opened):
    tab = opened()
    tab.focus(".strip >> nth=1")
    tab.keyboard.press("Home")
    lowest = tab.inner_text(".readout >> nth=0")
    tab.keyboard.press("ArrowRight")
    next_one = tab.inner_text(".readout >> nth=0")
    value = re.compile(r"^dped, pair \d+: ([\d.]+) dB$")
    assert float(value.match(lowest).group(1)) <= float(value.match(next_one).group(1))
    assert tab.locator("circle.now").count() == 1


def test_without_scripts_tables_plots_and_a_case_are_there(opened):
    tab = opened(java_script_enabled=False)
    assert tab.locator("table").count() == 3 and tab.locator("svg").count() >= 4
    assert tab.locator("text=need JavaScript").is_visible()
    assert not tab.locator("#controls").is_visible()
    # The median case of the first method that is not the input, divided in the middle.
    assert not is_green(middle_color(tab, "#stage", 0.4))
    assert is_green(middle_color(tab, "#stage", 0.6))


def test_light_and_dark(opened):
    for scheme, bright in (("light", True), ("dark", False)):
        tab = opened(color_scheme=scheme)
        colors = tab.evaluate(
            "() => { const s = getComputedStyle(document.body);"
            "return [s.color, s.backgroundColor].map(c => Number(c.match(/\\d+/)[0])) }"
        )
        assert (colors[1] > colors[0]) is bright and abs(colors[1] - colors[0]) > 150
