"""The report's plots as SVG that follows the page's colours: bars of shares, dots of scores."""

import math
from html import escape

from study.bradley_terry import Scores
from study.shares import Share

WIDTH, NAME, ROW, AXIS = 340, 110, 22, 20
COLORS = 8  # classes c0… of the style sheet
_LONGEST = 17


def share_bars(rows: dict[str, Share], first: int, second: int, label: str) -> str:
    """A bar for each photo, the last row heavier: the share of the first class, and its interval.

    Args:
        rows: by name.
        first: colour of the first class.
        second: colour of the second.
        label: for screen readers.
    """
    height = ROW * len(rows) + AXIS
    wide = WIDTH - NAME - 8

    def x(value):
        return NAME + value * wide

    parts = []
    for i, (name, share) in enumerate(rows.items()):
        y, total = i * ROW, i == len(rows) - 1
        parts.append(_name(name, y + 15, total))
        if not share.votes:
            continue
        low, high = share.interval()
        title = f"{name}: {share.wins} of {share.votes} votes, {percent(share.share)}"
        middle = y + ROW / 2
        whisker = "" if math.isnan(low) else (
            f'<path class="whisker" d="M{x(low):.1f} {middle - 4}v8M{x(high):.1f} {middle - 4}v8'
            f'M{x(low):.1f} {middle}H{x(high):.1f}"/>'
        )  # fmt: skip
        if not math.isnan(low):
            title += f", 95 % interval {percent(low)} to {percent(high)}"
        parts.append(
            f'<g class="{"total" if total else "row"}"><title>{escape(title)}</title>'
            f'<rect class="c{first % COLORS}" x="{NAME}" y="{y + 3}" '
            f'width="{share.share * wide:.1f}" height="{ROW - 6}"/>'
            f'<rect class="c{second % COLORS}" x="{x(share.share):.1f}" y="{y + 3}" '
            f'width="{(1 - share.share) * wide:.1f}" height="{ROW - 6}"/>{whisker}</g>'
        )
    for value in (0, 0.5, 1):
        anchor = "end" if value == 1 else "middle"
        place = f"{x(value):.1f}"
        parts.append(
            f'<path class="half" d="M{place} 0V{height - AXIS}"/><text class="tick {anchor}" '
            f'x="{place}" y="{height - 5}">{percent(value)}</text>'
        )
    return _svg(height, "".join(parts), label)


def score_dots(scores: Scores, colors: list[int], low: float, high: float, label: str) -> str:
    """Scores with their intervals on an axis from `low` to `high`."""
    height = ROW * len(scores.classes) + AXIS
    wide = WIDTH - NAME - 24

    def x(value):
        return NAME + 12 + (value - low) / (high - low) * wide

    parts = []
    for tick in range(math.ceil(low), math.floor(high) + 1):
        kind = "zero" if tick == 0 else "grid"
        parts.append(
            f'<path class="{kind}" d="M{x(tick):.1f} 0V{height - AXIS}"/><text class="tick middle" '
            f'x="{x(tick):.1f}" y="{height - 5}">{tick}</text>'
        )
    rows = zip(scores.classes, scores.score, scores.low, scores.high, colors, strict=True)
    for i, (name, score, bottom, top, color) in enumerate(rows):
        middle = i * ROW + ROW / 2
        parts.append(_name(name, i * ROW + 15, False))
        if math.isnan(score):
            continue
        title = f"{name}: {score:.2f}"
        whisker = ""
        if not math.isnan(bottom):
            title += f", 95 % interval {bottom:.2f} to {top:.2f}"
            whisker = f'<path class="range" d="M{x(bottom):.1f} {middle}H{x(top):.1f}"/>'
        parts.append(
            f'<g class="dot c{color % COLORS}"><title>{escape(title)}</title>{whisker}'
            f'<circle cx="{x(score):.1f}" cy="{middle}" r="5"/></g>'
        )
    return _svg(height, "".join(parts), label)


def percent(value: float) -> str:
    """A share as a reader's percentage."""
    return "—" if math.isnan(value) else f"{100 * value:.0f} %"


def _name(name, y, heavy):
    short = name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"
    return f'<text class="name{" heavy" if heavy else ""}" x="0" y="{y}">{escape(short)}</text>'


def _svg(height, inside, label):
    size, name = f'viewBox="0 0 {WIDTH} {height}"', f'aria-label="{escape(label)}"'
    return f'<svg {size} role="img" {name}>{inside}</svg>'
