"""Tests of choices that the user makes while the web demo is still at work."""

import re

import numpy as np
import pytest
import skimage.data
from test_web_page import NAME, give, own
from web_demo import DONE, WAIT, enhance_in, png

FP16 = "iphone_3gs_fp16_256.json"
INT8 = f"{NAME}.json"

# Downloads with this name arrive a second late.
SLOW = """slow => {
  const fetch = window.fetch;
  window.fetch = async (...a) => {
    if (String(a[0]).includes(slow)) await new Promise((resolve) => setTimeout(resolve, 1000));
    return fetch(...a);
  };
}"""


@pytest.fixture(scope="module")
def photo():
    return np.ascontiguousarray(skimage.data.coffee()[:300, :500])


def large(photo):
    return {"name": "a.png", "mimeType": "", "buffer": png(np.tile(photo, (8, 6, 1)))}


def test_the_network_chosen_last_computes_even_if_another_arrives_late(visit, photo):
    page = visit()
    expected = enhance_in(page, photo, model=FP16)
    page.evaluate(SLOW, f"{NAME}.tflite")
    page.select_option("#model", INT8)
    page.wait_for_timeout(100)
    page.select_option("#model", FP16)
    page.wait_for_timeout(2000)
    assert np.array_equal(enhance_in(page, photo), expected)


def test_a_photo_chosen_while_another_network_loads(visit, photo):
    """The network's status does not replace the photo's status."""
    page = visit()
    page.evaluate(SLOW, NAME)
    page.select_option("#model", INT8)
    page.set_input_files("#file", large(photo))
    page.locator("#percent", has_text=re.compile(r"\d %")).wait_for(timeout=WAIT)
    assert page.is_hidden("#enhance") and page.inner_text("#status") == "Enhancing…"
    page.wait_for_selector(DONE, timeout=WAIT)
    assert "fastest" in page.inner_text("#status")


def test_the_users_own_network_can_be_added_again(visit, photo):
    page = visit()
    give(page, own())
    page.locator("#status", has_text="Ready: mine").wait_for(timeout=WAIT)
    enhance_in(page, photo)
    assert page.is_hidden("#enhance")
    give(page, own(source="another"))
    page.locator("#enhance").wait_for(timeout=WAIT)


def test_only_the_first_mouse_button_moves_the_divider(visit, photo):
    page = visit()
    enhance_in(page, photo)
    box = page.locator("#view").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + 100)
    page.mouse.down(button="right")
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 100)
    assert page.input_value("#divider") == "50"
