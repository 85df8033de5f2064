"""Tables of the report, as HTML: published beside measured, all metrics, paired differences."""

from collections.abc import Mapping
from html import escape

from evaluation.columns import COSTS, METRICS, Metric, amount
from evaluation.published import PHONES, PUBLISHED, SOURCE, published_as

Methods = Mapping[str, Mapping]
FEW = 20  # pairs, below which nothing is concluded


def number(value: float | None, decimals: int, sign: bool = False) -> str:
    """A value in words: true minus signs, a dash for None."""
    if value is None:
        return "–"
    return f"{value:{'+' if sign else ''}.{decimals}f}".replace("-", "−")


def warning(methods: Methods) -> str:
    """A note where there are too few pairs to conclude anything, or else nothing."""
    fewest = min(facts["n"] for facts in methods.values())
    if fewest >= FEW:
        return ""
    return (
        f'<p class="warning" role="note"><strong>{fewest} pair{"s" if fewest != 1 else ""}: '
        "too few to conclude.</strong> "
        "An interval from so few pairs is itself unreliable; read the figures below as examples, "
        "not as a ranking.</p>"
    )


def published(methods: Methods, phone: str) -> str:
    """PSNR / SSIM as the source's table has them, with what was measured here beside."""
    here = PHONES.get(phone.lower(), phone)
    heads = "".join(f'<th scope="col">{PHONES[folder]}</th>' for folder in _own_first(phone))
    rows, rest = [], dict(methods)
    for name, figures in PUBLISHED.items():
        measured = [method for method in methods if published_as(method, phone) == name]
        rows.append(_published_row(name, figures, phone, {m: rest.pop(m) for m in measured}))
    rows += [_published_row(name, {}, phone, {"": facts}) for name, facts in rest.items()]
    caption = (
        f"PSNR / SSIM. Measured here for {escape(here)} by the authors' rules: PSNR pooled over "
        "all pairs, and MS-SSIM, which the sources call SSIM. <strong>The published figures are of "
        "other, larger test sets</strong> and of the authors' own training: compare the order "
        f"of methods, not decibels. Source: {SOURCE}."
    )
    if "auto" in methods:
        caption += " APE itself is not published; auto stands here in its place."
    head = (
        '<tr><th scope="col" rowspan="2">method</th>'
        f'<th scope="col" rowspan="2">measured here, {escape(here)}</th>'
        f'<th scope="colgroup" colspan="{len(PHONES)}">published</th></tr><tr>{heads}</tr>'
    )
    return table("published", "Published and measured", caption, head, rows)


def _published_row(name, figures, phone, measured):
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


def _own_first(phone):
    """The published phones: this one first, so that its figures stand beside the measured."""
    return sorted(PHONES, key=lambda folder: folder != phone.lower())


def all_metrics(methods: Methods) -> str:
    """Every metric with its interval, number of pairs, and cost; one row a method."""
    shown = _shown(methods)
    rows = []
    for name, facts in methods.items():
        cells = [_measured(facts, key, METRICS[key]) for key in shown]
        identical = f'<div class="small">{facts["identical"]} identical</div>'
        cells.append(f"<td>{facts['n']}{identical if facts['identical'] else ''}</td>")
        cost = facts.get("cost") or {}
        cells += [f"<td>{amount(cost.get(key))}</td>" for key in COSTS]
        rows.append(_row(name, cells))
    heads = [_heading(METRICS[key]) for key in shown]
    heads += [f'<th scope="col">{text}</th>' for text in ("pairs", *COSTS.values())]
    caption = (
        "Means over the pairs, below them 95 % bootstrap intervals. Identical pairs have an "
        "infinite PSNR and are left out of its mean; pooled PSNR is that of the mean squared error "
        "over all pairs. Contrast, noise and sharpness are against the target: 1 is the target's "
        "own."
    )
    head = f'<tr><th scope="col">method</th>{"".join(heads)}</tr>'
    return table("metrics", "All metrics and cost", caption, head, rows)


def differences(methods: Methods, reference: str) -> str:
    """Paired differences to the reference, each with its interval and what follows from it."""
    others = {name: facts.get("differences") or {} for name, facts in methods.items()}
    others.pop(reference, None)
    shown = [key for key in METRICS if any(key in found for found in others.values())]
    if not shown:
        return ""
    rows = []
    for name, found in others.items():
        cells = [
            _difference(key, found[key], methods[name].get(key), methods[reference].get(key))
            if found.get(key) and None not in found[key]
            else "<td>–</td>"
            for key in shown
        ]
        rows.append(_row(name, cells))
    caption = (
        f"Mean of method − {escape(reference)} over the same pairs, and its 95 % interval. "
        "“Not distinguishable”: the interval holds 0. Where 1 is the aim, better is nearer to it, "
        "and a difference across it is only higher or lower."
    )
    head = f'<tr><th scope="col">method</th>{"".join(_heading(METRICS[k]) for k in shown)}</tr>'
    return table("differences", f"Differences from {escape(reference)}", caption, head, rows)


def verdict(metric: Metric, difference: list[float], value: float | None, aim: float | None) -> str:
    """What an interval says: better, worse, higher, lower or not distinguishable.

    Args:
        metric: the metric.
        difference: mean, low and high end of method − reference.
        value: the method's mean.
        aim: the reference's mean.
    """
    _, low, high = difference
    if low <= 0 <= high:
        return "not distinguishable"
    if metric.good == "one":
        if value is None or aim is None or (value - 1) * (aim - 1) < 0:
            return "higher" if low > 0 else "lower"
        return "better" if abs(value - 1) < abs(aim - 1) else "worse"
    return "better" if (low > 0) == (metric.good == "high") else "worse"


def table(key: str, title: str, caption: str, head: str, rows: list[str]) -> str:
    """A section with a table that scrolls within its box; `title` and `caption` are HTML."""
    return (
        f'<section>\n<h2 id="{key}">{title}</h2>\n'
        f'<div class="scroll" role="region" aria-labelledby="{key}" tabindex="0">\n'
        f"<table>\n<thead>{head}</thead>\n<tbody>\n" + "\n".join(rows) + "\n</tbody>\n</table>\n"
        f'</div>\n<p class="note">{caption}</p>\n</section>'
    )


def _difference(key, difference, value, aim):
    metric = METRICS[key]
    mean, low, high = (number(end, metric.decimals, sign=True) for end in difference)
    said = verdict(metric, difference, value, aim)
    kind = {"better": "better", "worse": "worse"}.get(said, "neutral")
    mark = {"better": "✓ ", "worse": "✗ "}.get(said, "")
    return (
        f'<td>{mean}<div class="small">{low} to {high}</div>'
        f'<div class="verdict {kind}">{mark}{said}</div></td>'
    )


def _measured(facts, key, metric):
    if facts.get(key) is None:
        infinite = key.startswith("psnr") and facts["identical"] == facts["n"]
        return f"<td>{'∞' if infinite else '–'}</td>"
    ends = (facts.get("intervals") or {}).get(key) or (None, None)
    text = number(facts[key], metric.decimals)
    if None not in ends:
        low, high = (number(end, metric.decimals) for end in ends)
        text += f'<div class="small">{low} – {high}</div>'
    return f"<td>{text}</td>"


def _shown(methods):
    return [key for key in METRICS if any(key in facts for facts in methods.values())]


def _heading(metric):
    good = {"high": "higher is better", "low": "lower is better", "one": "1 is the aim"}
    return f'<th scope="col">{metric.heading}<div class="small">{good[metric.good]}</div></th>'


def _row(name, cells):
    return f'<tr><th scope="row"><span>{escape(name)}</span></th>{"".join(cells)}</tr>'
