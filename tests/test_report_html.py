"""The evaluation's HTML report: what it holds, and what it does in a real headless Chromium."""

import json
import re
import shutil

import numpy as np
import pytest

from evaluation.report import Report, as_html, write_report

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
NAMES = ("input", "auto", "<b>net</b>")
METRICS = ("psnr", "psnr_pooled", "ssim", "ms_ssim", "color", "contrast", "noise", "sharpness")


@pytest.fixture(scope="module")
def report():
    rng = np.random.default_rng(0)
    count = 7
    targets = rng.integers(0, 256, (count, 100, 100, 3), np.uint8)
    pictures = {name: targets // (4 - place) for place, name in enumerate(NAMES)}
    values = {
        name: {metric: rng.random(count) + 20 * (metric == "psnr") for metric in METRICS}
        for name in NAMES
    }
    methods = {
        name: {metric: float(np.mean(values[name][metric])) for metric in METRICS}
        | {
            "n": count,
            "identical": 0,
            "intervals": {metric: [0.1, 30.0] for metric in METRICS},
            "differences": {}
            if name == "input"
            else {metric: [1.0, 0.5, 1.5] for metric in METRICS},
            "cost": None
            if name == "input"
            else {"parameters": 10, "macs_per_pixel": None, "ms_per_megapixel": 12.5},
        }
        for name in NAMES
    }
    methods["auto"]["noise"] = None
    return Report("mine", "input", methods, values, targets // 2, targets, pictures)


def test_the_page_holds_all_and_asks_for_nothing(report, tmp_path):
    write_report(tmp_path / "report.html", report)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<b>net</b>" not in page and "&lt;b&gt;net&lt;/b&gt;" in page
    assert "default-src 'none'" in page
    links = re.findall(r"""(?:src|href)\s*=\s*["']([^"'#]+)""", page)
    assert links and all(link.startswith("data:") for link in links)
    assert "19.16" in page  # the published iPhone figure
    assert len(page) < 3_000_000
    assert list(tmp_path.iterdir()) == [tmp_path / "report.html"]


def test_few_pairs_are_too_few_to_conclude(report):
    assert "too few" in as_html(report).lower()


@pytest.fixture
def page(report, tmp_path):
    """The page in Chromium; fails on an error of its script or a request to anywhere."""
    playwright = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("no Chromium here")
    write_report(tmp_path / "report.html", report)
    troubles = []
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 360, "height": 740})
        page.on("console", lambda message: troubles.append(message.text))
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("request", lambda request: troubles.append(request.url[:80])
                if not request.url.startswith(("file:", "data:")) else None)  # fmt: skip
        page.goto((tmp_path / "report.html").as_uri())
        yield page
        assert troubles == []
        browser.close()


def test_it_fits_a_phone_and_its_pictures_decode(page):
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    sizes = page.evaluate("[...document.images].map(image => image.naturalWidth)")
    assert len(sizes) >= 6 and min(sizes) > 0


def test_the_divider_moves_by_key_and_by_pointer(page):
    split = page.locator("#split")
    stage = page.locator("#stage")
    stage.scroll_into_view_if_needed()
    before = stage.screenshot()
    split.focus()
    for _ in range(20):
        page.keyboard.press("ArrowRight")
    assert split.input_value() == "70"
    assert stage.screenshot() != before
    box = stage.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.7, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.2, box["y"] + box["height"] / 2)
    page.mouse.up()
    assert abs(int(split.input_value()) - 20) <= 1


def test_another_method_and_case_show_other_pictures(page):
    facts = page.locator("#facts")
    shown = {facts.inner_text()}
    pictures = {page.locator("img[data-role=target]").get_attribute("src")}
    for method in range(2):
        page.locator("#method").select_option(index=method)
        for kind in ("worst", "median", "best"):
            page.locator(f"input[name=case][value={kind}]").check()
            shown.add(facts.inner_text())
            pictures.add(page.locator("img[data-role=target]").get_attribute("src"))
    assert len(shown) >= 6 and len(pictures) >= 3


def test_zoom_moves_all_pictures_alike(page):
    page.locator("#zoom").fill("4")
    assert page.locator("#factor").inner_text() == "4×"
    transforms = page.evaluate(
        "[...document.querySelectorAll('#viewer .frame img, #stage img')]"
        ".map(image => getComputedStyle(image).transform)"
    )
    assert len(set(transforms)) <= 2 and "none" not in transforms


def test_the_data_of_the_viewer_is_json(report):
    data = re.search(
        r'<script type="application/json" id="data">(.*?)</script>', as_html(report), re.S
    )
    assert {"methods", "pictures"} <= json.loads(data[1]).keys()
