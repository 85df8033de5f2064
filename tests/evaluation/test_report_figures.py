"""Tables, plots and cases of report.html, and names that try to do harm."""

import dataclasses
import json
import re

import numpy as np
import pytest
from fake_report import NASTY, PAIRS, facts, make_report

from evaluation.published import PUBLISHED, published_as
from evaluation.report import Report, as_html
from evaluation.report_cases import FULL_ERROR, error_map, find_cases, input_psnr
from evaluation.report_plots import distribution, log_ticks, ticks
from evaluation.report_tables import differences, warning
from evaluation.verdict import difference_in_words
from metrics import METRICS


@pytest.fixture(scope="module")
def report():
    return make_report()


def test_cases_are_ordered_by_the_gain():
    psnr, before = np.array([20.0, 25, np.nan, 18, 22]), np.array([19.0, 20, 15, 19, 20])
    cases = find_cases(psnr, before)  # gains 1, 5, undefined, −1, 2
    assert [(case.kind, case.pair, case.gain) for case in cases] == [
        ("worst", 3, -1), ("median", 0, 1), ("best", 1, 5)
    ]  # fmt: skip
    # The input has no gain on any pair, so its PSNR decides.
    own = np.array([19.0, 21, 15, 18, 20])
    assert [case.pair for case in find_cases(own, own)] == [2, 0, 1]
    assert find_cases(np.full(3, np.nan), np.ones(3)) == []


def test_psnr_of_the_input():
    black, gray = np.zeros((2, 4, 4, 3), np.uint8), np.zeros((2, 4, 4, 3), np.uint8)
    gray[0] = 51  # a fifth of 255
    found = input_psnr(black, gray)
    assert found[0] == pytest.approx(10 * np.log10(25)) and np.isnan(found[1])


