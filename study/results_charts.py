"""Charts of the results: preference shares of each photo, and Bradley-Terry scores.

Each chart is a matplotlib figure. `write_pictures` writes figures as PNG. `to_svg` returns a figure
for a page, with colors that follow the style sheet of the page.
"""

import io
import math
import re
import threading
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study.analysis import Analysis
from study.bradley_terry import Scores
from study.shares import Share

# Sizes in points; one point is one unit of an SVG.
WIDTH, NAMES, ROW, TICKS, TITLE, GAP = 340, 112, 22, 20, 20, 24
FONT_SIZE = 11
LONGEST_NAME = 17
DPI = 100
ACROSS = 3  # panels side by side in a picture
TOTAL = "all photos"
ALL_PHONES = "all phones"

# The colors of results.css in its light variant.
INK, SOFT, LINE, PAPER = "#1d1f24", "#5a606b", "#d5d8de", "#ffffff"
CLASS_COLORS = (
    "#6aa9d4",
    "#e39a6d",
    "#63b79c",
    "#d08dba",
    "#c9b062",
    "#a79fe0",
    "#a3aab5",
    "#6fbdd0",
)
CSS_COLORS = {INK: "var(--ink)", SOFT: "var(--soft)", LINE: "var(--line)", PAPER: "var(--paper)"}
CSS_COLORS |= {color: f"var(--c{i})" for i, color in enumerate(CLASS_COLORS)}

_TOOLTIP = "tooltip: "  # start of a group id in the SVG that becomes the tooltip of the group
_settings_lock = threading.Lock()  # matplotlib's settings are global, the server has threads

Panel = tuple[str, str, str]  # phone, first class, second class


def percent(share: float) -> str:
    """Format a share as a percentage; a dash stands for no number."""
    return "—" if math.isnan(share) else f"{100 * share:.0f} %"


def class_color(analysis: Analysis, name: str) -> int:
    """Return the index of a class in `CLASS_COLORS`."""
    return analysis.study.classes.index(name) % len(CLASS_COLORS)


def share_panels(analysis: Analysis, phone: str) -> list[Panel]:
    """Return the panels of a phone, one for each pairing."""
    pairs = analysis.study.pairs
    return [(phone, *pair) for pair in pairs if (phone, *pair) in analysis.pooled]


def shares_figure(
    analysis: Analysis, rows: Sequence[Sequence[Panel]], titles: bool = False
) -> Figure:
    """Draw one panel for each pairing, with a bar for each photo and a last bar for all photos.

    A bar shows the shares of the votes for the first and for the second class. The line on a bar
    shows the 95 % interval of the share.

    Args:
        analysis: the numbers.
        rows: the panels, row by row.
        titles: whether each panel has a title.
    """
    bars = {panel: _bars(analysis, panel) for row in rows for panel in row}
    figure, panels = _figure([[len(bars[panel]) for panel in row] for row in rows], titles)
    for axes, ((phone, first, second), shares) in zip(panels, bars.items(), strict=True):
        colors = [CLASS_COLORS[class_color(analysis, name)] for name in (first, second)]
        _draw_shares(axes, shares, colors)
        if titles:
            axes.set_title(f"{phone}: {first} | {second}", fontsize=FONT_SIZE, parse_math=False)
    return figure


def scores_figure(analysis: Analysis, phones: Sequence[str | None], titles: bool = False) -> Figure:
    """Draw the scores of all classes with their 95 % intervals, one panel below another.

    Args:
        analysis: the numbers.
        phones: the phone of each panel; None for all phones.
        titles: whether each panel has a title.
    """
    scores = [analysis.scores[phone] for phone in phones]
    figure, panels = _figure([[len(found.classes)] for found in scores], titles)
    limits = _score_limits(analysis)
    for axes, phone, found in zip(panels, phones, scores, strict=True):
        colors = [CLASS_COLORS[class_color(analysis, name)] for name in found.classes]
        _draw_scores(axes, found, colors, limits)
        if titles:
            axes.set_title(phone or ALL_PHONES, fontsize=FONT_SIZE, parse_math=False)
    return figure


def write_pictures(analysis: Analysis, shares_path: Path, scores_path: Path) -> None:
    """Write the charts of all phones as PNG on a white background."""
    rows = []
    for phone in analysis.study.phones:
        panels = share_panels(analysis, phone)
        rows += [panels[i : i + ACROSS] for i in range(0, len(panels), ACROSS)]
    shares = shares_figure(analysis, rows, titles=True)
    shares.savefig(shares_path, format="png", dpi=DPI)
    scores = scores_figure(analysis, list(analysis.scores), titles=True)
    scores.savefig(scores_path, format="png", dpi=DPI)


def to_svg(figure: Figure, label: str) -> str:
    """Return a figure as an SVG element for a page.

    The security policy of the page forbids style attributes, so they become presentation
    attributes. Fixed colors become the color variables of the style sheet. Text takes the font of
    the page. Group ids that begin with `_TOOLTIP` become tooltips.

    Args:
        figure: the figure.
        label: description for screen readers; unique on the page.
    """
    text = io.StringIO()
    figure.patch.set_visible(False)
    # Real text instead of outlines; ids that are unique on the page.
    with (
        _settings_lock,
        matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": label}),
    ):
        figure.savefig(text, format="svg", metadata={"Date": None})
    root = ElementTree.fromstring(text.getvalue())
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag.rpartition("}")[2] in ("metadata", "style"):
                parent.remove(child)
    for element in root.iter():
        _adapt_to_page(element)
    root.attrib = {"viewBox": root.attrib["viewBox"], "role": "img", "aria-label": label}
    return ElementTree.tostring(root, encoding="unicode")


