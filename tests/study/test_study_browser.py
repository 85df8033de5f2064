"""A visit in a real browser on a desktop and on a phone, with mouse, keyboard and touch."""

import contextlib

import pytest
from fake_study import make_study, served

from study.design import read_study
from study.plan import plan
from study.store import Store, sqlite_url
from study.tokens import read_secret, results_key
from study.votes import read_votes

DESK = {"viewport": {"width": 1280, "height": 800}}
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
READY = ".choices button[aria-disabled=false]"


@pytest.fixture
def folder(tmp_path):
    return make_study(tmp_path, photos=2)


@pytest.fixture
def visit(browser, folder):
    """A function that opens the study. The page may not log errors or load from other servers."""
    with contextlib.ExitStack() as stack:
        port = stack.enter_context(served(folder, shared_device=True))
        complaints, requests = [], []

        def open_page(context=None, path="", **options):
            if context is None:
                context = browser.new_context(**{**DESK, **options})
                stack.callback(context.close)
            tab = context.new_page()
            tab.on("console", lambda message: complaints.append(message.text))
            tab.on("pageerror", lambda error: complaints.append(str(error)))
            tab.on("request", lambda request: requests.append(request.url))
            tab.goto(f"http://127.0.0.1:{port}/{path}")
            return tab

        open_page.complaints = complaints
        yield open_page
        expected = ("409 (Conflict)", "401 (Unauthorized)")  # a second tab; results without the key
        assert [c for c in complaints if not any(word in c for word in expected)] == []
        outside = (f"http://127.0.0.1:{port}/", "data:")
        assert requests and all(url.startswith(outside) for url in requests)


def started(tab):
    tab.click("#start")
    tab.wait_for_selector(READY)
    return tab


def answered(tab, done):
    """Wait until the server has `done` answers and the next question is ready."""
    tab.wait_for_selector(f"#count:text-is('{done + 1} of 6')")
    tab.wait_for_selector(READY)


def counted(folder):
    study = read_study(folder)
    store = Store(sqlite_url(folder), study.id)
    try:
        return [vote for vote in read_votes(study, store) if not vote.undone]
    finally:
        store.close()


@pytest.mark.parametrize("device", [DESK, PHONE], ids=["desk", "phone"])
def test_a_whole_visit(visit, folder, device):
    tab = visit(**device)
    assert "6 pairs" in tab.inner_text("#welcome")
    press = tab.tap if device.get("has_touch") else tab.click
    press("#start")
    for i in range(6):
        tab.wait_for_selector(READY)
        assert tab.inner_text("#count") == f"{i + 1} of 6"
        assert tab.evaluate("document.documentElement.scrollWidth") == device["viewport"]["width"]
        boxes = [frame.bounding_box() for frame in tab.locator(".frame").all()]
        assert boxes[0]["width"] == boxes[1]["width"] > 150
        assert boxes[0]["height"] == boxes[1]["height"]
        for box in boxes:
            inside = box["x"] >= 0 and box["x"] + box["width"] <= device["viewport"]["width"]
            assert inside and box["y"] + box["height"] <= device["viewport"]["height"]
        assert tab.evaluate(
            "[...document.querySelectorAll('.frame img')].every(i => i.naturalWidth)"
        )
        press(f"button[data-side={'left' if i % 2 else 'right'}]")
    tab.wait_for_selector("#finished h1:visible")
    assert "All 6 answers are saved" in tab.inner_text("#finished")
    expected = [a.left if i % 2 else a.right for i, a in enumerate(plan(read_study(folder), 0))]
    assert [vote.better for vote in counted(folder)] == expected


@pytest.mark.slow
def test_side_by_side_on_a_desk_and_stacked_on_a_phone(visit):
    for device, stacked in ((DESK, False), (PHONE, True)):
        tab = started(visit(**device))
        one, other = (frame.bounding_box() for frame in tab.locator(".frame").all())
        assert (one["x"] == other["x"]) is stacked
        assert (one["y"] == other["y"]) is not stacked


def test_a_visit_with_the_keyboard_only(visit, folder):
    tab = visit()
    tab.wait_for_selector("#start:visible")
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.id") == "start"
    tab.keyboard.press("Enter")
    tab.wait_for_selector(READY)
    assert (
        tab.evaluate("document.activeElement.id") == "prompt"
    )  # so that a screen reader reads the question
    for done, key in enumerate(("ArrowLeft", "ArrowRight", "1", "2", "a"), 1):
        tab.keyboard.press(key)
        answered(tab, done)
    tab.keyboard.press("u")
    answered(tab, 4)
    tab.keyboard.press("b")
    answered(tab, 5)
    asked = plan(read_study(folder), 0)
    sides = ("left", "right", "left", "right", "right")
    assert [v.better for v in counted(folder)] == [
        getattr(a, side) for a, side in zip(asked, sides, strict=False)
    ]