def test_error_map_is_black_where_nothing_differs_and_full_from_the_limit_on():
    target = np.zeros((1, 4, 3), np.uint8)
    picture = target.copy()
    picture[0, 1:] = np.array([FULL_ERROR // 2, FULL_ERROR, 255])[:, None]
    colors = np.asarray(error_map(picture, target).convert("RGB"), int)[0]
    assert colors[0].max() < 5 and colors[2].min() > 150
    np.testing.assert_array_equal(colors[2], colors[3])
    assert colors[0].sum() < colors[1].sum() < colors[2].sum()
    np.testing.assert_array_equal(error_map(target, picture), error_map(picture, target))


@pytest.mark.parametrize(
    ("key", "difference", "value", "aim", "expected"),
    [
        ("psnr", [2, 1, 3], 22, 20, "better"),
        ("psnr", [-2, -3, -1], 18, 20, "worse"),
        ("psnr", [2, -1, 5], 22, 20, "not distinguishable"),
        ("psnr", [0, 0, 0], 20, 20, "not distinguishable"),
        ("color", [-2, -3, -1], 3, 5, "better"),
        ("color", [2, 1, 3], 7, 5, "worse"),
        ("contrast", [0.1, 0.05, 0.2], 0.9, 0.8, "better"),
        ("noise", [0.1, 0.05, 0.2], 1.2, 1.1, "worse"),
        ("noise", [0.3, 0.2, 0.4], 1.1, 0.8, "higher"),
        ("sharpness", [-0.3, -0.4, -0.2], 0.8, 1.1, "lower"),
    ],
)
def test_a_difference_in_words(key, difference, value, aim, expected):
    assert difference_in_words(METRICS[key], difference, value, aim) == expected


def test_published_figures_stand_beside_the_measured(report):
    text = as_html(report)
    row = re.search(r"<tr><th[^>]*><span>the method</span>.*?</tr>", text).group()
    assert re.findall(r"\d+\.\d+ / \d\.\d+", row) == [
        "17.66 / 0.6387", "21.97 / 0.9400", "19.16 / 0.9114", "19.51 / 0.9259"
    ]  # fmt: skip
    assert row.count('class="here"') + row.count("class=here") == 2  # Sony's, and measured
    assert "other, larger test sets" in text and "1704.02470" in text
    assert published_as("DPED", "mine") == "the method" and published_as("auto", "sony") is None
    assert published_as("sony_orig", "Sony") == "the method"
    assert published_as("iphone_orig", "sony") is None  # trained for another phone
    assert all(figures.keys() == {"iphone", "blackberry", "sony"} for figures in PUBLISHED.values())


def test_published_figures_stay_away_from_other_pairs(report):
    text = as_html(dataclasses.replace(report, published=False))
    assert "19.16 / 0.9114" not in text and "#published" not in text and "1704.02470" not in text
    assert "#published" in as_html(report)


def test_tables_say_what_was_measured(report):
    text = as_html(report)
    row = re.findall(rf"<tr><th[^>]*><span>{'dped'}</span>.*?</tr>", text)[0]
    for expected in ("19.16", "19.15 – 19.17", "400,000", "398,000", "2,500", f"<td>{PAIRS}</td>"):
        assert expected in row
    assert "1 identical" in text
    table = differences(report.methods, "input")
    assert re.search(r"\+2\.00.*?\+1\.50 to \+2\.50.*?better", table)
    assert re.search(r"\+0\.40.*?−0\.10 to \+0\.90.*?not distinguishable", table)
    assert "<span>input</span>" not in table


def test_too_few_pairs_are_told():
    assert "too few to conclude" in warning({"a": facts(20, n=25), "b": facts(20, n=19)})
    assert warning({"a": facts(20, n=20)}) == ""
    assert "24 pairs of 4 scenes: too few" in warning({"a": facts(20, n=24)}, scenes=4)
    assert warning({"a": facts(20, n=24)}, scenes=5) == ""


def test_the_page_opens_on_the_method_that_it_is_about(report):
    about = dataclasses.replace(report, first=NASTY, verdict="better <than> input")
    text = as_html(about)
    assert text.index("better &lt;than&gt; input") < text.index('id="pictures"')
    assert text.index('id="pictures"') < text.index('id="metrics"')
    assert re.search(r'<option value="2" selected>', text)
    assert re.search(r'<option value="1" selected>', as_html(report))


def test_ticks_of_a_ratio_keep_their_decimals(report):
    noise = as_html(report).split('id="texture"')[1].split("</figure>")[0]
    shown = re.findall(r'<text class="tick middle"[^>]*>([^<]*)<', noise)
    assert len(shown) == len(set(shown)) > 2


def test_ticks():
    assert ticks(13.2, 31.1) == [15, 20, 25, 30]
    np.testing.assert_allclose(ticks(0.871, 0.932), [0.88, 0.9, 0.92])
    assert log_ticks(15, 900) == [20, 50, 100, 200, 500]
    assert log_ticks(3, 2e5) == [10, 100, 1000, 10_000, 100_000]


def test_dots_lie_at_their_values():
    scores = {"a": {"psnr": np.array([10.0, 30, np.nan, 20])}}
    found = re.findall(
        r'<circle cx="([\d.]+)".*?<title>pair (\d): (\S+) dB', distribution(scores, "psnr")
    )
    places = {int(pair): float(x) for x, pair, _ in found}
    assert places.keys() == {0, 1, 3} and places[0] + places[1] == pytest.approx(2 * places[3])
    assert distribution({"a": {"psnr": np.array([np.nan])}}, "psnr") == ""


def test_many_pairs_are_thinned_and_told():
    drawn = distribution({"a": {"psnr": np.linspace(10, 30, 5000)}}, "psnr")
    assert drawn.count("<circle") == 200 and "Drawn: 200 pairs" in drawn
    assert "pair 0:" in drawn and "pair 4999:" in drawn


def test_names_are_escaped_and_nothing_runs_but_the_page_s_own(report):
    text = as_html(report)
    assert "<b>&" not in text and text.count("<script") == 2 and "onload" not in text
    data = json.loads(re.search(r'id="data">(.*?)</script>', text).group(1))
    assert [method["name"] for method in data["methods"]] == ["input", "dped", NASTY]
    policy = re.search(r'Policy" content="(.*?)"', text).group(1)
    assert policy.startswith("default-src 'none'; img-src data:;") and "unsafe" not in policy


def test_wrong_input_is_named(report):
    parts = {key: getattr(report, key) for key in ("methods", "per_image", "inputs", "targets")}
    with pytest.raises(ValueError, match="'dpd' is not among"):
        Report("sony", "dpd", **parts, pictures={})
    with pytest.raises(ValueError, match="dped: expected uint8"):
        Report("sony", "dped", **parts, pictures={"dped": report.inputs[:2]})


def test_a_method_whose_pairs_are_all_identical(report):
    same = facts(20.0, identical=PAIRS) | {"psnr": None, "psnr_pooled": None}
    nothing = {key: np.full(PAIRS, np.nan) for key in METRICS}
    alone = Report(
        "mine", "copy", {"copy": same}, {"copy": nothing}, report.targets, report.targets,
        {"copy": report.targets},
    )  # fmt: skip
    text = as_html(alone)
    assert "∞" in text and "no case can be chosen" in text
