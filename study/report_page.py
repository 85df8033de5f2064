"""The report as one HTML page that holds all it shows and asks for nothing."""

import base64
import hashlib
import math
from html import escape
from importlib import resources

from study import report_svg
from study.analysis import Analysis
from study.report_svg import percent
from study.shares import Share

ALL = "all phones"


def summary(analysis: Analysis) -> str:
    """One line: how many people and votes."""
    people, finished = analysis.participants, analysis.finished
    return (
        f"{len(analysis.counted)} votes of {people} participant{'s' * (people != 1)}, "
        f"{finished} of whom finished; {analysis.undone} undone"
    )


def as_html(analysis: Analysis, more: str = "") -> tuple[str, str]:
    """The page and its policy; `more` is HTML that follows the first lines."""
    parts = (
        f"<p>{escape(summary(analysis))}.</p>{more}",
        _claims(analysis),
        _shares(analysis),
        _scores(analysis),
        _agreement(analysis),
        _tables(analysis),
    )
    return page(analysis.study.title, "\n".join(parts))


def page(title: str, body: str) -> tuple[str, str]:
    """A page in the report's style, and the policy that allows this style alone."""
    style = resources.files("study").joinpath("report.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; "
        "form-action 'none'"
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f'<title>Results: {escape(title)}</title>\n<link rel="icon" href="data:,">\n'
        f"<style>{style}</style>\n</head>\n<body>\n<h1>Results: {escape(title)}</h1>\n{body}\n"
        "</body>\n</html>\n"
    ), f"{policy}; frame-ancestors 'none'"


def _claims(analysis) -> str:
    if not analysis.claims:
        return (
            "<section><h2>Claims</h2><p class=note>No class is called enhanced: name it with "
            "<code>python -m study report --enhanced CLASS</code>.</p></section>"
        )
    rows = [
        [
            escape(claim.phone or ALL) if len(analysis.study.phones) > 1 or claim.phone else "",
            escape(claim.text),
            f"<b>{percent(claim.share.share)}</b>",
            _interval(claim.share),
            str(claim.share.votes),
            _p(claim.adjusted),
            f'<span class="{"yes" if claim.holds else "no"}">{escape(claim.verdict)}</span>',
        ]
        for claim in analysis.claims
    ]
    heads = ["Phone", "Claim", "Share", "95 % interval", "Votes", "p", "What the votes say"]
    return (
        f"<section><h2>Claims</h2>{_table(heads, rows, words=(0, 1, 6))}<p class=note>Shares of "
        "the votes for the enhanced photo. Over another class: two-sided test against 50 %, p by "
        "Holm's method. On a par: two one-sided tests that the share is within 50 ± "
        f"{100 * analysis.margin:.0f} %; that no difference was found would not show it. "
        "Intervals and tests take participants as the unit.</p></section>"
    )


def _shares(analysis) -> str:
    study, parts = analysis.study, []
    for phone in study.phones:
        figures = []
        for first, second in study.pairs:
            if (phone, first, second) not in analysis.pooled:
                continue
            rows = {
                q[1]: share
                for q, share in analysis.photos.items()
                if (q[0], *q[2:]) == (phone, first, second)
            }
            rows["all photos"] = total = analysis.pooled[phone, first, second]
            one, other = study.classes.index(first), study.classes.index(second)
            label = (
                f"{phone}: {first} against {second}: {percent(total.share)} of {total.votes} votes"
            )
            figures.append(
                f'<figure><figcaption><span class="key c{one % report_svg.COLORS}">{escape(first)}'
                f'</span> against <span class="key c{other % report_svg.COLORS}">{escape(second)}'
                f"</span></figcaption>{report_svg.share_bars(rows, one, other, label)}</figure>"
            )
        parts.append(f'<h3>{escape(phone)}</h3><div class="plots">{"".join(figures)}</div>')
    return (
        "<section><h2>Preference of each photo</h2><p class=note>Share of the votes for either "
        "photo of a pair. Lines are 95 % intervals, for other people of the kind and these "
        f"photos.</p>{''.join(parts)}</section>"
    )


def _scores(analysis) -> str:
    ends = [
        float(value)
        for scores in analysis.scores.values()
        for values in (scores.score, scores.low, scores.high)
        for value in values
        if math.isfinite(value)
    ]
    low, high = min(ends) - 0.2, max(ends) + 0.2
    figures, unbounded = [], False
    for phone, scores in analysis.scores.items():
        unbounded |= not scores.bounded
        colors = [analysis.study.classes.index(name) for name in scores.classes]
        svg = report_svg.score_dots(scores, colors, low, high, f"Scores for {phone or ALL}")
        figures.append(f"<figure><figcaption>{escape(phone or ALL)}</figcaption>{svg}</figure>")
    warning = (
        "<p class=warning>Somewhere a class won or lost every vote, so that its score has no "
        "bound: half a vote was added each way.</p>"
        if unbounded
        else ""
    )
    return (
        f"<section><h2>Bradley–Terry scores</h2>{warning}"
        f'<div class="plots">{"".join(figures)}</div><p class=note>In logits above '
        f"{escape(analysis.reference)}: the chance that i is preferred to j is 1 / (1 + exp(s<sub>j"
        "</sub> − s<sub>i</sub>)): 0 is parity, 1 wins 73 %, 2 wins 88 %. Lines are 95 % intervals "
        "with participants as the unit.</p></section>"
    )


