"""The report by which a person judges the alignment: one HTML page with its own pictures."""

import html
import shutil
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from align.output.judge_dataset import SAMPLE, Verdict
from align.output.output_folders import REPORT
from align.output.write_dataset import DatasetEntry, count_patches, count_reasons
from align.output.write_unit import SIDES, Unit
from common.contact_sheet import contact_sheet
from common.layout import TEST, TRAIN
from common.plural import plural
from common.write_picture import write_picture

PAIRS_SHOWN = 20
PATCHES_SHOWN = 24
CAPTIONS = {
    "matches": "Features found in both photos (phone left, DSLR right). Green lines agree on one "
    "homography and should reach every part of the scene. Red lines disagree.",
    "before": "Before alignment: squares of the phone's photo and of the DSLR's photo in turn.",
    "after": "After alignment: edges must continue from square to square. In black squares the "
    "DSLR's photo does not show the scene.",
    "windows": "The kept windows, from red (correlation 0.8 or less) to green (1).",
}
FIGURES = (
    "Inliers are the matches that agree on one homography. The scale is the number of DSLR pixels "
    "for one phone pixel. A shift is the distance of a kept window from the homography, in phone "
    "pixels. EV is the light of the DSLR's patches over that of the phone's, in powers of two."
)
PIXELS = (
    "The pixels (px) are the shift that is left between the two patches of a pair, measured by "
    f"correlation on up to {SAMPLE} pairs."
)
STYLE = """
body { font: 16px/1.45 system-ui, sans-serif; max-width: 72rem; margin: 1rem auto; padding: 0 1rem;
       color: #222; background: #fff }
img { max-width: 100%; height: auto; display: block }
figure { margin: 0 0 1rem }
figcaption { font-size: .85rem; color: #555 }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(20rem, 100%), 1fr));
        gap: 0 1rem; align-items: start }
.patches { display: grid; grid-template-columns: repeat(auto-fill, minmax(13rem, 1fr));
           gap: 0 1rem }
table { border-collapse: collapse }
td, th { padding: .15rem .8rem .15rem 0; text-align: left; vertical-align: top }
td:first-child, th:first-child { text-align: right; font-variant-numeric: tabular-nums }
.verdict { font-size: 1.25rem; font-weight: 600; padding: .6rem .8rem; border-left: 6px solid }
.verdict.good { background: #e6f4ea; border-color: #0b6b2e }
.verdict.bad { background: #fce8e6; border-color: #b3261e }
.warning { background: #fff3d6; border-left: 6px solid #b7791f; padding: .5rem .8rem }
li { overflow-wrap: anywhere }
"""


def write_report(
    root: Path,
    phone: str,
    entries: Sequence[DatasetEntry],
    verdict: Verdict,
    how: str,
    unpaired: Iterable[Path] = (),
) -> Path:
    """Write report/index.html and its pictures.

    Args:
        root: The folder of the dataset.
        phone: The name of the phone.
        entries: The entries that `align.output.write_dataset.assign_splits` returns.
        verdict: What `align.output.judge_dataset.judge_dataset` says about the entries.
        how: The way in which the photos were paired, in words.
        unpaired: Photos without a partner.

    Returns:
        The page. The page refers to nothing outside its folder.
    """
    page = root / REPORT
    page.parent.mkdir(parents=True)
    aligned = [(entry, entry.unit) for entry in entries if entry.unit]
    failed = [entry for entry in entries if entry.failure]
    sections = [
        _verdict(verdict),
        _totals(entries, aligned, how),
        _rejections([entry for entry, _ in aligned]),
        _histogram(page.parent, aligned),
        *(
            _pair(page.parent, number, entry, unit, verdict.exposures.get(entry.pair.name))
            for number, (entry, unit) in enumerate(_evenly_chosen(aligned))
        ),
        _worst_kept(page.parent, aligned),
        _best_rejected(page.parent, aligned),
        _list("Pairs that failed", (f"{entry.pair.name}: {entry.failure}" for entry in failed)),
        _list("Photos without a partner", map(str, unpaired)),
    ]
    title = f"Alignment of {html.escape(phone)}"
    page.write_text(
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
        + "\n".join(filter(None, sections))
        + "\n</body>\n</html>\n",
        encoding="utf-8",
    )
    return page


_Aligned = Sequence[tuple[DatasetEntry, Unit]]


def _verdict(verdict: Verdict) -> str:
    kind = "good" if verdict.good else "bad"
    lines = [f'<p class="verdict {kind}">{html.escape(verdict.sentence)}</p>']
    lines += [f'<p class="warning">{html.escape(warning)}</p>' for warning in verdict.warnings]
    lines.append(f"<p>{PIXELS}</p>")
    return "\n".join(lines)


def _totals(entries: Sequence[DatasetEntry], aligned: _Aligned, how: str) -> str:
    counts, windows = count_patches(entries), sum(len(unit.ncc) for _, unit in aligned)
    photos = Counter(entry.split for entry, _ in aligned)
    kept = counts[TRAIN] + counts[TEST]
    return (
        f"<p>{plural(len(entries), 'pair')} of photos, paired {html.escape(how)}; "
        f"{len(aligned)} aligned.<br>\n"
        f"<b>{kept} of {plural(windows, 'window')} kept</b> ({kept / max(windows, 1):.0%}): "
        f"{counts[TRAIN]} for training (from {plural(photos[TRAIN], 'photo')}), "
        f"{counts[TEST]} for testing (from {plural(photos[TEST], 'photo')}).</p>"
    )


