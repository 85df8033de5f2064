"""The plots of the report, as inline SVG: quality against cost and texture, the values of pairs.

The SVG is written here and not by matplotlib, whose SVG needs inline styles, which the content
security policy of the page forbids. It also lacks what the page offers: the value of each dot, keys
that go along the dots, names beside the points, and light and dark colors. For six methods and 400
pairs matplotlib takes 5 s instead of 0.2 s, and writes more than twice as many bytes.
"""

import math
from collections.abc import Callable, Mapping
from html import escape

import numpy as np

from evaluation.number_text import number
from metrics import METRICS, Better, Metric

WIDTH, HEIGHT = 440, 330
LEFT, RIGHT, TOP, BOTTOM = 54, 14, 14, 44
ROW = 46  # height of the row of a method in a distribution
CHARACTER, LINE = 7.2, 15  # width and height of a letter, to keep labels apart
COLORS = 8  # classes c0 to c7 of the style sheet
DOTS = 200  # most dots of a method in a plot, to keep the file small
SHAPES = (
    '<circle r="5.5"/>',
    '<rect x="-5" y="-5" width="10" height="10"/>',
    '<path d="M0-7L6.5 5h-13z"/>',
    '<path d="M0-7L7 0L0 7L-7 0z"/>',
)


def ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Choose about `count` round numbers from `low` to `high`."""
    raw = (high - low) / count
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= raw * 0.999)
    return [i * step for i in range(math.ceil(low / step), math.floor(high / step + 1e-9) + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    """Choose powers of ten from `low` to `high`; within three decades, 2 and 5 times them too."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    factors = (1,) if math.log10(high / low) > 3 else (1, 2, 5)
    return [f * 10.0**d for d in decades for f in factors if low <= f * 10.0**d <= high]


def scatter(methods: Mapping[str, Mapping], key: str) -> str:
    """Plot a metric against milliseconds a megapixel; a method without cost is a dashed line.

    Args:
        methods: as in results.json.
        key: name of the metric.

    Returns:
        HTML of a figure, or nothing if no method has a finite value.
    """
    metric = METRICS[key]
    found = {name: facts for name, facts in methods.items() if facts.get(key) is not None}
    times = {
        name: (facts.get("cost") or {}).get("ms_per_megapixel") for name, facts in found.items()
    }
    times = {name: time for name, time in times.items() if time}
    if not found:
        return ""
    ends = {name: (facts.get("intervals") or {}).get(key) for name, facts in found.items()}
    ends = {name: e if e and None not in e else [found[name][key]] * 2 for name, e in ends.items()}
    seen = [facts[key] for facts in found.values()] + [e for name in times for e in ends[name]]
    low, high = _padded(min(seen), max(seen), 10**-metric.decimals)
    fast, slow = min(times.values(), default=1) / 2, max(times.values(), default=1000) * 2

    def across(time):
        share = math.log(time / fast) / math.log(slow / fast)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def down(value):
        return TOP + (high - value) / (high - low) * (HEIGHT - TOP - BOTTOM)

    parts, labels = [_frame(across, down, log_ticks(fast, slow), ticks(low, high), _time)], []
    places = {name: (across(time), down(found[name][key])) for name, time in times.items()}
    taken = _covered(places)
    for index, name in enumerate(methods):
        if name not in found:
            continue
        y = down(found[name][key])
        title = f"<title>{escape(name)}: {_value(metric, found[name][key])}"
        if name in places:
            x = places[name][0]
            whisker = f"M0 {down(ends[name][0]) - y:.1f}V{down(ends[name][1]) - y:.1f}"
            title += f" at {number(times[name], 1)} ms a megapixel</title>"
            parts.append(_point(index, x, y, f'{title}<path class="whisker" d="{whisker}"/>'))
            spots = _spots(x, y)
        else:
            parts.append(
                f'<path class="level c{index % COLORS}" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}">'
                f"{title}, no cost measured</title></path>"
            )
            spots = [(x, y + d, end) for d in (-4, 14) for x, end in ((WIDTH - RIGHT - 3, 1),
                     (LEFT + 4, 0), ((LEFT + WIDTH) / 2, 0))]  # fmt: skip
        labels.append(_label(name, spots, taken))
    words = f"{metric.label} against time a megapixel"
    return _figure(
        f"{words}. Left is faster. {_direction(metric)} Bars are 95 % intervals."
        + (" A dashed line is a method without measured cost." if len(times) < len(found) else ""),
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{words}: '
        f'{_in_words(found, metric, times)}">{"".join(parts + labels)}'
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 6}" class="middle">'
        "ms a megapixel, this machine (logarithmic)</text></svg>",
        metric.heading,
    )


