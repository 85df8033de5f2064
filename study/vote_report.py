"""What the votes say, as a page, plots and tables: `python -m study report`."""

import dataclasses
import json
import math
from pathlib import Path

from common.atomic_files import replacing
from common.command_line import option
from study import report_page, report_png
from study.analysis import Analysis, analyse
from study.design import read_study
from study.serve import open_store
from study.shares import Share
from study.study_error import StudyError
from study.votes import as_csv, read_votes

MOST_MARGIN = 0.4


@dataclasses.dataclass(frozen=True)
class ReportConfig:
    """Which votes, and how they are read."""

    study: str = option(help="folder that prepare made", positional=True)
    out: str | None = option(None, "folder for the report; none: STUDY/report")
    database: str | None = option(None, "SQLAlchemy URL of the database; none: STUDY/votes.sqlite")
    original: str | None = option(None, "class of the phone's own photos; none: by its name")
    enhanced: str | None = option(None, "class of the enhanced photos; none: by its name")
    dslr: str | None = option(None, "class of the DSLR's photos; none: by its name")
    margin: float = option(0.1, "shares within 0.5 ± this are on a par with the DSLR")
    finished_only: bool = option(False, "leave out participants who did not answer everything")

    def __post_init__(self):
        """Raise StudyError for values that are out of range."""
        if not 0 < self.margin <= MOST_MARGIN:
            raise StudyError(f"--margin {self.margin}: give a share above 0, at most {MOST_MARGIN}")

    def roles(self) -> dict[str, str | None]:
        """The classes by the parts they play, as far as given."""
        return {"original": self.original, "enhanced": self.enhanced, "dslr": self.dslr}


def main(config: ReportConfig) -> None:
    """Write the report."""
    study = read_study(config.study)
    if config.database is None and not (Path(config.study) / "votes.sqlite").exists():
        raise StudyError(f"{config.study}: there are no votes yet: python -m study serve it first")
    store = open_store(config.study, config.database, study.id)
    try:
        votes = read_votes(study, store)
    finally:
        store.close()
    analysis = analyse(study, votes, config.roles(), config.margin, config.finished_only)
    out = Path(config.out) if config.out else Path(config.study) / "report"
    write_report(out, analysis, votes)
    print(report_page.summary(analysis))
    for claim in analysis.claims:
        where = "" if claim.phone is None else f"{claim.phone}: "
        low, high = claim.share.interval()
        print(
            f"  {where}{claim.text}: {claim.share.share:.1%} "
            f"({low:.1%} to {high:.1%}), {claim.verdict}"
        )
    print(f"look at {out / 'report.html'}")


def write_report(out: Path, analysis: Analysis, votes) -> None:
    """Write report.html, shares.png, scores.png, votes.csv and results.json, each whole."""
    out.mkdir(parents=True, exist_ok=True)
    texts = {
        "report.html": report_page.as_html(analysis)[0],
        "votes.csv": as_csv(votes),
        "results.json": json.dumps(as_json(analysis), indent=1, ensure_ascii=False) + "\n",
    }
    for name, text in texts.items():
        with replacing(out / name) as temporary:
            temporary.write_text(text, encoding="utf-8")
    for name, draw in (("shares.png", report_png.shares), ("scores.png", report_png.scores)):
        with replacing(out / name) as temporary:
            draw(analysis, temporary)


def as_json(analysis: Analysis) -> dict:
    """The numbers for other programs; what is not a number is null."""
    agreed = analysis.agreement
    return {
        "study": analysis.study.id,
        "participants": analysis.participants,
        "finished": analysis.finished,
        "votes": len(analysis.counted),
        "shares": [
            {"phone": phone, "photo": photo, "first": first, "second": second, **_share(share)}
            for (phone, photo, first, second), share in analysis.photos.items()
        ],
        "pooled": [
            {
                **{"phone": phone, "first": first, "second": second, **_share(share)},
                "interval_other_photos": _pair(analysis.wider[phone, first, second].interval()),
            }
            for (phone, first, second), share in analysis.pooled.items()
        ],
        "scores": [
            {
                **{"phone": phone, "class": name, "score": _number(scores.score[i])},
                "interval": _pair((scores.low[i], scores.high[i])),
                "bounded": scores.bounded,
            }
            for phone, scores in analysis.scores.items()
            for i, name in enumerate(scores.classes)
        ],
        "agreement": {"u": _number(agreed.u), "interval": _pair((agreed.low, agreed.high))},
        "repeats": _share(agreed.repeats),
        "not_circular": _share(agreed.straight),
        "left": _share(agreed.left),
        "claims": [
            {
                **{"claim": claim.text, "phone": claim.phone, **_share(claim.share)},
                **{"p": _number(claim.p), "p_adjusted": _number(claim.adjusted)},
                **{"verdict": claim.verdict, "holds": claim.holds},
            }
            for claim in analysis.claims
        ],
    }


def _share(share: Share) -> dict:
    counts = {"wins": share.wins, "votes": share.votes}
    return {**counts, "share": _number(share.share), "interval": _pair(share.interval())}


def _pair(ends) -> list:
    return [_number(end) for end in ends]


def _number(value) -> float | None:
    return float(value) if math.isfinite(value) else None
