"""The report: right numbers, right pictures, and nothing outside its folder."""

import dataclasses
import html
import html.parser
import itertools
import re

import numpy as np
import pytest
from fake_aligner import FAIL, align, picture, write_shoot
from PIL import Image

from align.__main__ import main
from align.config import AlignConfig
from align.output.alignment_report import PATCHES_SHOWN, _evenly_chosen
from align.output.draw_pictures import (
    GREEN,
    LINES,
    RED,
    draw_checkerboard,
    draw_matches,
    draw_windows,
)
from align.rejection import Rejection
from align.window import Window


class Page(html.parser.HTMLParser):
    """The open tags of a page, and its references."""

    def __init__(self, text):
        super().__init__()
        self.open, self.references = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)
        self.references += [value for name, value in attributes if name in ("src", "href")]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """Return the report on four pairs: two fail, and one name looks like an HTML tag."""
    root = tmp_path_factory.mktemp("shoot")
    folders = write_shoot(root, 5, size=(300, 400), corner={1: FAIL, 3: FAIL})
    for folder in folders:
        (folder / "scene2.png").rename(folder / "<b>&.png")
    (folders[1] / "scene0.png").rename(folders[1] / "alone.png")
    main(AlignConfig(*map(str, folders), "mine", str(root / "dped"), 1), align)
    return root / "dped" / "mine" / "report"


@pytest.fixture(scope="module")
def text(report):
    return (report / "index.html").read_text(encoding="utf-8")


def test_the_page_stands_by_itself(report, text):
    page = Page(text)
    assert page.open == []
    assert len(page.references) > 20
    files = {path.name for path in report.iterdir()} - {"index.html"}
    assert set(page.references) == files  # all there, none too many
    for name in files:
        Image.open(report / name).load()
    assert "viewport" in text and "http" not in text


def test_the_numbers(text):
    # Each photo has 3×4 windows: 0 is flat, 7 does not correlate.
    assert "4 pairs of photos, paired by name; 2 aligned." in text
    assert "20 of 24 windows kept</b> (83%): 10 for training (from 1 photo), 10 for" in text
    assert re.findall(r"<tr><td>(\d+)</td><td>(.*?)</td><td>(.*?)</td><td>(.*?)</td>", text) == [
        ("2", word, html.escape(Rejection(word).explanation), html.escape(Rejection(word).advice))
        for word in ("flat", "correlation")
    ]
    assert "scene1: the photos do not show the same scene" in text
    assert "Pairs that failed (2)" in text
    assert "Photos without a partner (2)" in text and "alone.png" in text
    assert "&lt;b&gt;&amp;" in text and "<b>&" not in text
    assert "scale 1.5" in text


def test_the_verdict_comes_first(text):
    first = re.search(r"</h1>\s*<p class=\"verdict bad\">(.*?)</p>", text)
    assert first
    assert re.match(
        r"2 of 4 scenes, 20 patches, typically 0\.0\d px: not good to train on", first[1]
    )
    assert "fewer than 10 scenes (20 are safe), fewer than 200 patches" in first[1]
    assert "2 of 4 pairs of photos gave no patch" in text


def test_the_worst_kept_come_first_and_the_best_rejected_with_their_reason(report, text):
    captions = re.findall(r"<figcaption>(\d\.\d+.*?)</figcaption>", text)
    kept, rejected = captions[:20], captions[20:]
    values = [float(caption[:5]) for caption in kept]
    assert values == sorted(values) and values[0] == 0.901 and values[-1] == 0.911
    assert [caption.split(":")[0] for caption in rejected] == ["0.500, correlation"] * 2


def test_patches_are_shown_beside_each_other(report, text):
    name = re.search(r'src="(kept0.jpg)"[^\n]*(train|test) (\d+)', text)
    part = {"train": "training_data", "test": "test_data/patches"}[name[2]]
    shown = np.asarray(Image.open(report / name[1])).astype(int)
    for left, side in ((4, "mine"), (108, "canon")):
        patch = np.asarray(Image.open(report.parent / part / side / f"{name[3]}.jpg")).astype(int)
        assert np.abs(shown[4:104, left : left + 100] - patch).mean() < 4