def tradeoff(methods: Mapping[str, Mapping], texture: str, fidelity: str) -> str:
    """Plot a metric of fidelity against a metric of texture, whose aim is 1.

    Args:
        methods: as in results.json.
        texture: name of the metric along the horizontal axis, such as "noise".
        fidelity: name of the metric along the vertical axis.

    Returns:
        HTML of a figure, or nothing if fewer than two methods have both values.
    """
    across_metric, down_metric = METRICS[texture], METRICS[fidelity]
    found = {
        name: (facts[texture], facts[fidelity])
        for name, facts in methods.items()
        if facts.get(texture) is not None and facts.get(fidelity) is not None
    }
    if len(found) < 2:
        return ""
    xs, ys = zip(*found.values(), strict=True)
    left, right = _padded(min(*xs, 1.0), max(*xs, 1.0), 0.05)
    low, high = _padded(min(ys), max(ys), 10**-down_metric.decimals)

    def across(value):
        return LEFT + (value - left) / (right - left) * (WIDTH - LEFT - RIGHT)

    def down(value):
        return TOP + (high - value) / (high - low) * (HEIGHT - TOP - BOTTOM)

    places = {name: (across(x), down(y)) for name, (x, y) in found.items()}
    taken = _covered(places)
    parts = [_frame(across, down, ticks(left, right), ticks(low, high), _tick)]
    parts.append(f'<path class="aim" d="M{across(1):.1f} {TOP}V{HEIGHT - BOTTOM}"/>')
    labels, words = [], []
    for index, name in enumerate(methods):
        if name not in found:
            continue
        x, y = places[name]
        said = (
            f"{name}: {across_metric.label} {_value(across_metric, found[name][0])}, "
            f"{down_metric.label} {_value(down_metric, found[name][1])}"
        )
        words.append(said)
        parts.append(_point(index, x, y, f"<title>{escape(said)}</title>"))
        labels.append(_label(name, _spots(x, y), taken))
    title = f"{down_metric.label} against {across_metric.label}"
    return _figure(
        f"{title}. {_direction(down_metric)} Left and right of the line at 1, a method has less "
        f"and more {across_metric.label} than the target.",
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{title}: '
        f'{escape("; ".join(words))}">{"".join(parts + labels)}'
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 6}" class="middle">'
        f"{across_metric.heading}, relative to the target</text></svg>",
        f"{down_metric.label} and {across_metric.label}",
    )


def distribution(per_image: Mapping[str, Mapping[str, np.ndarray]], key: str) -> str:
    """Plot the values of each pair: a row for each method, a dot for each pair, a box over half.

    Args:
        per_image: by method and metric, `(N,)` float, NaN where undefined.
        key: name of the metric.

    Returns:
        HTML of a figure, or nothing if no value is finite.
    """
    metric = METRICS[key]
    scores = {name: np.asarray(found[key]) for name, found in per_image.items() if key in found}
    finite = [values[np.isfinite(values)] for values in scores.values()]
    everything = np.concatenate([*finite, []])
    if not everything.size:
        return ""
    low, high = _padded(everything.min(), everything.max(), 10**-metric.decimals)
    height = TOP + ROW * len(scores) + BOTTOM - 14

    def across(value):
        return 8 + (value - low) / (high - low) * (WIDTH - 16)

    parts = []
    for tick in ticks(low, high):
        x = across(tick)
        parts.append(
            f'<path class="grid" d="M{x:.1f} {TOP}V{height - 26}"/>'
            f'<text class="tick middle" x="{x:.1f}" y="{height - 10}">{_tick(tick)}</text>'
        )
    for index, (name, values) in enumerate(scores.items()):
        parts.append(_strip(index, name, values, across, metric))
    cut = max(map(len, finite)) > DOTS
    return _figure(
        f"{metric.label} of each pair. The box holds the middle half, the line is the median."
        + (f" Drawn: {DOTS} pairs of each method, evenly spaced by rank." if cut else ""),
        f'<svg viewBox="0 0 {WIDTH} {height}" class="strips" role="group" '
        f'aria-label="{metric.label} of each pair">{"".join(parts)}</svg>'
        '<output class="readout" hidden></output>',
        metric.heading,
    )


def _strip(index: int, name: str, values: np.ndarray, across: Callable, metric: Metric) -> str:
    """Draw the row of a method."""
    order = np.argsort(values, kind="stable")
    order = order[np.isfinite(values[order])]
    top = TOP + ROW * index
    label = f'<text class="name" x="8" y="{top + 11}">{_short(name)}</text>'
    if not len(order):
        return f"<g>{label}</g>"
    quartiles = np.quantile(values[order], (0.25, 0.5, 0.75))
    left, center, right = map(across, quartiles)
    middle = top + 28
    dots = []
    for rank in np.unique(
        np.linspace(0, len(order) - 1, min(DOTS, len(order))).round().astype(int)
    ):
        pair = order[rank]
        # Multiples of the golden ratio keep dots of neighboring rank apart.
        y = middle + 18 * (rank * 0.6180339887 % 1 - 0.5)
        dots.append(
            f'<circle cx="{across(values[pair]):.1f}" cy="{y:.1f}" r="2.6"><title>pair {pair}: '
            f"{_value(metric, float(values[pair]))}</title></circle>"
        )
    quarter, median, third, lowest, highest = (
        _value(metric, float(x)) for x in (*quartiles, values[order[0]], values[order[-1]])
    )
    words = (
        f"{name}: median {median}, half of the pairs from {quarter} to {third}, "
        f"all from {lowest} to {highest}"
    )
    return (
        f'<g class="strip c{index % COLORS}" role="img" aria-label="{escape(words)}" '
        f'data-name="{escape(name)}"><rect class="hit" x="0" y="{top}" width="{WIDTH}" '
        f'height="{ROW - 2}"/>{label}<text class="tick end" x="{WIDTH - 8}" y="{top + 11}">'
        f"median {median}</text>"
        f'<rect class="box" x="{left:.1f}" y="{middle - 11}" height="22" '
        f'width="{max(right - left, 0.5):.1f}"/>{"".join(dots)}'
        f'<path class="median" d="M{center:.1f} {middle - 12}v24"/></g>'
    )


