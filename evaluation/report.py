"""The report: one HTML page with tables, plots and pictures, which needs no network."""

import base64
import dataclasses
import hashlib
import string
from collections.abc import Sequence
from html import escape
from importlib import resources
from pathlib import Path

import numpy as np

from common.atomic_files import replacing
from common.plural import plural
from evaluation import report_cases, report_plots, report_tables
from evaluation.verdict import TEXTURE
from metrics import METRICS


@dataclasses.dataclass(frozen=True, eq=False)
class Report:
    """The content of the page.

    Attributes:
        phone: name of the phone.
        reference: name of the method that all others are compared with.
        methods: by name, what `evaluation.summary.summarize` returns.
        per_image: by method and metric, `(N,)` float, NaN where undefined.
        inputs: the phone's pictures, uint8 `(N, H, W, 3)`.
        targets: the DSLR's pictures, uint8 `(N, H, W, 3)`.
        pictures: by method, the enhanced pictures, uint8 `(N, H, W, 3)`.
        scenes: number of scenes of the pairs; None if the dataset does not say it.
        first: name of the method that the page is about and shows first; None for no such method.
        verdict: what the page says about `first` above everything else.
        published: whether the pairs are a part of the published data set, so that the published
            results stand beside those of the methods.
        light_of: name of the method into whose light the targets were brought; None for targets
            as the DSLR took them.

    Raises:
        ValueError: the reference is no method, or pictures have another shape or type.
    """

    phone: str
    reference: str
    methods: dict[str, dict]
    per_image: dict[str, dict[str, np.ndarray]]
    inputs: np.ndarray
    targets: np.ndarray
    pictures: dict[str, np.ndarray]
    scenes: int | None = None
    first: str | None = None
    verdict: str = ""
    published: bool = False
    light_of: str | None = None

    @property
    def light(self) -> str:
        """What the page says of `light_of`; "" for None."""
        if self.light_of is None:
            return ""
        return (
            f"The DSLR's pictures are in the light of {self.light_of}. So the scores are about "
            "detail, not about exposure and color."
        )

    def __post_init__(self):
        if self.reference not in self.methods:
            raise ValueError(f"reference {self.reference!r} is not among the methods")
        for name, images in {"targets": self.targets, **self.pictures}.items():
            if images.shape != self.inputs.shape or images.dtype != np.uint8:
                raise ValueError(f"{name}: expected uint8 {self.inputs.shape}, got {images.shape}")


def write_report(path: str | Path, report: Report) -> None:
    """Write the page, whole or not at all.

    The page contains everything that it shows. Its content security policy forbids all requests and
    all scripts but its own. Tables and plots need no script.

    Args:
        path: the .html file.
        report: the content.
    """
    with replacing(path) as temporary:
        temporary.write_text(as_html(report), encoding="utf-8")


def as_html(report: Report) -> str:
    """Return the page as text; see `write_report`."""
    style, script = (_file(f"report.{suffix}") for suffix in ("css", "js"))
    methods = report.methods
    tables = {
        "metrics": report_tables.all_metrics(methods),
        "differences": report_tables.differences(methods, report.reference),
        "published": report_tables.published(methods, report.phone) if report.published else "",
    }
    headline = [metric.name for metric in METRICS.values() if metric.headline]
    further = [name for name in METRICS if name not in headline]
    return string.Template(_file("report.html")).substitute(
        policy=f"default-src 'none'; img-src data:; style-src '{_hash(style)}'; "
        f"script-src '{_hash(script)}'; base-uri 'none'; form-action 'none'",
        style=style,
        script=script,
        phone=escape(report.phone),
        summary=f"{plural(len(methods), 'method')} on the same "
        f"{plural(len(report.inputs), 'held-out pair')}{_of_scenes(report)}, compared with "
        f"<b>{escape(report.reference)}</b>." + escape(f" {report.light}".rstrip()),
        verdict=f'<p class="answer">{escape(report.verdict)}</p>' if report.verdict else "",
        warning=report_tables.warning(methods, report.scenes),
        published_link='<a href="#published">Published</a>\n' if tables["published"] else "",
        tables="\n".join(tables.values()),
        scatter="\n".join(report_plots.scatter(methods, name) for name in headline),
        tradeoff="\n".join(report_plots.tradeoff(methods, name, "ms_ssim") for name in TEXTURE),
        distribution=_distributions(report, headline),
        others=_distributions(report, further),
        viewer=_viewer(report),
    )


def _of_scenes(report: Report) -> str:
    if report.scenes is None:
        return ""
    return f" of {plural(report.scenes, 'scene')}, which the intervals resample"


def _distributions(report: Report, names: Sequence[str]) -> str:
    return "\n".join(report_plots.distribution(report.per_image, name) for name in names)


def _viewer(report: Report) -> str:
    data = report_cases.viewer_data(
        report.inputs, report.targets, report.pictures, report.per_image
    )
    if not data["methods"]:
        return "<p>No pair has a finite PSNR, so no case can be chosen.</p>"
    chosen, case = report_cases.first_shown(data, report.reference, report.first)
    shown = {f"{role}_uri": data["pictures"][case[role]] for role in ("input", "method", "target")}
    return string.Template(_file("viewer.html")).substitute(
        shown,
        error_uri=data["pictures"][case["error"]],
        scale_uri=report_cases.scale_uri(),
        full=report_cases.FULL_ERROR,
        name=escape(data["methods"][chosen]["name"]),
        text=escape(case["text"]),
        options=report_cases.options(data, chosen),
        data=report_cases.as_script(data),
    )


def _file(name: str) -> str:
    return resources.files("evaluation").joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """Return the name of an inline style or script in the content security policy."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
