"""The results page of a running study: the report as the votes stand."""

import html

from study import report_page
from study.analysis import analyse
from study.design import Study
from study.store import Store
from study.study_error import StudyError
from study.votes import read_votes


def live_page(study: Study, store: Store) -> tuple[str, str]:
    """The page, and the Content-Security-Policy that lets it have its own style alone."""
    try:
        analysis = analyse(study, read_votes(study, store))
    except StudyError as error:
        return report_page.page(study.title, f"<p>{html.escape(str(error).capitalize())}.</p>")
    link = '<p><a href="results/votes.csv" download>All votes as CSV</a></p>'
    return report_page.as_html(analysis, link)
