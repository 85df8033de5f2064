"""One HTML page that shows how methods compare: tables, plots and pictures, without a network."""

import base64
import dataclasses
import hashlib
import string
from html import escape
from importlib import resources
from pathlib import Path

import numpy as np

from common.atomic_files import replacing
from evaluation import report_cases, report_plots, report_tables
from evaluation.columns import METRICS

MAIN_METRICS = ("psnr", "ms_ssim")  # that the plots show at once; the others unfold


@dataclasses.dataclass(frozen=True, eq=False)
class Report:
    """What the page shows.

    Attributes:
        phone: name of the phone.
        reference: name of the method that differences are taken against.
        methods: by name, as in results.json: means of the metrics, "n", "identical", "intervals"
            (metric: low, high), "differences" (metric: mean, low, high; not for the reference), and
            "cost" ("parameters", "macs_per_pixel", "ms_per_megapixel") or None. A value that is
            infinite or undefined is None.
        per_image: by name and metric, `(N,)` float, NaN where undefined.
        inputs: the phone's pictures, uint8 `(N, H, W, 3)`.
        targets: the DSLR's, the same.
        pictures: by name, the methods', the same.
    """

    phone: str
    reference: str
    methods: dict[str, dict]
    per_image: dict[str, dict[str, np.ndarray]]
    inputs: np.ndarray
    targets: np.ndarray
    pictures: dict[str, np.ndarray]

    def __post_init__(self):
        if self.reference not in self.methods:
            raise ValueError(f"reference {self.reference!r} is not among the methods")
        for name, images in {"targets": self.targets, **self.pictures}.items():
            if images.shape != self.inputs.shape or images.dtype != np.uint8:
                raise ValueError(f"{name}: expected uint8 {self.inputs.shape}, got {images.shape}")


def write_report(path: str | Path, report: Report) -> None:
    """Write the page, whole or not at all.

    It holds all that it shows and asks for nothing: its policy forbids every request and every
    script but its own. Tables and plots need no script.

    Args:
        path: the .html file.
        report: what to show.
    """
    with replacing(path) as temporary:
        temporary.write_text(as_html(report), encoding="utf-8")


def as_html(report: Report) -> str:
    """The page as text; see `write_report`."""
    style, script = (_file(f"report.{suffix}") for suffix in ("css", "js"))
    methods = report.methods
    pairs = len(report.inputs)
    return string.Template(_file("report.html")).substitute(
        policy=f"default-src 'none'; img-src data:; style-src '{_hash(style)}'; "
        f"script-src '{_hash(script)}'; base-uri 'none'; form-action 'none'",
        style=style,
        script=script,
        phone=escape(report.phone),
        summary=f"{len(methods)} method{'s' * (len(methods) != 1)} on the same {pairs} held-out "
        f"pair{'s' * (pairs != 1)}, compared with <b>{escape(report.reference)}</b>.",
        warning=report_tables.warning(methods),
        tables="\n".join(
            (
                report_tables.published(methods, report.phone),
                report_tables.all_metrics(methods),
                report_tables.differences(methods, report.reference),
            )
        ),
        scatter="\n".join(report_plots.scatter(methods, key) for key in MAIN_METRICS),
        distribution="\n".join(
            report_plots.distribution(report.per_image, key) for key in MAIN_METRICS
        ),
        others="\n".join(
            report_plots.distribution(report.per_image, key)
            for key in METRICS
            if key not in MAIN_METRICS
        ),
        viewer=_viewer(report),
    )


def _viewer(report):
    data = report_cases.viewer_data(report)
    if not data["methods"]:
        return "<p>No pair has a finite PSNR: there is nothing to choose cases by.</p>"
    chosen, case = report_cases.first_shown(data, report.reference)
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


def _file(name):
    return resources.files("evaluation").joinpath(name).read_text(encoding="utf-8")


def _hash(text):
    """How the page's policy names an inline style or script."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