@pytest.mark.slow
def test_the_tab_key_follows_the_order_of_the_page(visit):
    tab = started(visit())
    reached = []
    for _ in range(8):
        tab.keyboard.press("Tab")
        reached.append(
            tab.evaluate("(e => e.id || e.dataset.side || e.className)(document.activeElement)")
        )
    assert reached == ["frame", "frame", "left", "right", "undo", "out", "in", "fit"]
    labels = "[...document.querySelectorAll('button, progress')].filter(b => b.offsetParent)"
    named = f"{labels}.every(b => b.ariaLabel || b.innerText.trim() || b.labels.length)"
    assert tab.evaluate(named)


def test_a_double_click_answers_one_question(visit, folder):
    tab = started(visit())
    tab.dblclick("button[data-side=left]")
    answered(tab, 1)
    tab.wait_for_timeout(300)
    assert len(counted(folder)) == 1


@pytest.mark.slow
def test_a_held_key_answers_one_question(visit, folder):
    tab = started(visit())
    for _ in range(5):
        tab.keyboard.down("ArrowLeft")  # a key that stays down repeats
        tab.wait_for_timeout(200)
    assert len(counted(folder)) == 1


def test_come_back_after_a_reload_and_in_a_new_tab(visit, folder):
    tab = started(visit())
    tab.keyboard.press("ArrowLeft")
    answered(tab, 1)
    tab.reload()
    tab.wait_for_selector(READY)
    assert tab.inner_text("#count") == "2 of 6"
    other = visit(tab.context)
    other.wait_for_selector(READY)
    assert other.inner_text("#count") == "2 of 6"
    assert len(counted(folder)) == 1


def test_two_tabs_give_one_answer_a_question(visit, folder):
    tab = started(visit())
    other = visit(tab.context)
    other.wait_for_selector(READY)
    tab.click("button[data-side=left]")
    answered(tab, 1)
    other.click("button[data-side=right]")
    answered(other, 1)
    assert "another window" in other.inner_text("#notice")
    assert other.inner_text("#count") == "2 of 6"
    assert [v.better for v in counted(folder)] == [plan(read_study(folder), 0)[0].left]


def test_a_lost_connection_loses_nothing(visit, folder):
    tab = started(visit())
    tab.route("**/api/vote", lambda route: route.abort())
    tab.click("button[data-side=right]")
    tab.wait_for_selector("#notice:visible")
    assert "Nothing is lost" in tab.inner_text("#notice")
    assert counted(folder) == []
    tab.unroute("**/api/vote")
    answered(tab, 1)
    assert not tab.is_visible("#notice")
    assert [v.better for v in counted(folder)] == [plan(read_study(folder), 0)[0].right]
    visit.complaints[:] = [c for c in visit.complaints if "ERR_FAILED" not in c]


def test_an_answer_lost_on_the_way_back_counts_once(visit, folder):
    tab = started(visit())
    seen = []

    def swallow(route):
        seen.append(route.fetch().status)  # the server has the answer, but the page does not know
        route.abort() if len(seen) < 2 else route.continue_()

    tab.route("**/api/vote", swallow)
    tab.click("button[data-side=left]")
    answered(tab, 1)
    assert len(seen) >= 2 and len(counted(folder)) == 1
    visit.complaints[:] = [c for c in visit.complaints if "ERR_FAILED" not in c]


def test_an_answer_given_without_a_connection_survives_a_reload(visit, folder):
    tab = started(visit())
    tab.route("**/api/vote", lambda route: route.abort())
    tab.click("button[data-side=right]")
    tab.wait_for_selector("#notice:visible")
    tab.unroute("**/api/vote")
    tab.reload()
    answered(tab, 1)
    assert [v.better for v in counted(folder)] == [plan(read_study(folder), 0)[0].right]
    visit.complaints[:] = [c for c in visit.complaints if "ERR_FAILED" not in c]


@pytest.mark.slow
def test_photos_that_do_not_load_are_tried_again(visit, folder):
    tab = visit()
    tab.route("**/photo/*", lambda route: route.abort())
    tab.click("#start")
    tab.wait_for_selector("#notice:visible")
    assert tab.locator(READY).count() == 0
    tab.unroute("**/photo/*")
    tab.wait_for_selector(READY)
    assert tab.evaluate("[...document.querySelectorAll('.frame img')].every(i => i.naturalWidth)")
    visit.complaints[:] = [c for c in visit.complaints if "ERR_FAILED" not in c]


