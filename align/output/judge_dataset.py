"""The verdict on a dataset: is it good to train on, and what can the alignment itself not see?

Every limit stands at the top. The verdict follows from measured figures: the scenes, the patches,
and the shift that is left between the two patches of a pair.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np
from PIL import Image

from align.output.split_scenes import group_scenes
from align.output.write_dataset import DatasetEntry, count_patches
from align.output.write_unit import SIDES, Unit
from common.color import LUMINANCE_709, light_of_code
from common.layout import TEST
from common.plural import plural
from metrics.residual_shift import LEAST_CORRELATION, residual_shifts

# docs/own-phone.md: up to ten scenes chance decides, and from twenty scenes on it does not.
LEAST_SCENES, SAFE_SCENES = 10, 20
LEAST_PATCHES = 200
LARGEST_SHIFT = 1.0  # pixels, typical; the published iPhone patches of the reference data have 0.5
LEAST_AGREEING = 0.5  # share of the patches whose shift can be measured
LARGEST_EXPOSURE = 1.5  # EV between a scene and the typical scene; a real shoot in a lab had 1.25
MANY_FAILED = 0.25  # share of the pairs of photos
SAMPLE, LEAST_OF_SCENE = 150, 2  # pairs of patches whose shift is measured; of a scene
NAMED = 5  # scenes that a warning names


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What the figures say about a dataset.

    Attributes:
        sentence: The verdict in one line.
        good: Whether the dataset is good to train on.
        warnings: What a person must check, one or two sentences each.
        exposures: By the name of each pair with patches, the light of the DSLR's patches over that
            of the phone's, in EV (powers of two).
    """

    sentence: str
    good: bool
    warnings: tuple[str, ...]
    exposures: dict[str, float]


def judge_dataset(entries: Sequence[DatasetEntry], doubts: Sequence[str] = ()) -> Verdict:
    """Judge a dataset before its files are in place.

    Args:
        entries: The entries that `align.output.write_dataset.assign_splits` returns. Their units
            are read.
        doubts: Warnings of the pairing.
    """
    shown = [(entry, entry.unit) for entry in entries if entry.unit and entry.numbers]
    scenes = len(np.unique(group_scenes(np.array([unit.thumbnail for _, unit in shown]))))
    counts = count_patches(entries)
    patches = counts.total()
    shifts = _measured_shifts(shown)
    exposures = {entry.pair.name: exposure_of(unit) for entry, unit in shown}
    typical, agreeing = _typical(shifts)
    figures = [
        f"{scenes} of {plural(scenes + len(entries) - len(shown), 'scene')}",
        f"{patches:,} {'patch' if patches == 1 else 'patches'}",
        *([] if typical is None else [f"typically {typical:.2f} px"]),
    ]
    faults = []
    if scenes < LEAST_SCENES:
        faults.append(f"fewer than {LEAST_SCENES} scenes ({SAFE_SCENES} are safe)")
    if patches < LEAST_PATCHES:
        faults.append(f"fewer than {LEAST_PATCHES} patches")
    if not counts[TEST]:
        faults.append("no scene is left for testing")
    if typical is not None and typical > LARGEST_SHIFT:
        faults.append(f"the two patches of a pair are more than {LARGEST_SHIFT:g} px apart")
    if agreeing < LEAST_AGREEING:
        faults.append(f"only {agreeing:.0%} of the patches agree well enough to measure")
    figures[-1] += ": not good to train on" if faults else ": good to train on"
    sentence = ", ".join(figures) + (f": {', '.join(faults)}" if faults else "")
    warnings = _warnings(entries, shown, scenes, shifts, exposures)
    return Verdict(sentence, not faults, (*warnings, *doubts), exposures)


def exposure_of(unit: Unit) -> float:
    """Return the light of the DSLR's kept patches over that of the phone's, median, in EV.

    The patches are sRGB code values, so the tone curves of both cameras are a part of the figure.
    """
    light = light_of_code(unit.fingerprints / 255) @ LUMINANCE_709
    means = np.maximum(light.mean(axis=(2, 3)), 1e-4)
    return float(np.median(np.log2(means[:, 1] / means[:, 0])))


_Shown = Sequence[tuple[DatasetEntry, Unit]]
_Shifts = dict[str, tuple[np.ndarray, np.ndarray]]


def _measured_shifts(shown: _Shown) -> _Shifts:
    """Measure up to `SAMPLE` pairs of patches, evenly chosen: by scene, shifts and correlations."""
    kept = [(entry, unit, row) for entry, unit in shown for row in entry.numbers]
    chosen = np.linspace(0, len(kept) - 1, min(SAMPLE, len(kept))).round().astype(int)
    patches: dict[str, list] = {}
    for entry, unit, row in (kept[index] for index in chosen):
        pair = [np.asarray(Image.open(unit.patch(side, row)).convert("RGB")) for side in SIDES]
        patches.setdefault(entry.pair.name, []).append(pair)
    found = {}
    for name, pairs in patches.items():
        both = np.array(pairs, np.float32) / 255
        found[name] = residual_shifts(both[:, 0], both[:, 1])
    return found


def _typical(shifts: _Shifts) -> tuple[float | None, float]:
    """Return the median shift of the patches that agree, None without any, and their share."""
    if not shifts:
        return None, 1.0
    lengths, correlations = map(np.concatenate, zip(*shifts.values(), strict=True))
    agreeing = correlations >= LEAST_CORRELATION
    return (float(np.median(lengths[agreeing])) if agreeing.any() else None), agreeing.mean()


def _warnings(
    entries: Sequence[DatasetEntry],
    shown: _Shown,
    scenes: int,
    shifts: _Shifts,
    exposures: dict[str, float],
) -> list[str]:
    """Return the warnings that follow from the figures."""
    found = []
    if not count_patches(entries)[TEST]:
        found.append(
            "All patches show one scene, so all patches are for training and none is left for "
            "testing. Add photos of other scenes."
        )
    if LEAST_SCENES <= scenes < SAFE_SCENES:
        found.append(f"{scenes} scenes are few. {SAFE_SCENES} scenes are safe.")
    failed = len(entries) - len(shown)
    if failed > MANY_FAILED * len(entries):
        found.append(
            f"{failed} of {plural(len(entries), 'pair')} of photos gave no patch. The report gives "
            "the reason for each."
        )
    apart = []
    for name, (lengths, correlations) in shifts.items():
        agreeing = lengths[correlations >= LEAST_CORRELATION]
        if len(agreeing) >= LEAST_OF_SCENE and np.median(agreeing) > LARGEST_SHIFT:
            apart.append(f"{name} ({np.median(agreeing):.1f} px)")
    if apart:
        found.append(
            f"{_scenes(apart)} aligned poorly: {_few(apart)}. Remove the photos and align again."
        )
    typical = np.median(list(exposures.values())) if exposures else 0.0
    odd = [
        f"{name} ({value - typical:+.1f} EV)".replace("-", "−")
        for name, value in exposures.items()
        if abs(value - typical) > LARGEST_EXPOSURE
    ]
    if odd:
        found.append(
            f"{_scenes(odd)} exposed differently from the typical scene: {_few(odd)}. The "
            "alignment compares content and not light. If the DSLR took exposure brackets, keep "
            "the same exposure of each scene."
        )
    return found


def _scenes(names: Sequence[str]) -> str:
    return f"{plural(len(names), 'scene')} {'is' if len(names) == 1 else 'are'}"


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:NAMED]) + (", …" if len(names) > NAMED else "")
