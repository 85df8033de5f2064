"""Per-image metrics summed up: means, intervals, differences, and a table of them."""

from collections.abc import Mapping

import numpy as np

from evaluation.columns import COSTS, METRICS, amount
from evaluation.scores import Scored
from metrics import interval, means, paired_difference, pooled

POOLED, ERROR = "psnr_pooled", "mse"


def summary(scored: Mapping[str, Scored], reference: str) -> dict[str, dict]:
    """The "methods" of results.json.

    Args:
        scored: results by method.
        reference: the method that the others are compared with.

    Returns:
        By method: the mean of each metric over images (PSNR without identical pairs; the pooled
        PSNR of the mean squared error), "n", "identical", "cost", "intervals" (95 %, bootstrap over
        images) and, but for the reference, "differences" to it (mean, low, high). Infinite or
        undefined values are None.
    """
    others = scored[reference].per_image
    return {
        name: _summed_up(result, None if name == reference else others)
        for name, result in scored.items()
    }


def _summed_up(result, others):
    facts = {name: _number(value) for name, value in means(result.per_image).items()}
    intervals, differences = {}, {}
    for name in METRICS:
        # The pooled PSNR of the images drawn is one statistic of their errors.
        source, statistic = (ERROR, pooled) if name == POOLED else (name, np.mean)
        values = result.per_image[source]
        ends = [_number(end) for end in interval(values, statistic)]
        if None not in ends:
            intervals[name] = ends
        if others is not None:
            compared = paired_difference(values, others[source], statistic)
            if np.isfinite(compared).all():
                differences[name] = list(compared)
    facts |= {"intervals": intervals, "cost": result.cost}
    return facts if others is None else facts | {"differences": differences}


def _number(value):
    """JSON has neither infinity nor NaN; counts stay whole."""
    if isinstance(value, int):
        return value
    return float(value) if np.isfinite(value) else None


def as_markdown(methods: Mapping[str, Mapping], reference: str) -> str:
    """The results as a Markdown table, one row a method, with half-widths of the intervals.

    Args:
        methods: as `summary` returns them.
        reference: the method that the others were compared with.
    """
    headings = [*(metric.heading for metric in METRICS.values()), *COSTS.values(), "pairs"]
    lines = [f"| method | {' | '.join(headings)} |", "|---|" + "---|" * len(headings)]
    for name, facts in methods.items():
        cells = [_cell(facts, key, metric.decimals) for key, metric in METRICS.items()]
        cost = facts["cost"] or {}
        cells += [amount(cost.get(key)) for key in COSTS]
        identical = f" ({facts['identical']} identical)" if facts["identical"] else ""
        lines.append(f"| {name} | {' | '.join(cells)} | {facts['n']}{identical} |")
    lines.append("")
    lines.append(f"± is half the 95 % bootstrap interval. PSNR against {reference}, per image:")
    lines.append("")
    for name, facts in methods.items():
        if difference := facts.get("differences", {}).get("psnr"):
            mean, low, high = difference
            verdict = "better" if low > 0 else "worse" if high < 0 else "no telling"
            lines.append(f"- {name}: {mean:+.2f} dB ({low:+.2f} to {high:+.2f}), {verdict}")
    return "\n".join(lines) + "\n"


def _cell(facts, metric, digits):
    if facts[metric] is None:
        return "∞" if metric.startswith("psnr") and facts["identical"] == facts["n"] else ""
    text = f"{facts[metric]:.{digits}f}"
    if metric not in facts["intervals"]:
        return text
    low, high = facts["intervals"][metric]
    return f"{text} ± {(high - low) / 2:.{digits}f}"