def _rejections(entries: Sequence[DatasetEntry]) -> str:
    reasons = count_reasons(entries)
    if not reasons:
        return ""
    rows = "\n".join(
        f"<tr><td>{count}</td><td>{html.escape(reason)}</td>"
        f"<td>{html.escape(reason.explanation)}</td><td>{html.escape(reason.advice)}</td></tr>"
        for reason, count in reasons
    )
    return (
        "<h2>Why windows were rejected</h2>\n<table>\n"
        "<tr><th>windows</th><th>reason</th><th>meaning</th><th>if there are many</th></tr>\n"
        f"{rows}\n</table>"
    )


def _histogram(folder: Path, aligned: _Aligned) -> str:
    """Draw the correlations of kept and rejected windows that have a correlation."""
    from matplotlib.figure import Figure  # the import is slow, and workers do not need it

    kept, rejected = [np.empty(0)], [np.empty(0)]
    for entry, unit in aligned:
        chosen = np.zeros(len(unit.ncc), bool)
        chosen[list(entry.numbers)] = True
        kept.append(unit.ncc[chosen])
        rejected.append(unit.ncc[~chosen & np.isfinite(unit.ncc)])
    kept, rejected = np.concatenate(kept), np.concatenate(rejected)
    if not len(kept) + len(rejected):
        return ""
    figure = Figure(figsize=(9, 3), layout="constrained")
    axes = figure.subplots()
    # The axis leaves out the lowest fiftieth of the rejected windows.
    tail = np.quantile(rejected, 0.02, method="lower") if len(rejected) else 0.9
    low = np.floor(min(kept.min(initial=0.9), tail) * 20) / 20
    bins = np.arange(low, 1.005, 0.01).tolist()
    colors = ("tab:green", "tab:red")
    axes.hist(
        [kept, np.maximum(rejected, low)],
        bins,
        stacked=True,
        color=colors,
        label=("kept", "rejected"),
    )
    axes.set_xlabel("correlation of the phone's and the DSLR's patch")
    axes.set_ylabel("windows")
    axes.legend()
    figure.savefig(folder / "correlation.png", dpi=100)
    return f"<h2>Correlation</h2>\n{_figure('correlation.png', '')}"


def _evenly_chosen(items: Sequence) -> list:
    """Return up to `PAIRS_SHOWN` of the items, at even distances."""
    count = min(PAIRS_SHOWN, len(items))
    return [items[round(i)] for i in np.linspace(0, len(items) - 1, count)]


def _pair(
    folder: Path, number: int, entry: DatasetEntry, unit: Unit, exposure: float | None
) -> str:
    figures = []
    for name, caption in CAPTIONS.items():
        source, target = unit.folder / "pictures" / f"{name}.jpg", f"pair{number}_{name}.jpg"
        shutil.copyfile(source, folder / target)
        figures.append(_figure(target, caption if number == 0 else ""))
    facts = [f"{len(entry.numbers)} of {len(unit.ncc)} windows kept", entry.split]
    facts += [f"{name.replace('_', ' ')} {value:.4g}" for name, value in unit.summary.items()]
    if exposure is not None:
        facts.append(f"DSLR {exposure:+.2f} EV".replace("-", "−"))
    matches, *others = figures
    heading = f"<h2>Pairs</h2>\n<p>{FIGURES}</p>\n" if number == 0 else ""
    return (
        f"{heading}<h3>{html.escape(entry.pair.name)}</h3>\n"
        f"<p>{html.escape(', '.join(filter(None, facts)))}</p>\n{matches}\n"
        f'<div class="pair">\n{"".join(others)}</div>'
    )


def _worst_kept(folder: Path, aligned: _Aligned) -> str:
    kept = [
        (float(unit.ncc[row]), entry, unit, row) for entry, unit in aligned for row in entry.numbers
    ]
    kept.sort(key=lambda item: item[0])
    figures = []
    for number, (ncc, entry, unit, row) in enumerate(kept[:PATCHES_SHOWN]):
        pair = [
            np.asarray(Image.open(unit.patch(side, row)))[None] / np.float32(255) for side in SIDES
        ]
        name = f"kept{number}.jpg"
        write_picture(folder / name, contact_sheet(*pair), quality=90)
        place = f"{entry.split} {entry.numbers[row]}, {entry.pair.name}"
        figures.append(_figure(name, f"{ncc:.3f}: {place}"))
    return _patches("Kept patches with the lowest correlation (phone, DSLR)", figures)


def _best_rejected(folder: Path, aligned: _Aligned) -> str:
    rejected = [(entry, unit, shown) for entry, unit in aligned for shown in unit.rejected]
    rejected.sort(key=lambda item: -item[2].ncc)
    figures = []
    for number, (entry, unit, shown) in enumerate(rejected[:PATCHES_SHOWN]):
        name = f"rejected{number}.jpg"
        shutil.copyfile(unit.folder / "rejected" / f"{shown.row}.jpg", folder / name)
        figures.append(_figure(name, f"{shown.ncc:.3f}, {shown.rejection}: {entry.pair.name}"))
    return _patches("Rejected patches with the highest correlation (phone, DSLR)", figures)


def _patches(title: str, figures: list[str]) -> str:
    if not figures:
        return ""
    return f'<h2>{title}</h2>\n<div class="patches">\n{"".join(figures)}</div>'


def _list(title: str, items: Iterable[str]) -> str:
    lines = [f"<li>{html.escape(item)}</li>" for item in items]
    if not lines:
        return ""
    return f"<h2>{title} ({len(lines)})</h2>\n<ul>\n" + "\n".join(lines) + "\n</ul>"


def _figure(name: str, caption: str) -> str:
    text = f"<figcaption>{html.escape(caption)}</figcaption>" if caption else ""
    return f'<figure><a href="{name}"><img src="{name}" alt=""></a>{text}</figure>\n'
