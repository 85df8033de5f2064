"""Write the results of a study as a page, charts and tables: `python -m study report`."""

import contextlib
import dataclasses
import json
import math
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from common.atomic_files import replacing
from common.command_line import option
from common.plural import plural
from study.analysis import Analysis, analyze
from study.design import DATABASE, Study, StudyError, read_study
from study.results_charts import write_pictures
from study.results_page import results_page, summary
from study.shares import Share
from study.sqlite_file import readable
from study.store import open_store, reason
from study.votes import Vote, as_csv, every_vote, read_votes

LARGEST_MARGIN = 0.4


@dataclasses.dataclass(frozen=True)
class ReportConfig:
    """Options of `python -m study report`.

    Raises:
        StudyError: a value is out of range.
    """

    study: str = option(help="folder that `prepare` made", positional=True)
    out: str | None = option(None, "folder of the report; without it: STUDY/report")
    database: str | None = option(
        None, "SQLAlchemy URL of the database; without it: STUDY/votes.sqlite"
    )
    original: str | None = option(
        None, "class of the phone's photos; without it: the class with a usual name"
    )
    enhanced: str | None = option(
        None, "class of the enhanced photos; without it: the class with a usual name"
    )
    dslr: str | None = option(
        None, "class of the DSLR's photos; without it: the class with a usual name"
    )
    margin: float = option(0.1, "a share within 0.5 ± MARGIN is on a par with the DSLR")
    finished_only: bool = option(False, "leave out participants who did not answer everything")

    def __post_init__(self):
        if not 0 < self.margin <= LARGEST_MARGIN:
            raise StudyError(
                f"--margin {self.margin}: give a number above 0 and at most {LARGEST_MARGIN}"
            )

    def roles(self) -> dict[str, str | None]:
        """Return the given classes by role."""
        return {"original": self.original, "enhanced": self.enhanced, "dslr": self.dslr}


def main(config: ReportConfig) -> None:
    """Write the report of a study and print the claims."""
    study = read_study(config.study)
    votes = _votes(config, study)
    analysis = analyze(study, votes, config.roles(), config.margin, config.finished_only)
    out = Path(config.out) if config.out else Path(config.study) / "report"
    write_report(out, analysis, votes)
    print(summary(analysis))
    for claim in analysis.claims:
        where = "" if claim.phone is None else f"{claim.phone}: "
        low, high = claim.share.interval()
        print(
            f"  {where}{claim.text}: {claim.share.share:.1%} "
            f"({low:.1%} to {high:.1%}), {claim.verdict}"
        )
    print(f"open {out / 'report.html'}")


def _votes(config: ReportConfig, study: Study) -> list[Vote]:
    """Read the votes, also from a folder in which this process may not write."""
    path = Path(config.study) / DATABASE
    if config.database is None and not path.exists():
        raise StudyError(
            f"{config.study}: there are no votes yet; collect votes first with "
            f"python -m study serve {config.study}"
        )
    with contextlib.ExitStack() as stack:
        name = None
        if config.database is None:
            name, path = str(path), stack.enter_context(readable(path))
        opened = open_store(path.parent, config.database, study.id, name)
        store = stack.enter_context(contextlib.closing(opened))
        store.check()
        try:
            votes, every = read_votes(study, store), sum(1 for _ in every_vote(store))
        except (SQLAlchemyError, UnicodeError) as error:
            raise store.damaged(reason(error)) from None
    if strangers := every - len(votes):
        print(
            f"{store.name}: {plural(strangers, 'answer')} about photos that are not part of the "
            "study: left out",
            file=sys.stderr,
        )
    return votes


def write_report(out: Path, analysis: Analysis, votes: Sequence[Vote]) -> None:
    """Write report.html, shares.png, scores.png, votes.csv and results.json, each file at once."""
    out.mkdir(parents=True, exist_ok=True)
    texts = {
        "report.html": results_page(analysis)[0],
        "votes.csv": as_csv(votes),
        "results.json": json.dumps(as_json(analysis), indent=1, ensure_ascii=False) + "\n",
    }
    for name, text in texts.items():
        with replacing(out / name) as temporary:
            temporary.write_text(text, encoding="utf-8")
    with replacing(out / "shares.png") as shares, replacing(out / "scores.png") as scores:
        write_pictures(analysis, shares, scores)


def as_json(analysis: Analysis) -> dict:
    """Return the numbers for other programs; null stands for a value that is not a number."""
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


def _pair(ends: Iterable[float]) -> list[float | None]:
    return [_number(end) for end in ends]


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
