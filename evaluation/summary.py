"""Summaries of the metrics of all methods: means, intervals, differences, as data and Markdown."""

from collections.abc import Mapping

import numpy as np

from evaluation.network_cost import COSTS
from evaluation.number_text import amount
from evaluation.score_method import Scored
from metrics import METRICS, Metric, interval, means, paired_difference


def summarize(
    scored: Mapping[str, Scored], reference: str, scenes: np.ndarray | None = None
) -> dict[str, dict]:
    """Compute the "methods" of results.json.

    Args:
        scored: results by method.
        reference: the method that all others are compared with.
        scenes: `(N,)`, the scene of each pair, which the intervals resample; None resamples pairs.

    Returns:
        By method: each metric's value of the set of images, see `metrics.means`; "n", "identical"
        and "cost"; "intervals", the bootstrap interval of 95% of each metric (low, high); and
        "differences" of each metric to the reference (difference, low, high), but not for the
        reference itself. Infinite or undefined values are None.
    """
    others = scored[reference].per_image
    return {
        name: _summarize_one(result, None if name == reference else others, scenes)
        for name, result in scored.items()
    }


def _summarize_one(
    result: Scored, others: dict[str, np.ndarray] | None, scenes: np.ndarray | None
) -> dict:
    facts: dict = {name: _for_json(value) for name, value in means(result.per_image).items()}
    intervals, differences = {}, {}
    for name, metric in _measured(result):
        values = result.per_image[metric.values]
        ends = [_for_json(end) for end in interval(values, metric.statistic, scenes)]
        if None not in ends:
            intervals[name] = ends
        if others is not None:
            compared = paired_difference(values, others[metric.values], metric.statistic, scenes)
            if np.isfinite(compared).all():
                differences[name] = list(compared)
    facts |= {"intervals": intervals, "cost": result.cost}
    return facts if others is None else facts | {"differences": differences}


def _measured(result: Scored) -> list[tuple[str, Metric]]:
    return [(n, metric) for n, metric in METRICS.items() if metric.values in result.per_image]


def _for_json(value: float) -> float | None:
    """Replace infinity and NaN, which JSON lacks, by None; keep counts whole."""
    if isinstance(value, int):
        return value
    return float(value) if np.isfinite(value) else None


def as_markdown(methods: Mapping[str, Mapping], reference: str) -> str:
    """Write the results as a Markdown table, one row a method, with half-widths of the intervals.

    Args:
        methods: what `summarize` returns.
        reference: the method that all others were compared with.
    """
    shown = [m for name, m in METRICS.items() if any(name in facts for facts in methods.values())]
    headings = [*(metric.heading for metric in shown), *COSTS.values(), "pairs"]
    lines = [f"| method | {' | '.join(headings)} |", "|---|" + "---|" * len(headings)]
    for name, facts in methods.items():
        cells = [_cell(facts, metric) for metric in shown]
        cost = facts["cost"] or {}
        cells += [amount(cost.get(key)) for key in COSTS]
        identical = f" ({facts['identical']} identical)" if facts["identical"] else ""
        lines.append(f"| {name} | {' | '.join(cells)} | {facts['n']}{identical} |")
    lines.append("")
    lines.append(f"± is half the 95 % bootstrap interval. PSNR of each image minus {reference}:")
    lines.append("")
    for name, facts in methods.items():
        if difference := facts.get("differences", {}).get("psnr"):
            mean, low, high = difference
            verdict = "better" if low > 0 else "worse" if high < 0 else "not distinguishable"
            lines.append(f"- {name}: {mean:+.2f} dB ({low:+.2f} to {high:+.2f}), {verdict}")
    return "\n".join(lines) + "\n"


def _cell(facts: Mapping, metric: Metric) -> str:
    value = facts.get(metric.name)
    if value is None:
        return "∞" if is_infinite(metric, facts) else ""
    text = f"{value:.{metric.decimals}f}"
    if metric.name not in facts["intervals"]:
        return text
    low, high = facts["intervals"][metric.name]
    return f"{text} ± {(high - low) / 2:.{metric.decimals}f}"


def is_infinite(metric: Metric, facts: Mapping) -> bool:
    """Tell whether a metric of a method is infinite, because all its pictures equal the targets."""
    return metric.infinite_if_identical and facts["identical"] == facts["n"]