def transforms(tab):
    return tab.evaluate(
        "[...document.querySelectorAll('.frame img')].map(i => getComputedStyle(i).transform)"
    )


def test_both_photos_zoom_and_move_together(visit):
    tab = started(visit())
    frame = tab.locator(".frame").first.bounding_box()
    middle = frame["x"] + frame["width"] / 2, frame["y"] + frame["height"] / 2
    tab.mouse.move(*middle)
    tab.mouse.wheel(0, -400)
    tab.wait_for_selector("#factor:not(:text-is('1×'))")
    one, other = transforms(tab)
    assert one == other and one.startswith("matrix(2.7")
    tab.mouse.down()
    tab.mouse.move(middle[0] + 40, middle[1] + 20, steps=3)
    tab.mouse.up()
    moved, other = transforms(tab)
    assert moved == other != one
    tab.keyboard.press("0")
    assert tab.inner_text("#factor") == "1×"
    tab.keyboard.press("+")
    before = transforms(tab)
    tab.keyboard.press("Shift+ArrowRight")
    assert transforms(tab) != before
    tab.dblclick(".frame >> nth=1")
    assert tab.inner_text("#factor") == "1×"
    tab.dblclick(".frame >> nth=1")
    assert tab.inner_text("#factor") == "3×"
    tab.click("button[data-side=left]")
    answered(tab, 1)
    assert tab.inner_text("#factor") == "1×"  # each question starts without zoom


def test_a_pinch_zooms_both(visit):
    tab = started(visit(**PHONE))
    box = tab.locator(".frame").first.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    session = tab.context.new_cdp_session(tab)

    def fingers(kind, apart):
        points = [{"x": x - apart, "y": y, "id": 0}, {"x": x + apart, "y": y, "id": 1}]
        session.send(
            "Input.dispatchTouchEvent", {"type": kind, "touchPoints": points if apart else []}
        )

    fingers("touchStart", 20)
    for apart in (30, 40, 50, 60):
        fingers("touchMove", apart)
    fingers("touchEnd", 0)
    factor = float(tab.inner_text("#factor").removesuffix("×"))
    assert factor == pytest.approx(3, abs=0.2)
    one, other = transforms(tab)
    assert one == other
    assert tab.evaluate("visualViewport.scale") == 1  # the page itself does not zoom


@pytest.mark.slow
def test_undo_on_the_last_page_and_the_next_participant(visit, folder):
    tab = started(visit())
    for done in range(1, 6):
        tab.keyboard.press("ArrowLeft")
        answered(tab, done)
    tab.keyboard.press("ArrowLeft")
    tab.click("#back")
    answered(tab, 5)
    tab.keyboard.press("ArrowRight")
    tab.click("#next")
    tab.wait_for_selector("#start:visible")
    started(tab)
    tab.keyboard.press("ArrowLeft")
    answered(tab, 1)
    votes = counted(folder)
    assert [v.participant for v in votes] == [0] * 6 + [1]


def test_without_scripts_the_page_says_so(visit):
    assert "needs JavaScript" in visit(java_script_enabled=False).inner_text("body")


@pytest.mark.slow
def test_light_and_dark_have_contrast(visit):
    for scheme, bright in (("light", True), ("dark", False)):
        tab = started(visit(color_scheme=scheme))
        colors = tab.evaluate(
            "() => { const s = getComputedStyle(document.body);"
            "return [s.color, s.backgroundColor].map(c => Number(c.match(/\\d+/)[0])) }"
        )
        assert (colors[1] > colors[0]) is bright and abs(colors[1] - colors[0]) > 150


def test_the_results_open_with_the_printed_link(visit, folder):
    tab = started(visit())
    tab.keyboard.press("ArrowLeft")
    answered(tab, 1)
    results = visit(tab.context, f"results#{results_key(read_secret(folder))}")
    results.wait_for_selector("h2:has-text('Bradley')")
    assert "#" not in results.url
    assert "1 vote from 1 participant" in results.inner_text("body")
    with results.expect_download() as waiting:
        results.click("text=All votes as CSV")
    assert waiting.value.path().read_text().count("\n") == 2


@pytest.mark.slow
@pytest.mark.parametrize("width", [360, 1280])
def test_the_results_fit_the_screen(visit, folder, width):
    tab = started(visit())
    tab.keyboard.press("ArrowLeft")
    answered(tab, 1)
    key = results_key(read_secret(folder))
    results = visit(path=f"results#{key}", viewport={"width": width, "height": 800})
    results.wait_for_selector("h2:has-text('Bradley')")
    assert results.evaluate("document.documentElement.scrollWidth") == width