def test_many_pairs_are_shown_in_part():
    assert _evenly_chosen(list(range(3))) == [0, 1, 2]
    shown = _evenly_chosen(list(range(101)))
    assert len(shown) == 20 and shown[0] == 0 and shown[-1] == 100
    assert {b - a for a, b in itertools.pairwise(shown)} <= {5, 6}
    assert _evenly_chosen([]) == []


def test_a_dataset_without_rejections_has_no_list_of_rejections(tmp_path):
    folders = write_shoot(tmp_path, 2)
    main(AlignConfig(*map(str, folders), "mine", str(tmp_path), 1), all_kept)
    text = (tmp_path / "mine" / "report" / "index.html").read_text()
    assert "rejected</h2>" not in text and "Rejected patches" not in text
    assert Page(text).open == []
    assert text.count("<figcaption>0.9") == 2 < PATCHES_SHOWN


def all_kept(phone, dslr, settings):
    alignment = align(phone, dslr, settings)
    return dataclasses.replace(alignment, judged=itertools.islice(alignment.judged, 1, 2))


def test_squares_of_the_checkerboard_are_pure():
    first, second = picture(1, (120, 160)), picture(2, (120, 160))
    board = draw_checkerboard(first, second)
    assert np.array_equal(board[:20, :20], first[:20, :20])
    assert np.array_equal(board[:20, 20:40], second[:20, 20:40])
    assert np.array_equal(board[20:40, :20], second[20:40, :20])
    assert np.array_equal(board[100:120, 140:], first[100:120, 140:])


def test_matches_join_the_same_point_of_both_photos():
    phone, dslr = np.full((100, 150, 3), 90, np.uint8), np.full((120, 100, 3), 60, np.uint8)
    matches = np.float32([[20, 30, 80, 30], [10, 90, 60, 90]])
    sheet = draw_matches(phone, dslr, matches, np.array([True, False]))
    assert sheet.shape == (120, 250, 3)
    assert sheet[30, 20:230].tolist() == [list(GREEN)] * 210
    assert np.abs(sheet[90, 20:200].astype(int) - RED).max() < 20  # thin, so a little blended
    assert sheet[30, 10].tolist() == [90] * 3 and sheet[30, 240].tolist() == [60] * 3
    assert sheet[110, 10].tolist() == [255] * 3


def test_only_so_many_matches_are_drawn():
    blank = np.zeros((500, 20, 3), np.uint8)
    y = np.arange(500, dtype=np.float32)
    matches = np.stack([0 * y, y, 0 * y, y], axis=1)
    sheet = draw_matches(blank, blank, matches, np.arange(500) % 2 == 0)
    assert (sheet[:, 10] == RED).all(axis=-1).sum() <= LINES
    none = draw_matches(blank, blank, matches[:0], np.zeros(0, bool))
    assert not none.any()


def test_windows_are_colored_by_their_correlation():
    white = np.full((50, 200, 3), 255, np.uint8)
    windows = [Window(x, 0, ncc=ncc) for x, ncc in ((0, 1.0), (100, 0.8), (200, 0.2))]
    windows.append(Window(300, 0, ncc=0.99, rejection=Rejection.FLAT))
    sheet = draw_windows(white, windows, (100, 400)).astype(int)
    good, poor, worse, dropped = (sheet[25, x] for x in (25, 75, 125, 175))
    assert good[1] > good[0] + 80 and poor[0] > poor[1] + 80
    assert worse.tolist() == poor.tolist()
    assert dropped.tolist() == sheet[49, 25].tolist() == [127] * 3


def test_the_same_photos_give_the_same_files(tmp_path):
    folders = write_shoot(tmp_path, 2)
    sets = []
    for output in ("a", "b"):
        root = tmp_path / output
        main(AlignConfig(*map(str, folders), "mine", str(root), 1), align)
        files = (path for path in root.rglob("*") if path.suffix in (".jpg", ".csv", ".html"))
        sets.append({path.relative_to(root): path.read_bytes() for path in files})
    assert len(sets[0]) > 20 and sets[0] == sets[1]
