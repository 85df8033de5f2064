"""Charts of the results: preference shares of each photo, and Bradley-Terry scores.

Each chart is a matplotlib figure of `study.row_plots`. `write_pictures` writes the charts as PNG;
the results page shows them as SVG.
"""

import math
from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from common.plural import plural
from study.analysis import Analysis
from study.bradley_terry import Scores
from study.row_plots import CLASS_COLORS, INK, LINE, PAPER, SOFT, RowPlot, figure_of_plots
from study.shares import Share

DPI = 100
ACROSS = 3  # panels side by side in a picture
TOTAL = "all photos"
ALL_PHONES = "all phones"

Panel = tuple[str, str, str]  # phone, first class, second class


def percent(share: float) -> str:
    """Format a share as a percentage; a dash stands for no number."""
    return "—" if math.isnan(share) else f"{100 * share:.0f} %"


def class_color(analysis: Analysis, name: str) -> int:
    """Return the index of a class in `CLASS_COLORS`."""
    return analysis.study.classes.index(name) % len(CLASS_COLORS)


def share_panels(analysis: Analysis, phone: str) -> list[Panel]:
    """Return the panels of a phone, one for each pair of classes."""
    pairs = analysis.study.pairs
    return [(phone, *pair) for pair in pairs if (phone, *pair) in analysis.pooled]


def shares_figure(
    analysis: Analysis, rows: Sequence[Sequence[Panel]], titles: bool = False
) -> Figure:
    """Draw one panel for each pair of classes: a bar for each photo and a last bar for all photos.

    A bar shows the shares of the votes for the first and for the second class. The line on a bar
    shows the 95 % interval of the share.

    Args:
        analysis: the numbers.
        rows: the panels, row by row.
        titles: whether each panel has a title.
    """
    bars = {panel: _bars(analysis, panel) for row in rows for panel in row}
    figure, plots = figure_of_plots([[len(bars[panel]) for panel in row] for row in rows], titles)
    for plot, ((phone, first, second), shares) in zip(plots, bars.items(), strict=True):
        colors = [CLASS_COLORS[class_color(analysis, name)] for name in (first, second)]
        _draw_shares(plot, shares, colors)
        if titles:
            plot.title(f"{phone}: {first} | {second}")
    return figure


def scores_figure(analysis: Analysis, phones: Sequence[str | None], titles: bool = False) -> Figure:
    """Draw the scores of all classes with their 95 % intervals, one panel below another.

    Args:
        analysis: the numbers.
        phones: the phone of each panel; None for all phones.
        titles: whether each panel has a title.
    """
    scores = [analysis.scores[phone] for phone in phones]
    figure, plots = figure_of_plots([[len(found.classes)] for found in scores], titles)
    limits = _score_limits(analysis)
    for plot, phone, found in zip(plots, phones, scores, strict=True):
        colors = [CLASS_COLORS[class_color(analysis, name)] for name in found.classes]
        plot.limits = limits
        _draw_scores(plot, found, colors)
        if titles:
            plot.title(phone or ALL_PHONES)
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


def _draw_shares(plot: RowPlot, shares: dict[str, Share], colors: Sequence[str]) -> None:
    for row, (name, share) in enumerate(shares.items()):
        plot.row_name(row, name, bold=name == TOTAL)
        if not share.votes:
            continue
        low, high = share.interval()
        tip = f"{name}: {share.wins} of {plural(share.votes, 'vote')}, {percent(share.share)}"
        if not math.isnan(low):
            tip += f", 95 % interval {percent(low)} to {percent(high)}"
        alpha = 1 if name == TOTAL else 0.75
        plot.bar(row, 0, share.share, colors[0], alpha, tip)
        plot.bar(row, share.share, 1, colors[1], alpha, tip)
        plot.interval(row, low, high, INK, 1.5, True, tip)
    plot.grid(0.5, PAPER, dashed=True)
    for value in (0, 0.5, 1):
        plot.tick(value, percent(value))


def _draw_scores(plot: RowPlot, scores: Scores, colors: Sequence[str]) -> None:
    low, high = plot.limits
    for value in range(math.ceil(low), math.floor(high) + 1):
        plot.grid(value, LINE if value else SOFT)
        plot.tick(value, str(value))
    rows = zip(scores.classes, scores.score, scores.low, scores.high, colors, strict=True)
    for row, (name, score, low, high, color) in enumerate(rows):
        plot.row_name(row, name)
        if math.isnan(score):
            continue
        tip = f"{name}: {score:.2f}"
        if not math.isnan(low):
            tip += f", 95 % interval {low:.2f} to {high:.2f}"
        plot.interval(row, low, high, color, 3, False, tip)
        plot.dot(row, score, color, tip)
