"""Plots of named rows over one horizontal axis, as parts of a matplotlib figure, and their SVG.

`figure_of_plots` makes a figure with a plot for each panel. `to_svg` returns a figure for a page,
with colors that follow the style sheet of the page.
"""

import io
import math
import re
import threading
from collections.abc import Sequence
from typing import Literal
from xml.etree import ElementTree

import matplotlib
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, Rectangle
from matplotlib.text import Text
from matplotlib.transforms import Affine2D

# Sizes in points; one point is one unit of an SVG.
WIDTH, NAMES, ROW, BAR, TICKS, TITLE, GAP = 340, 112, 22, 16, 20, 20, 24
PLOT = WIDTH - NAMES - 24
FONT_SIZE = 11
LONGEST_NAME = 17

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


class RowPlot:
    """The plot area of a panel: named rows from top to bottom over one horizontal axis.

    The plot draws on the figure itself. An `Axes` would take three times as long, which matters for
    the results page of a running study.

    Args:
        figure: the figure.
        left: left edge of the plot area, points from the left.
        bottom: bottom edge, points from the bottom.
        rows: number of rows.
    """

    def __init__(self, figure: Figure, left: float, bottom: float, rows: int):
        self.limits = 0.0, 1.0  # values at the left and right edge
        self._figure, self._left, self._bottom, self._rows = figure, left, bottom, rows
        self._points = Affine2D().scale(1 / 72) + figure.dpi_scale_trans

    def x(self, value: float) -> float:
        """Return the place of a value on the horizontal axis."""
        low, high = self.limits
        return self._left + (value - low) / (high - low) * PLOT

    def y(self, row: float) -> float:
        """Return the middle of a row."""
        return self._bottom + (self._rows - row - 0.5) * ROW

    def bar(self, row: int, start: float, end: float, color: str, alpha: float, tip: str) -> None:
        corner, height = (self.x(start), self.y(row) - BAR / 2), BAR
        width = self.x(end) - self.x(start)
        self._add(Rectangle(corner, width, height, color=color, alpha=alpha, linewidth=0), tip)

    def dot(self, row: int, value: float, color: str, tip: str) -> None:
        self._add(Circle((self.x(value), self.y(row)), 5, color=color, linewidth=0, zorder=3), tip)

    def interval(
        self, row: int, low: float, high: float, color: str, width: float, caps: bool, tip: str
    ) -> None:
        if math.isnan(low):
            return
        left, right, y, cap = self.x(low), self.x(high), self.y(row), 4 if caps else 0
        x_values, y_values = (left, left, left, right, right, right), (-cap, cap, 0, 0, -cap, cap)
        line = Line2D(x_values, [y + part for part in y_values], color=color, linewidth=width)
        line.set_solid_capstyle("butt")
        self._add(line, tip)

    def grid(self, value: float, color: str, dashed: bool = False) -> None:
        x, ends = self.x(value), (self._bottom, self._bottom + self._rows * ROW)
        style = (0, (3, 3)) if dashed else "solid"
        self._add(Line2D((x, x), ends, color=color, linewidth=1, linestyle=style, zorder=1.5))

    def row_name(self, row: int, name: str, bold: bool = False) -> None:
        short = name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"
        weight = "bold" if bold else "normal"
        self._text(self._left - 6, self.y(row) - 4, short, "right", INK, weight=weight)

    def tick(self, value: float, label: str) -> None:
        self._text(self.x(value), self._bottom - 13, label, "center", SOFT, FONT_SIZE - 1)

    def title(self, text: str) -> None:
        top = self._bottom + self._rows * ROW
        self._text(self._left + PLOT / 2, top + 6, text, "center", INK)

    def _text(
        self,
        x: float,
        y: float,
        text: str,
        align: Literal["left", "center", "right"],
        color: str,
        size: float = FONT_SIZE,
        weight: str = "normal",
    ) -> None:
        label = Text(
            x, y, text, color=color, fontsize=size, fontweight=weight, ha=align, va="baseline",
            parse_math=False,
        )  # fmt: skip
        self._add(label)

    def _add(self, artist: Artist, tip: str = "") -> None:
        artist.set_transform(self._points)
        if tip:
            artist.set_gid(_TOOLTIP + tip)
        self._figure.add_artist(artist)


def figure_of_plots(rows: Sequence[Sequence[int]], titles: bool) -> tuple[Figure, list[RowPlot]]:
    """Make a figure whose panels have the given numbers of bars, row by row."""
    above = TITLE if titles else 0
    heights = [above + ROW * max(row) + TICKS for row in rows]
    width = max(map(len, rows)) * (WIDTH + GAP) - GAP
    height = sum(heights) + GAP * (len(rows) - 1)
    figure, plots = Figure(figsize=(width / 72, height / 72)), []
    top = height
    for row, row_height in zip(rows, heights, strict=True):
        for column, bars in enumerate(row):
            left = column * (WIDTH + GAP) + NAMES
            plots.append(RowPlot(figure, left, top - above - ROW * bars, bars))
        top -= row_height + GAP
    return figure, plots


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
