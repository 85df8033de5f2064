"""What a difference between two methods means, and whether the user's network is the better one."""

import dataclasses
from collections.abc import Iterable, Mapping

import numpy as np

from common.plural import plural
from evaluation.methods import OLD_ONE_CLICK, ONE_CLICK, UNTRAINED
from evaluation.number_text import number
from evaluation.score_method import Scored
from metrics import METRICS, Better, Metric, paired_difference
from metrics.intervals import FEW_SCENES
from models.shipped import ANY_PHONE

FEW_PAIRS = 20  # fewer pairs do not allow a conclusion
WHOLE_PHOTO = (ONE_CLICK, OLD_ONE_CLICK, ANY_PHONE)  # methods that adapt to the whole photo
TEXTURE = ("noise", "sharpness")  # metrics of texture: 1 means as in the target


@dataclasses.dataclass(frozen=True)
class Verdict:
    """The user's network against every method that needs no training.

    Attributes:
        method: name of the user's network.
        differences: by method and metric, the mean of network − method over the same pairs, and
            the low and high end of the interval of 95%; the ends are None where there is no
            interval, as for pairs of a single scene.
        text: the verdict in plain sentences.
        warning: a sentence if there are too few pairs for a conclusion, or "".
    """

    method: str
    differences: dict[str, dict[str, list[float | None]]]
    text: str
    warning: str

    def __str__(self) -> str:
        """Return the verdict and the warning."""
        return " ".join(filter(None, (self.text, self.warning)))


def judge(
    method: str,
    scored: Mapping[str, Scored],
    methods: Mapping[str, Mapping],
    scenes: np.ndarray | None,
) -> Verdict:
    """Compare the user's network with every method that needs no training.

    Args:
        method: name of the user's network.
        scored: results by method.
        methods: by name, what `evaluation.summary.summarize` returns.
        scenes: `(N,)`, the scene of each pair; None if the dataset does not say it.
    """
    headline = {name: metric for name, metric in METRICS.items() if metric.headline}
    own = scored[method].per_image
    differences = {
        rival: {
            name: _difference(metric, own, result.per_image, scenes)
            for name, metric in headline.items()
        }
        for rival, result in scored.items()
        if rival in UNTRAINED
    }
    sentences = [
        _compared(method, differences, methods),
        _texture(methods[method]),
        _disadvantaged(differences),
    ]
    count = None if scenes is None else len(np.unique(scenes))
    text = " ".join(filter(None, sentences))
    return Verdict(method, differences, text, too_few(methods[method]["n"], count))


def difference_in_words(
    metric: Metric, difference: list[float], value: float | None, aim: float | None
) -> str:
    """Say what an interval means: better, worse, higher, lower or not distinguishable.

    Args:
        metric: the metric.
        difference: mean, low and high end of method − reference.
        value: the method's mean.
        aim: the reference's mean.
    """
    _, low, high = difference
    if low <= 0 <= high:
        return "not distinguishable"
    if metric.better == Better.NEAR_ONE:
        if value is None or aim is None or (value - 1) * (aim - 1) < 0:
            return "higher" if low > 0 else "lower"
        return "better" if abs(value - 1) < abs(aim - 1) else "worse"
    return "better" if (low > 0) == (metric.better == Better.HIGHER) else "worse"


def too_few(pairs: int, scenes: int | None) -> str:
    """Warn in one sentence of too few pairs or scenes for a conclusion; "" if there are enough."""
    if pairs >= FEW_PAIRS and (scenes is None or scenes >= FEW_SCENES):
        return ""
    shown = plural(pairs, "pair") + (f" of {plural(scenes, 'scene')}" if scenes else "")
    return f"{shown}: too few to conclude."


def _difference(metric, own, others, scenes) -> list[float | None]:
    """Return network − method, low and high end; None for what is not finite."""
    compared = paired_difference(
        own[metric.values], others[metric.values], metric.statistic, scenes
    )
    return [float(value) if np.isfinite(value) else None for value in compared]


def _compared(method: str, differences: Mapping, methods: Mapping[str, Mapping]) -> str:
    """Say how the network compares by PSNR with each method, and where another metric objects."""
    clauses, objections = [], []
    for rival, found in differences.items():
        if found["psnr"][0] is None:
            continue
        clauses.append(_clause(rival, found["psnr"]))
        by_metric = {name: _said(name, found, methods, method, rival) for name in found}
        contrary = {"better": "worse", "worse": "better"}.get(by_metric["psnr"])
        objections += [
            f"By {METRICS[name].label} the network is {contrary} than {rival}."
            for name, said in by_metric.items()
            if contrary and said == contrary
        ]
    if not clauses:
        return ""
    meaning = "The figures are differences of the mean PSNR, with their 95 % intervals."
    return " ".join([f"Your network {method} is {_listed(clauses)}.", meaning, *objections])


def _clause(rival: str, difference: list[float | None]) -> str:
    mean, low, high = difference
    assert mean is not None
    if low is None or high is None:
        return (
            f"{_decibels(abs(mean))} dB {'above' if mean >= 0 else 'below'} {rival} (no interval)"
        )
    if low > 0:
        return (
            f"better than {rival} by {_decibels(mean)} dB ({_decibels(low)} to {_decibels(high)})"
        )
    if high < 0:
        return (
            f"worse than {rival} by {_decibels(-mean)} dB ({_decibels(-high)} to {_decibels(-low)})"
        )
    signed = (number(end, METRICS["psnr"].decimals, sign=True) for end in difference)
    return "not distinguishable from {}: {} dB ({} to {})".format(rival, *signed)


def _said(name: str, found: Mapping, methods: Mapping, method: str, rival: str) -> str:
    """Say what the difference of a metric means; "" without an interval."""
    if None in found[name]:
        return ""
    means = (methods[which].get(name) for which in (method, rival))
    return difference_in_words(METRICS[name], found[name], *means)


def _texture(facts: Mapping) -> str:
    """Say how much noise and sharpness the results have, which PSNR does not show."""
    measured = [
        f"{number(facts[name], 2)} of the DSLR's {METRICS[name].label}"
        for name in TEXTURE
        if facts.get(name) is not None
    ]
    return f"The results have {_listed(measured)}." if measured else ""


def _disadvantaged(rivals: Iterable[str]) -> str:
    """Name the methods that measure the whole photo, and that a patch alone tells less."""
    found = [name for name in rivals if name in WHOLE_PHOTO]
    if not found:
        return ""
    return f"Here {_listed(found)} {'see' if found[1:] else 'sees'} a patch, not the whole photo."


def _listed(words: Iterable[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def _decibels(value: float) -> str:
    return number(value, METRICS["psnr"].decimals)
