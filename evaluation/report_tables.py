"""The tables of the report, as HTML: all metrics, paired differences, published results."""

from collections.abc import Mapping
from html import escape

from evaluation.network_cost import COSTS
from evaluation.number_text import amount, number
from evaluation.published import PHONES, PUBLISHED, SOURCE, published_as
from evaluation.summary import is_infinite
from evaluation.verdict import difference_in_words, too_few
from metrics import METRICS, Metric

Methods = Mapping[str, Mapping]


def warning(methods: Methods, scenes: int | None = None) -> str:
    """Write a note if there are too few pairs or scenes for a conclusion."""
    said = too_few(min(facts["n"] for facts in methods.values()), scenes)
    if not said:
        return ""
    return (
        f'<p class="warning" role="note"><strong>{said}</strong> '
        "An interval from so few pairs is itself unreliable. Read the numbers below as examples, "
        "not as a ranking.</p>"
    )


def published(methods: Methods, phone: str) -> str:
    """Write the published PSNR / SSIM of a phone of `PHONES` beside those measured here."""
    here = PHONES[phone.lower()]
    heads = "".join(f'<th scope="col">{PHONES[folder]}</th>' for folder in _own_first(phone))
    rows, rest = [], dict(methods)
    for name, figures in PUBLISHED.items():
        measured = [method for method in methods if published_as(method, phone) == name]
        rows.append(_published_row(name, figures, phone, {m: rest.pop(m) for m in measured}))
    rows += [_published_row(name, {}, phone, {"": facts}) for name, facts in rest.items()]
    caption = (
        f"PSNR / SSIM. The values measured here, for {escape(here)}, follow the authors' rules: "
        "PSNR is pooled over all pairs, and SSIM is MS-SSIM. <strong>The published values are of "
        "other, larger test sets</strong> and of the authors' own training. Compare the order "
        f"of methods, not decibels. Source: {SOURCE}."
    )
    if "one_click" in methods:
        caption += " APE is not available as a file; compare one_click with its row."
    head = (
        '<tr><th scope="col" rowspan="2">method</th>'
        f'<th scope="col" rowspan="2">measured here, {escape(here)}</th>'
        f'<th scope="colgroup" colspan="{len(PHONES)}">published</th></tr><tr>{heads}</tr>'
    )
    return table("published", "Published and measured", caption, head, rows)


def all_metrics(methods: Methods) -> str:
    """Write every metric with its interval, the number of pairs, and the cost; one row a method."""
    shown = [metric for name, metric in METRICS.items() if any(name in f for f in methods.values())]
    rows = []
    for name, facts in methods.items():
        cells = [_measured(facts, metric) for metric in shown]
        identical = f'<div class="small">{facts["identical"]} identical</div>'
        cells.append(f"<td>{facts['n']}{identical if facts['identical'] else ''}</td>")
        cost = facts.get("cost") or {}
        cells += [f"<td>{amount(cost.get(key))}</td>" for key in COSTS]
        rows.append(_row(name, cells))
    heads = [_heading(metric) for metric in shown]
    heads += [f'<th scope="col">{text}</th>' for text in ("pairs", *COSTS.values())]
    caption = (
        "Each cell holds the mean over the pairs and below it the 95 % bootstrap interval. "
        "Identical pairs have an infinite PSNR and are left out of its mean. Pooled PSNR is the "
        "PSNR of the mean squared error over all pairs. Contrast, noise and sharpness are relative "
        "to the target: 1 means as in the target."
    )
    head = f'<tr><th scope="col">method</th>{"".join(heads)}</tr>'
    return table("metrics", "All metrics and cost", caption, head, rows)


def differences(methods: Methods, reference: str) -> str:
    """Write the paired differences to the reference, each with its interval and a verdict."""
    others = {name: facts.get("differences") or {} for name, facts in methods.items()}
    others.pop(reference, None)
    shown = [metric for name, metric in METRICS.items() if any(name in f for f in others.values())]
    if not shown:
        return ""
    rows = []
    for name, found in others.items():
        cells = []
        for metric in shown:
            difference = found.get(metric.name)
            if difference and None not in difference:
                value, aim = (methods[m].get(metric.name) for m in (name, reference))
                cells.append(_difference(metric, difference, value, aim))
            else:
                cells.append("<td>–</td>")
        rows.append(_row(name, cells))
    caption = (
        f"Each cell holds the mean of method − {escape(reference)} over the same pairs and its "
        "95 % interval. “Not distinguishable” means that the interval contains 0. Where 1 is the "
        "aim, nearer to 1 is better; if the two methods lie on different sides of 1, the verdict "
        "is only higher or lower."
    )
    head = f'<tr><th scope="col">method</th>{"".join(map(_heading, shown))}</tr>'
    return table("differences", f"Differences from {escape(reference)}", caption, head, rows)


def table(key: str, title: str, caption: str, head: str, rows: list[str]) -> str:
    """Write a section with a table that scrolls in its box; `title` and `caption` are HTML."""
    return (
        f'<section>\n<h2 id="{key}">{title}</h2>\n'
        f'<div class="scroll" role="region" aria-labelledby="{key}" tabindex="0">\n'
        f"<table>\n<thead>{head}</thead>\n<tbody>\n" + "\n".join(rows) + "\n</tbody>\n</table>\n"
        f'</div>\n<p class="note">{caption}</p>\n</section>'
    )


def _published_row(name: str, figures: Mapping, phone: str, measured: Methods) -> str:
    cells = []
    for folder in _own_first(phone):
        pair = figures.get(folder)
        text = f"{pair[0]:.2f} / {pair[1]:.4f}" if pair else "–"
        cells.append(f"<td{' class=here' if folder == phone.lower() else ''}>{text}</td>")
    lines = []
    for method, facts in measured.items():
        value = f"{number(facts['psnr_pooled'], 2)} / {number(facts['ms_ssim'], 4)}"
        note = f' <span class="small">{escape(method)}</span>' if method else ""
        lines.append(f"<div>{value}{note}</div>")
    return _row(name, [f'<td class="here">{"".join(lines) or "–"}</td>', *cells])


def _own_first(phone: str) -> list[str]:
    """Order the published phones: this one first, beside the measured values."""
    return sorted(PHONES, key=lambda folder: folder != phone.lower())


def _difference(
    metric: Metric, difference: list[float], value: float | None, aim: float | None
) -> str:
    mean, low, high = (number(end, metric.decimals, sign=True) for end in difference)
    said = difference_in_words(metric, difference, value, aim)
    kind = {"better": "better", "worse": "worse"}.get(said, "neutral")
    mark = {"better": "✓ ", "worse": "✗ "}.get(said, "")
    return (
        f'<td>{mean}<div class="small">{low} to {high}</div>'
        f'<div class="verdict {kind}">{mark}{said}</div></td>'
    )


def _measured(facts: Mapping, metric: Metric) -> str:
    value = facts.get(metric.name)
    if value is None:
        return f"<td>{'∞' if is_infinite(metric, facts) else '–'}</td>"
    ends = (facts.get("intervals") or {}).get(metric.name) or (None, None)
    text = number(value, metric.decimals)
    if None not in ends:
        low, high = (number(end, metric.decimals) for end in ends)
        text += f'<div class="small">{low} – {high}</div>'
    return f"<td>{text}</td>"


def _heading(metric: Metric) -> str:
    return f'<th scope="col">{metric.heading}<div class="small">{metric.better}</div></th>'


def _row(name: str, cells: list[str]) -> str:
    return f'<tr><th scope="row"><span>{escape(name)}</span></th>{"".join(cells)}</tr>'
