"""The report's plots as PNG: preference shares of each photo, and Bradley-Terry scores."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from study.analysis import Analysis

COLORS = ("#0072b2", "#c2410c", "#00795a", "#a83a86", "#8a6a00", "#5b4bc4", "#4d5560", "#0e8aa8")
DPI = 110
ACROSS = 3  # panels


def shares(analysis: Analysis, path: Path) -> None:
    """A panel for each phone and pairing: a bar of both classes for each photo, with intervals."""
    study = analysis.study
    panels = []  # rows of up to ACROSS panels of one phone
    for phone in study.phones:
        pairs = [pair for pair in study.pairs if (phone, *pair) in analysis.pooled]
        panels += [
            [(phone, *pair) for pair in pairs[i : i + ACROSS]] for i in range(0, len(pairs), ACROSS)
        ]
    heights = [
        2.9 + sum((q[0], *q[2:]) == row[0] for q in analysis.photos) for row in panels
    ]  # in rows of bars
    width = max(map(len, panels))
    figure = Figure(figsize=(3.4 * width, 0.24 * sum(heights)), layout="constrained")
    grid = figure.subplots(
        len(panels), width, squeeze=False, gridspec_kw={"height_ratios": heights}
    )
    for axes_row, row in zip(grid, panels, strict=True):
        for axes, panel in zip(axes_row, row, strict=False):
            _panel(axes, analysis, *panel)
        for axes in axes_row[len(row) :]:
            axes.set_axis_off()
    figure.savefig(path, dpi=DPI)


def _panel(axes, analysis, phone, first, second) -> None:
    classes = analysis.study.classes
    rows = {q[1]: s for q, s in analysis.photos.items() if (q[0], *q[2:]) == (phone, first, second)}
    rows["all photos"] = analysis.pooled[phone, first, second]
    for y, share in enumerate(rows.values()):
        if not share.votes:
            continue
        last = y == len(rows) - 1
        color, other = (COLORS[classes.index(kind) % len(COLORS)] for kind in (first, second))
        axes.barh(y, share.share, color=color, alpha=0.9 if last else 0.6)
        axes.barh(y, 1 - share.share, left=share.share, color=other, alpha=0.9 if last else 0.6)
        low, high = share.interval()
        axes.plot([low, high], [y, y], color="black", linewidth=1.4, solid_capstyle="butt")
        axes.plot([low, low, high, high], [y, y, y, y], "|", color="black", markersize=5)
    axes.axvline(0.5, color="white", linewidth=1, linestyle="--")
    axes.set_yticks(range(len(rows)), [_short(name) for name in rows], fontsize=7, parse_math=False)
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "25", "50", "75", "100 %"], fontsize=7)
    axes.set_title(f"{phone}: {first} | {second}", fontsize=9, parse_math=False)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def scores(analysis: Analysis, path: Path) -> None:
    """Scores with their intervals, one panel for each phone."""
    known = analysis.scores
    tallest = max(len(found.classes) for found in known.values())
    figure = Figure(figsize=(5.5, len(known) * (0.3 * tallest + 0.75)), layout="constrained")
    panels = figure.subplots(len(known), 1, squeeze=False, sharex=True)[:, 0]
    for axes, (phone, found) in zip(panels, known.items(), strict=True):
        for y, name in enumerate(found.classes):
            color = COLORS[analysis.study.classes.index(name) % len(COLORS)]
            if np.isfinite(found.low[y]):
                axes.plot([found.low[y], found.high[y]], [y, y], color=color, linewidth=2)
            axes.plot(found.score[y], y, "o", color=color)
        axes.axvline(0, color="0.7", linewidth=1, zorder=0)
        axes.set_yticks(range(len(found.classes)), [_short(name) for name in found.classes],
                        fontsize=8, parse_math=False)  # fmt: skip
        axes.set_ylim(len(found.classes) - 0.5, -0.5)
        title = phone or "all phones"
        axes.set_title(title, fontsize=9, loc="left", parse_math=False)
        for side in ("top", "right", "left"):
            axes.spines[side].set_visible(False)
        axes.tick_params(axis="y", length=0)
    label = f"Bradley-Terry score above {analysis.reference} (logits), 95 % intervals"
    panels[-1].set_xlabel(label, fontsize=8, parse_math=False)
    figure.savefig(path, dpi=DPI)


def _short(name: str, most: int = 18) -> str:
    return name if len(name) <= most else f"{name[: most - 1]}…"