def _adapt_to_page(element: ElementTree.Element) -> None:
    attributes = {name.rpartition("}")[2]: value for name, value in element.attrib.items()}
    for declaration in filter(None, attributes.pop("style", "").split(";")):
        name, _, value = (part.strip() for part in declaration.partition(":"))
        if name == "font":
            attributes["font-size"] = re.findall(r"([\d.]+)px", value)[0]
            if "bold" in value or "700" in value:
                attributes["font-weight"] = "bold"
        else:
            attributes[name] = CSS_COLORS.get(value, value)
    group = attributes.get("id", "")
    if element.tag.endswith("}g"):
        attributes.pop("id", None)
    if group.startswith(_TOOLTIP):
        title = ElementTree.Element("title")
        title.text = group.removeprefix(_TOOLTIP)
        element.insert(0, title)
    element.tag = element.tag.rpartition("}")[2]
    element.attrib = attributes
    element.tail = None
    if element.tag not in ("text", "title", "tspan"):
        element.text = None


def _bars(analysis: Analysis, panel: Panel) -> dict[str, Share]:
    """The share of each photo, and of all photos, for the first class of a panel."""
    phone, first, second = panel
    rows = {
        photo: share
        for (of_phone, photo, *pair), share in analysis.photos.items()
        if (of_phone, *pair) == (phone, first, second)
    }
    return rows | {TOTAL: analysis.pooled[panel]}


def _score_limits(analysis: Analysis) -> tuple[float, float]:
    """The common range of the axes of all scores."""
    ends = [
        float(value)
        for scores in analysis.scores.values()
        for values in (scores.score, scores.low, scores.high)
        for value in values
        if math.isfinite(value)
    ]
    return min(ends) - 0.2, max(ends) + 0.2


def _figure(rows: Sequence[Sequence[int]], titles: bool) -> tuple[Figure, list[Axes]]:
    """Make a figure whose panels have the given numbers of bars, row by row."""
    above = TITLE if titles else 0
    heights = [above + ROW * max(row) + TICKS for row in rows]
    width = max(map(len, rows)) * (WIDTH + GAP) - GAP
    height = sum(heights) + GAP * (len(rows) - 1)
    figure, panels = Figure(figsize=(width / 72, height / 72)), []
    top = height
    for row, row_height in zip(rows, heights, strict=True):
        for column, bars in enumerate(row):
            left, bottom = column * (WIDTH + GAP) + NAMES, top - above - ROW * bars
            size = (WIDTH - NAMES - 24) / width, ROW * bars / height
            panels.append(figure.add_axes((left / width, bottom / height, *size)))
        top -= row_height + GAP
    return figure, panels


def _draw_shares(axes: Axes, shares: dict[str, Share], colors: Sequence[str]) -> None:
    for y, (name, share) in enumerate(shares.items()):
        if not share.votes:
            continue
        low, high = share.interval()
        said = f"{name}: {share.wins} of {share.votes} votes, {percent(share.share)}"
        if not math.isnan(low):
            said += f", 95 % interval {percent(low)} to {percent(high)}"
        alpha = 1 if name == TOTAL else 0.75
        bars = [
            *axes.barh(y, share.share, 0.72, color=colors[0], alpha=alpha),
            *axes.barh(y, 1 - share.share, 0.72, left=share.share, color=colors[1], alpha=alpha),
        ]
        # One line: cap, interval, cap.
        x_values, y_values = (low, low, low, high, high, high), (-0.18, 0.18, 0, 0, -0.18, 0.18)
        whisker = axes.plot(x_values, [y + part for part in y_values], color=INK, linewidth=1.5)
        for artist in (*bars, *whisker):
            artist.set_gid(_TOOLTIP + said)
    axes.axvline(0.5, color=PAPER, linewidth=1, dashes=(3, 3), zorder=1.5)
    axes.set_xlim(0, 1)
    _label_axes(axes, list(shares), [0, 0.5, 1], [percent(x) for x in (0, 0.5, 1)])
    axes.get_yticklabels()[-1].set_fontweight("bold")


def _draw_scores(
    axes: Axes, scores: Scores, colors: Sequence[str], limits: tuple[float, float]
) -> None:
    rows = zip(scores.classes, scores.score, scores.low, scores.high, colors, strict=True)
    for y, (name, score, low, high, color) in enumerate(rows):
        if math.isnan(score):
            continue
        said = f"{name}: {score:.2f}"
        if not math.isnan(low):
            said += f", 95 % interval {low:.2f} to {high:.2f}"
        dot = axes.plot([score], [y], "o", color=color, markersize=10, markeredgewidth=0)
        interval = axes.plot([low, high], [y, y], color=color, linewidth=3)
        for artist in (*dot, *interval):
            artist.set_gid(_TOOLTIP + said)
    ticks = list(range(math.ceil(limits[0]), math.floor(limits[1]) + 1))
    for tick in ticks:
        axes.axvline(tick, color=LINE if tick else SOFT, linewidth=1, zorder=0)
    axes.set_xlim(*limits)
    _label_axes(axes, scores.classes, ticks, [str(tick) for tick in ticks])


def _label_axes(
    axes: Axes, names: Sequence[str], ticks: Sequence[float], labels: Sequence[str]
) -> None:
    axes.set_ylim(len(names) - 0.5, -0.5)
    short = [n if len(n) <= LONGEST_NAME else f"{n[: LONGEST_NAME - 1]}…" for n in names]
    axes.set_yticks(range(len(names)), short, fontsize=FONT_SIZE, color=INK, parse_math=False)
    axes.set_xticks(ticks, labels, fontsize=FONT_SIZE - 1, color=SOFT)
    axes.tick_params(length=0, pad=5)
    axes.patch.set_visible(False)
    axes.set_frame_on(False)
