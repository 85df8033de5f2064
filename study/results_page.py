"""The results as one HTML page that contains everything it shows and loads nothing."""

import base64
import hashlib
import math
from collections.abc import Sequence
from html import escape
from importlib import resources

from common.plural import plural
from study import results_charts
from study.analysis import Analysis, analyze
from study.design import Study, StudyError
from study.results_charts import ALL_PHONES, TOTAL, percent
from study.row_plots import to_svg
from study.shares import Share
from study.votes import Vote


def summary(analysis: Analysis) -> str:
    """Return one line with the numbers of votes and participants."""
    votes = plural(len(analysis.counted), "vote")
    participants = plural(analysis.participants, "participant")
    return (
        f"{votes} from {participants}; {analysis.finished} answered every question; "
        f"{plural(analysis.undone, 'vote')} undone"
    )


def live_page(study: Study, votes: Sequence[Vote]) -> tuple[str, str]:
    """Return the results page of a running study, and its Content-Security-Policy."""
    try:
        analysis = analyze(study, votes)
    except StudyError as error:
        message = f"{error}"
        return _page(study.title, f"<p>{escape(message[:1].upper() + message[1:])}.</p>")
    link = '<p><a href="results/votes.csv" download>Download all votes as CSV</a></p>'
    return results_page(analysis, link)


def results_page(analysis: Analysis, more: str = "") -> tuple[str, str]:
    """Return the page and its Content-Security-Policy.

    Args:
        analysis: the numbers.
        more: HTML that follows the summary.
    """
    parts = (
        f"<p>{escape(summary(analysis))}.</p>{more}",
        _claims(analysis),
        _shares(analysis),
        _scores(analysis),
        _agreement(analysis),
        _tables(analysis),
    )
    return _page(analysis.study.title, "\n".join(parts))


def _page(title: str, body: str) -> tuple[str, str]:
    style = resources.files("study").joinpath("results.css").read_text(encoding="utf-8")
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


def _claims(analysis: Analysis) -> str:
    if not analysis.claims:
        return (
            "<section><h2>Claims</h2><p class=note>No class has a name like “enhanced”. Name the "
            "class of the enhanced photos: <code>python -m study report STUDY --enhanced CLASS"
            "</code>.</p></section>"
        )
    rows = [
        [
            escape(claim.phone or ALL_PHONES),
            escape(claim.text),
            f"<b>{percent(claim.share.share)}</b>",
            _interval(claim.share),
            str(claim.share.votes),
            _p_value(claim.adjusted),
            f'<span class="{"yes" if claim.holds else "no"}">{escape(claim.verdict)}</span>',
        ]
        for claim in analysis.claims
    ]
    heads = ["Phone", "Claim", "Share", "95 % interval", "Votes", "p", "Result"]
    return (
        f"<section><h2>Claims</h2>{_table(heads, rows, words=(0, 1, 6))}<p class=note>The share "
        "counts the votes for the enhanced photo. A claim of the form “A over B” has a two-sided "
        "test against 50 %; Holm's method adjusts p for the number of claims. A claim of the form "
        "“A on a par with B” has two one-sided tests that the share lies within 50 ± "
        f"{100 * analysis.margin:.0f} %. The lack of a difference would not show parity. Intervals "
        "and tests take participants as the unit.</p></section>"
    )


def _shares(analysis: Analysis) -> str:
    parts = []
    for phone in analysis.study.phones:
        figures = []
        for panel in results_charts.share_panels(analysis, phone):
            _, first, second = panel
            total = analysis.pooled[panel]
            label = (
                f"{phone}: {first} against {second}: {percent(total.share)} of "
                f"{plural(total.votes, 'vote')}"
            )
            figure = results_charts.shares_figure(analysis, [[panel]])
            figures.append(
                f"<figure><figcaption>{_key(analysis, first)} against {_key(analysis, second)}"
                f"</figcaption>{to_svg(figure, label)}</figure>"
            )
        parts.append(f'<h3>{escape(phone)}</h3><div class="plots">{"".join(figures)}</div>')
    return (
        "<section><h2>Preference for each photo</h2><p class=note>Each bar shows the shares of the "
        "votes for the two photos of a pair. The lines are 95 % intervals, for other people and "
        f"these photos. The bar “{TOTAL}” pools the votes.</p>{''.join(parts)}</section>"
    )