def _agreement(analysis) -> str:
    found = analysis.agreement
    u = "—" if math.isnan(found.u) else f"<b>{found.u:.2f}</b>"
    ends = "—" if math.isnan(found.low) else f"{found.low:.2f} to {found.high:.2f}"
    rows = [["Agreement between participants, Kendall's u (0 by chance, 1 for all alike)", u, ends]]
    for words, share in (
        ("Repeated questions answered alike (50 % by chance)", found.repeats),
        ("Triads of classes that are not circular (75 % by chance)", found.straight),
        ("Votes for the left photo (50 % without bias)", found.left),
    ):
        count = f" of {share.votes}" if share.votes else ""
        rows.append([words, f"<b>{percent(share.share)}</b>{count}", _interval(share)])
    people = [
        [
            str(person.participant),
            str(person.votes),
            percent(person.left / person.votes),
            f"{person.kept} of {person.repeats}" if person.repeats else "—",
            f"{person.circles} of {person.triads}" if person.triads else "—",
        ]
        for person in found.people
    ]
    heads = ["Participant", "Votes", "Left", "Repeats alike", "Circular triads"]
    return (
        f"<section><h2>Agreement and consistency</h2>{_table(['', '', '95 % interval'], rows)}"
        f"<details><summary>Each participant</summary>{_table(heads, people)}</details></section>"
    )


def _tables(analysis) -> str:
    pooled = [
        [escape(phone or ALL), f"{escape(first)} against {escape(second)}", str(share.votes),
         f"<b>{percent(share.share)}</b>", _interval(share),
         _interval(analysis.wider[phone, first, second])]
        for (phone, first, second), share in analysis.pooled.items()
    ]  # fmt: skip
    photos = [
        [escape(phone), escape(photo), f"{escape(first)} against {escape(second)}",
         f"{share.wins} of {share.votes}", percent(share.share), _interval(share)]
        for (phone, photo, first, second), share in analysis.photos.items()
    ]  # fmt: skip
    scores = [
        [escape(phone or ALL), escape(name), "—" if math.isnan(score) else f"<b>{score:.2f}</b>",
         "—" if math.isnan(low) else f"{low:.2f} to {high:.2f}"]
        for phone, found in analysis.scores.items()
        for name, score, low, high in zip(found.classes, found.score, found.low, found.high,
                                          strict=True)
    ]  # fmt: skip
    pooled_heads = [
        "Phone",
        "Pairing",
        "Votes",
        "First",
        "95 %, these photos",
        "95 %, other photos",
    ]
    photo_heads = ["Phone", "Photo", "Pairing", "First", "Share", "95 % interval"]
    return (
        "<section><h2>Tables</h2><details open><summary>Over photos</summary>"
        f"{_table(pooled_heads, pooled, words=(0, 1))}<p class=note>For other photos of the kind, "
        "too: photos are then clusters beside participants, and with few photos the interval is "
        "wide.</p></details><details><summary>Scores</summary>"
        f"{_table(['Phone', 'Class', 'Score', '95 % interval'], scores, words=(0, 1))}</details>"
        f"<details><summary>Each photo</summary>{_table(photo_heads, photos, words=(0, 1, 2))}"
        "</details></section>"
    )


def _interval(share: Share) -> str:
    low, high = share.interval()
    return "—" if math.isnan(low) else f"{percent(low)[:-2]} to {percent(high)}"


def _p(value: float) -> str:
    return "—" if math.isnan(value) else "&lt; 0.001" if value < 0.001 else f"{value:.3f}"


def _table(heads, rows, words=(0,)) -> str:
    """Cells are HTML; columns `words` are aligned left."""

    def cell(tag, i, inside, more=""):
        return f"<{tag}{more}{' class=word' if i in words else ''}>{inside}</{tag}>"

    head = "".join(cell("th", i, text, " scope=col") for i, text in enumerate(heads))
    body = "".join(
        f"<tr>{''.join(cell('td', i, text) for i, text in enumerate(row))}</tr>" for row in rows
    )
    return (
        '<div class="scroll" tabindex="0" role="region" aria-label="Table"><table>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )
