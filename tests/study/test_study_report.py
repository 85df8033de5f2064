"""The files of the report, and a simulated study whose true scores the report recovers."""

import csv
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from fake_study import CLASSES, make_study
from PIL import Image

from study import report_votes, simulate_votes
from study.analysis import analyze
from study.design import read_study
from study.plan import plan
from study.report_votes import ReportConfig
from study.results_page import results_page
from study.row_plots import CLASS_COLORS
from study.simulate_votes import SimulateVotesConfig
from study.store import Store, sqlite_url
from study.votes import read_votes

TRUTH = {phone: {"phone": 0.0, "enhanced": 1.5, "dslr": 1.6} for phone in ("iphone", "sony")}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = make_study(tmp_path_factory.mktemp("report"), phones=tuple(TRUTH), repeats=4)
    study = read_study(made)
    store = Store(sqlite_url(made), study.id)
    simulate_votes.answer_everything(study, store, TRUTH, people=12, seed=1)
    store.close()
    return made


@pytest.fixture(scope="module")
def out(folder):
    report_votes.main(ReportConfig(study=str(folder)))
    return folder / "report"


def test_all_files_are_there_and_no_others(out):
    names = {path.name for path in out.iterdir()}
    assert names == {"report.html", "shares.png", "scores.png", "votes.csv", "results.json"}


def test_every_raw_vote_is_in_the_table(folder, out):
    rows = list(csv.DictReader((out / "votes.csv").open(encoding="utf-8")))
    assert len(rows) == 12 * (3 * 3 * 2 + 4)
    study = read_study(folder)
    for number in (0, 11):
        mine = [row for row in rows if row["participant"] == str(number)]
        assert [(r["phone"], r["photo"], r["left"], r["right"]) for r in mine] == [
            (a.question.phone, a.question.scene, a.left, a.right) for a in plan(study, number)
        ]


def test_the_numbers_are_those_of_the_table(out):
    rows = list(csv.DictReader((out / "votes.csv").open(encoding="utf-8")))
    results = json.loads((out / "results.json").read_text(encoding="utf-8"))
    assert results["votes"] == len(rows) and results["participants"] == 12
    assert len(results["shares"]) == 3 * 3 * 2
    for share in results["shares"]:
        asked = [
            row["better"] == share["first"]
            for row in rows
            if (row["phone"], row["photo"], row["repeat"]) == (share["phone"], share["photo"], "0")
            and {row["left"], row["right"]} == {share["first"], share["second"]}
        ]
        assert (share["wins"], share["votes"]) == (sum(asked), 12)
        assert share["interval"][0] <= share["share"] <= share["interval"][1]


def test_charts_are_pictures_with_content(out):
    for name in ("shares.png", "scores.png"):
        with Image.open(out / name) as image:
            pixels = np.asarray(image.convert("RGB"))
        assert min(pixels.shape[:2]) > 200
        assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 10


class Strict(HTMLParser):
    """A parser that requires closed elements and forbids scripts and everything that loads."""

    VOID = ("meta", "link", "br", "input")

    def __init__(self):
        super().__init__()
        self.open, self.seen = [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        assert tag not in ("script", "img", "iframe")
        assert not any(name.startswith("on") or name in ("src", "style") for name, _ in attrs)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_well_formed_and_loads_nothing(out):
    text = (out / "report.html").read_text(encoding="utf-8")
    strict = Strict()
    strict.feed(re.sub(r"(class|words)=(\w+)>", r'\1="\2">', text))
    assert strict.open == []
    assert strict.seen.count("svg") == 3 * 2 + 3
    assert "http" not in text.replace("http-equiv", "")


def test_names_cannot_become_html(folder):
    study = read_study(folder)
    store = Store(sqlite_url(folder), study.id)
    votes = read_votes(study, store)
    store.close()
    bad = "<i>x</i>"
    text = json.dumps([vars(picture) for picture in study.pictures]).replace("sony", bad)
    pictures = tuple(type(study.pictures[0])(**facts) for facts in json.loads(text))
    votes = [type(v)(**{**vars(v), "phone": v.phone.replace("sony", bad)}) for v in votes]
    nasty = type(study)(**{**vars(study), "pictures": pictures, "title": bad})
    page = results_page(analyze(nasty, votes))[0]
    assert "<i>" not in page and "&lt;i&gt;x" in page


def test_the_command_prints_the_claims(folder, out, capsys):
    report_votes.main(ReportConfig(study=str(folder), out=str(out)))
    said = capsys.readouterr().out
    assert "264 votes from 12 participants; 12 answered every question; 0 votes undone" in said
    assert "iphone: enhanced over phone: " in said and "enhanced preferred" in said


def test_other_roles_give_other_claims(folder, tmp_path):
    config = ReportConfig(
        study=str(folder), out=str(tmp_path), original="dslr", enhanced="phone", dslr="enhanced"
    )
    report_votes.main(config)
    results = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    assert {c["claim"] for c in results["claims"]} == {
        "phone over dslr", "phone on a par with enhanced"
    }  # fmt: skip
    zero = [s["class"] for s in results["scores"] if s["score"] == 0]
    assert zero == ["dslr"] * 3


def test_simulated_people_follow_their_model(folder):
    """Over all phones, share and scores of the model lie within their intervals."""
    study = read_study(folder)
    store = Store(sqlite_url(folder), study.id)
    found = analyze(study, read_votes(study, store))
    store.close()
    low, high = found.pooled[None, "phone", "enhanced"].interval()
    assert low <= 1 / (1 + np.exp(1.5)) <= high
    scores = found.scores[None]
    for name in CLASSES[1:]:
        i = scores.classes.index(name)
        assert scores.low[i] <= TRUTH["sony"][name] <= scores.high[i]


@pytest.mark.slow
def test_the_simulated_study_of_the_docs(tmp_path, capsys):
    simulate_votes.main(SimulateVotesConfig(out=str(tmp_path / "s"), seed=1))
    said = capsys.readouterr().out
    inside = re.findall(r"(\d) of 8 intervals contain the true score", said)
    assert int(inside[0]) >= 7
    study = read_study(tmp_path / "s")
    assert sum(q.phone == "sony" for q in study.questions()) == 27
    with (tmp_path / "s" / "report" / "votes.csv").open(encoding="utf-8") as file:
        assert sum(1 for _ in file) == 1 + 42 * (9 * (3 + 3 + 6) + 6)


def test_the_charts_take_their_colors_from_the_page(out):
    """The style sheet has every chart color, and no chart has a fixed color."""
    text = (out / "report.html").read_text(encoding="utf-8")
    style, _, body = text.partition("</style>")
    for i, color in enumerate(CLASS_COLORS):
        assert f"--c{i}: {color}" in style
    charts = re.findall(r"<svg.*?</svg>", body, re.DOTALL)
    assert not any(re.search(r"#[0-9a-f]{6}\b", chart) for chart in charts)
    assert all("var(--ink)" in chart and "<title>" in chart for chart in charts)
    ids = re.findall(r' id="([^"]*)"', body)
    assert len(ids) == len(set(ids))