def _key(analysis: Analysis, name: str) -> str:
    color = results_charts.class_color(analysis, name)
    return f'<span class="key c{color}">{escape(name)}</span>'


def _scores(analysis: Analysis) -> str:
    figures = []
    for phone in analysis.scores:
        name = phone or ALL_PHONES
        svg = to_svg(results_charts.scores_figure(analysis, [phone]), f"Scores for {name}")
        figures.append(f"<figure><figcaption>{escape(name)}</figcaption>{svg}</figure>")
    warning = (
        ""
        if all(scores.bounded for scores in analysis.scores.values())
        else (
            "<p class=warning>A class won or lost every vote, so its score has no bound. Half a "
            "vote was added in each direction.</p>"
        )
    )
    return (
        f"<section><h2>Bradley–Terry scores</h2>{warning}"
        f'<div class="plots">{"".join(figures)}</div><p class=note>Scores are logits above '
        f"{escape(analysis.reference)}. The chance that i is preferred to j is 1 / (1 + "
        "exp(s<sub>j</sub> − s<sub>i</sub>)): a score of 0 is parity, 1 wins 73 % of the votes, 2 "
        "wins 88 %. The lines are 95 % intervals with participants as the unit.</p></section>"
    )


def _agreement(analysis: Analysis) -> str:
    found = analysis.agreement
    u = "—" if math.isnan(found.u) else f"<b>{found.u:.2f}</b>"
    ends = "—" if math.isnan(found.low) else f"{found.low:.2f} to {found.high:.2f}"
    rows = [["Agreement between participants, Kendall's u (0 by chance, 1 if all agree)", u, ends]]
    for words, share in (
        ("Repeated questions with the same answer (50 % by chance)", found.repeats),
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
    heads = ["Participant", "Votes", "Left", "Repeats with the same answer", "Circular triads"]
    return (
        "<section><h2>Agreement and consistency</h2>"
        f"{_table(['Measure', 'Value', '95 % interval'], rows)}"
        f"<details><summary>Each participant</summary>{_table(heads, people)}</details></section>"
    )


def _tables(analysis: Analysis) -> str:
    pooled = [
        [
            escape(phone or ALL_PHONES),
            f"{escape(first)} against {escape(second)}",
            str(share.votes),
            f"<b>{percent(share.share)}</b>",
            _interval(share),
            _interval(analysis.wider[phone, first, second]),
        ]
        for (phone, first, second), share in analysis.pooled.items()
    ]
    photos = [
        [
            escape(phone),
            escape(photo),
            f"{escape(first)} against {escape(second)}",
            f"{share.wins} of {share.votes}",
            percent(share.share),
            _interval(share),
        ]
        for (phone, photo, first, second), share in analysis.photos.items()
    ]
    scores = [
        [
            escape(phone or ALL_PHONES),
            escape(name),
            "—" if math.isnan(score) else f"<b>{score:.2f}</b>",
            "—" if math.isnan(low) else f"{low:.2f} to {high:.2f}",
        ]
        for phone, found in analysis.scores.items()
        for name, score, low, high in zip(
            found.classes, found.score, found.low, found.high, strict=True
        )
    ]
    pooled_heads = ["Phone", "Pair", "Votes", "First", "95 %, these photos", "95 %, other photos"]
    photo_heads = ["Phone", "Photo", "Pair", "First", "Share", "95 % interval"]
    return (
        "<section><h2>Tables</h2><details open><summary>All photos of a phone</summary>"
        f"{_table(pooled_heads, pooled, words=(0, 1))}<p class=note>“First” is the share of the "
        "votes for the first class of the pair. The last interval also holds for other photos of "
        "the same kind: photos and participants are both clusters. With few photos this interval "
        "is wide.</p></details><details><summary>Scores</summary>"
        f"{_table(['Phone', 'Class', 'Score', '95 % interval'], scores, words=(0, 1))}</details>"
        f"<details><summary>Each photo</summary>{_table(photo_heads, photos, words=(0, 1, 2))}"
        "</details></section>"
    )


def _interval(share: Share) -> str:
    low, high = share.interval()
    return "—" if math.isnan(low) else f"{percent(low)[:-2]} to {percent(high)}"


def _p_value(value: float) -> str:
    return "—" if math.isnan(value) else "&lt; 0.001" if value < 0.001 else f"{value:.3f}"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], words: Sequence[int] = (0,)) -> str:
    """Return a table of HTML cells; the columns `words` are aligned left."""

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
