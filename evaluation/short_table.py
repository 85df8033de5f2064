"""The table that a command prints: the metrics that matter most, in columns that fit a terminal."""

from collections.abc import Mapping

from common.text_columns import in_columns
from evaluation.network_cost import COSTS
from evaluation.number_text import amount, number
from evaluation.summary import is_infinite
from metrics import METRICS

TIME = "ms_per_megapixel"


def short_table(methods: Mapping[str, Mapping]) -> str:
    """Write the metrics that are `printed`, one row a method, as plain text.

    Args:
        methods: what `evaluation.summary.summarize` returns.

    Returns:
        Lines of equal columns; a dash stands for a value that does not exist.
    """
    printed = [metric for metric in METRICS.values() if metric.printed]
    rows = [["method", *(metric.heading for metric in printed), COSTS[TIME]]]
    for name, facts in methods.items():
        cells = [
            "∞" if is_infinite(metric, facts) else number(facts.get(metric.name), metric.decimals)
            for metric in printed
        ]
        rows.append([name, *cells, amount((facts["cost"] or {}).get(TIME))])
    return in_columns(rows)
