"""What a person judges the alignment by: one HTML page with pictures, in a folder of its own."""

import html
import shutil
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from align.layout import REPORT
from align.output.write_dataset import Entry
from common.contact_sheet import contact_sheet
from common.layout import TEST, TRAIN

PAIRS_SHOWN = 20
PATCHES_SHOWN = 24
CAPTIONS = {
    "matches": "What was found in both photos (phone left, DSLR right). Green lines agree on "
    "one homography and should reach every part of the scene; red ones do not.",
    "before": "Squares of the phone's and the DSLR's photo in turn, before alignment",
    "after": "and after: edges must run on from square to square. Black: beyond the DSLR's view.",
    "windows": "Windows that were kept, from red (correlation 0.8 or less) to green (1).",
}
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
td:first-child { text-align: right; font-variant-numeric: tabular-nums }
li { overflow-wrap: anywhere }
"""


def write_report(
    root: Path, phone: str, entries: Sequence[Entry], how: str, unpaired: Iterable[Path] = ()
) -> Path:
    """Write report/index.html and its pictures.

    Args:
        root: folder of the data set.
        phone: name of the phone.
        entries: as `align.output.write_dataset.place` returns them.
        how: how the photos were paired, in words.
        unpaired: photos without a partner.

    Returns:
        The page. It refers to nothing outside its folder.
    """
    page = root / REPORT
    page.parent.mkdir(parents=True)
    aligned = [entry for entry in entries if entry.unit]
    failed = [entry for entry in entries if entry.failure]
    sections = [
        _totals(entries, aligned, how),
        _rejections(aligned),
        _histogram(page.parent, aligned),
        *(_pair(page.parent, number, entry) for number, entry in enumerate(_spread(aligned))),
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


def kept_counts(entries: Iterable[Entry]) -> Counter:
    """Number of patches in each split."""
    counts = Counter()
    for entry in entries:
        counts[entry.split] += len(entry.numbers)
    return counts


def _totals(entries, aligned, how):
    counts, windows = kept_counts(entries), sum(len(entry.unit.ncc) for entry in aligned)
    photos = Counter(entry.split for entry in aligned)
    kept = counts[TRAIN] + counts[TEST]
    return (
        f"<p>{len(entries)} pairs of photos ({html.escape(how)}), {len(aligned)} aligned.<br>\n"
        f"<b>{kept} of {windows} windows kept</b> ({kept / max(windows, 1):.0%}): "
        f"{counts[TRAIN]} to train on (photos: {photos[TRAIN]}), "
        f"{counts[TEST]} to test on (photos: {photos[TEST]}).</p>"
    )


def _rejections(aligned):
    reasons = sum((entry.reasons for entry in aligned), Counter())
    if not reasons:
        return ""
    rows = "\n".join(
        f"<tr><td>{count}</td><td>{html.escape(reason)}</td></tr>"
        for reason, count in reasons.most_common()
    )
    return f"<h2>Why windows were rejected</h2>\n<table>\n{rows}\n</table>"


def _histogram(folder, aligned):
    """Correlations of kept and rejected windows; those never compared have none."""
    from matplotlib.figure import Figure  # slow to import, and workers do not need it

    kept, rejected = [np.empty(0)], [np.empty(0)]
    for entry in aligned:
        chosen = np.zeros(len(entry.unit.ncc), bool)
        chosen[list(entry.numbers)] = True
        kept.append(entry.unit.ncc[chosen])
        rejected.append(entry.unit.ncc[~chosen & np.isfinite(entry.unit.ncc)])
    kept, rejected = np.concatenate(kept), np.concatenate(rejected)
    if not len(kept) + len(rejected):
        return ""
    figure = Figure(figsize=(9, 3), layout="constrained")
    axes = figure.subplots()
    low = (
        np.floor(
            min(
                kept.min(initial=0.9),
                np.quantile(rejected, 0.02, method="lower") if len(rejected) else 0.9,
            )
            * 20
        )
        / 20
    )
    bins = np.arange(low, 1.005, 0.01)
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


def _spread(aligned):
    """Up to `PAIRS_SHOWN` of the pairs, evenly."""
    count = min(PAIRS_SHOWN, len(aligned))
    return [aligned[round(i)] for i in np.linspace(0, len(aligned) - 1, count)]


def _pair(folder, number, entry):
    figures = []
    for name, caption in CAPTIONS.items():
        source, target = entry.unit.folder / "pictures" / f"{name}.jpg", f"pair{number}_{name}.jpg"
        shutil.copyfile(source, folder / target)
        figures.append(_figure(target, caption if number == 0 else ""))
    facts = [f"{len(entry.numbers)} of {len(entry.unit.ncc)} windows kept", entry.split]
    facts += [f"{name} {value:.4g}" for name, value in entry.unit.summary.items()]
    matches, *others = figures
    heading = "<h2>Pairs</h2>\n" if number == 0 else ""
    return (
        f"{heading}<h3>{html.escape(entry.pair.name)}</h3>\n"
        f"<p>{html.escape(', '.join(filter(None, facts)))}</p>\n{matches}\n"
        f'<div class="pair">\n{"".join(others)}</div>'
    )


def _worst_kept(folder, aligned):
    kept = [(float(entry.unit.ncc[row]), entry, row) for entry in aligned for row in entry.numbers]
    figures = []
    for number, (ncc, entry, row) in enumerate(sorted(kept, key=lambda k: k[0])[:PATCHES_SHOWN]):
        pair = [
            np.asarray(Image.open(entry.unit.patch(side, row)))[None] / np.float32(255)
            for side in ("phone", "dslr")
        ]
        name = f"kept{number}.jpg"
        Image.fromarray(contact_sheet(*pair)).save(folder / name, quality=90)
        place = f"{entry.split} {entry.numbers[row]}, {entry.pair.name}"
        figures.append(_figure(name, f"{ncc:.3f}: {place}"))
    return _patches("The kept patches that correlate least (phone, DSLR)", figures)


def _best_rejected(folder, aligned):
    rejected = [(entry, *shown) for entry in aligned for shown in entry.unit.rejected]
    rejected.sort(key=lambda shown: -shown[2])
    figures = []
    for number, (entry, row, ncc, reason) in enumerate(rejected[:PATCHES_SHOWN]):
        name = f"rejected{number}.jpg"
        shutil.copyfile(entry.unit.folder / "rejected" / f"{row}.jpg", folder / name)
        figures.append(_figure(name, f"{ncc:.3f}, {reason}: {entry.pair.name}"))
    return _patches("The rejected patches that correlate best (phone, DSLR)", figures)


def _patches(title, figures):
    if not figures:
        return ""
    return f'<h2>{title}</h2>\n<div class="patches">\n{"".join(figures)}</div>'


def _list(title, items):
    lines = [f"<li>{html.escape(item)}</li>" for item in items]
    if not lines:
        return ""
    return f"<h2>{title} ({len(lines)})</h2>\n<ul>\n" + "\n".join(lines) + "\n</ul>"


def _figure(name, caption):
    text = f"<figcaption>{html.escape(caption)}</figcaption>" if caption else ""
    return f'<figure><a href="{name}"><img src="{name}" alt=""></a>{text}</figure>\n'