def _frame(
    across: Callable,
    down: Callable,
    columns: list[float],
    values: list[float],
    in_words: Callable[[float], str],
) -> str:
    """Draw the grid of a scatter plot and its labels; `in_words` writes the label of a column."""
    lines = []
    for column in columns:
        x = across(column)
        lines.append(
            f'<path class="grid" d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}"/>'
            f'<text class="tick middle" x="{x:.1f}" y="{HEIGHT - BOTTOM + 16}">'
            f"{in_words(column)}</text>"
        )
    for value in values:
        y = down(value)
        lines.append(
            f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>'
            f'<text class="tick end" x="{LEFT - 6}" y="{y + 4:.1f}">{_tick(value)}</text>'
        )
    return "".join(lines)


def _point(index: int, x: float, y: float, inside: str) -> str:
    """Draw the shape of a method at a place, with a title and more inside."""
    return (
        f'<g class="point c{index % COLORS}" transform="translate({x:.1f} {y:.1f})">'
        f"{inside}{_shape(index)}</g>"
    )


def _covered(places: Mapping[str, tuple[float, float]]) -> list[tuple]:
    """Return the boxes (left, top, right, bottom) that points cover."""
    return [(x - 8, y - 8, x + 8, y + 8) for x, y in places.values()]


def _spots(x: float, y: float) -> list[tuple]:
    """Return the spots for the name of a point, the best first; see `_label`."""
    spots = [(x + 10, y + 4, 0), (x - 10, y + 4, 1), (x + 4, y - 11, 0), (x + 4, y + 20, 0)]
    return spots + [(x + 10, y + 4 + d, 0) for d in (-15, 15, -30, 30)]


def _label(name: str, spots: list[tuple], taken: list[tuple]) -> str:
    """Write a name at the first of the spots (x, baseline, end-aligned) where it covers nothing."""
    wide = CHARACTER * min(len(name), 28)

    def box(x, y, end):
        return (x - wide * end, y - LINE + 4, x + wide * (1 - end), y + 3)

    def free(spot):
        left, top, right, bottom = box(*spot)
        inside = left >= LEFT and right <= WIDTH and top >= 0 and bottom <= HEIGHT - BOTTOM
        return inside and all(
            right <= other[0] or other[2] <= left or bottom <= other[1] or other[3] <= top
            for other in taken
        )

    x, y, end = next(filter(free, spots), spots[0])
    taken.append(box(x, y, end))
    return (
        f'<text class="name{" end" if end else ""}" x="{x:.1f}" y="{y:.1f}">{_short(name)}</text>'
    )


def _figure(caption: str, svg: str, heading: str) -> str:
    return f"<figure><h3>{heading}</h3>{svg}<figcaption>{caption}</figcaption></figure>"


def _shape(index: int) -> str:
    return SHAPES[(index + index // COLORS) % len(SHAPES)]


def _short(name: str) -> str:
    return escape(name if len(name) <= 28 else f"{name[:27]}…")


def _padded(low: float, high: float, least: float) -> tuple[float, float]:
    """Widen a range by a margin of 6%, at least `least`."""
    margin = max((high - low) * 0.06, least)
    return low - margin, high + margin


def _tick(value: float) -> str:
    return f"{value:.6g}".replace("-", "−")


def _time(time: float) -> str:
    return f"{time:,.0f}" if time >= 1 else f"{time:g}"


def _value(metric: Metric, value: float) -> str:
    return f"{number(float(value), metric.decimals)} {metric.unit}".strip()


def _direction(metric: Metric) -> str:
    """Say what the vertical axis of a metric means."""
    return {
        Better.HIGHER: "Up is better.",
        Better.LOWER: "Down is better.",
        Better.NEAR_ONE: "The aim is 1.",
    }[metric.better]


def _in_words(found: Mapping[str, Mapping], metric: Metric, times: Mapping[str, float]) -> str:
    """Describe a scatter plot, for readers who do not see the plot."""
    return escape(
        "; ".join(
            f"{name} {_value(metric, facts[metric.name])}"
            + (f" at {number(times[name], 0)} ms" if name in times else "")
            for name, facts in found.items()
        )
    )
