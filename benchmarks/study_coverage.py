"""How often the intervals of a user study's report hold the truth, over many simulated studies.

    python -m benchmarks.study_coverage --studies 100

draws the votes of studies like that of `python -m study simulate` from its Bradley-Terry model and
counts how many of the 95 % intervals of scores and of shares hold the true value.
"""

import dataclasses
import math
import random

from common import command_line
from common.command_line import option
from study.analysis import analyse
from study.design import Picture, Study
from study.plan import plan
from study.simulate_votes import PAIRS, TRUTH
from study.votes import Vote


@dataclasses.dataclass(frozen=True)
class BenchmarkConfig:
    """How many studies of what size."""

    studies: int = option(100, "simulated studies")
    participants: int = option(42, "of each study")
    photos: int = option(9, "of each phone")
    seed: int = option(100, "of the first study; the others follow")


def chance(scores: dict[str, float], first: str, second: str) -> float:
    """That the first class is preferred."""
    return 1 / (1 + math.exp(scores[second] - scores[first]))


def main(config: BenchmarkConfig) -> None:
    """Count and print."""
    pictures = tuple(
        Picture("0" * 32, kind, phone, str(photo), 1, 1)
        for phone, scores in TRUTH.items()
        for photo in range(config.photos)
        for kind in scores
    )
    classes = tuple(dict.fromkeys(picture.kind for picture in pictures))
    pairs = tuple(tuple(pair.split(":")) for pair in PAIRS)
    held = {"scores": [], "shares over photos": [], "shares of a photo": []}
    for seed in range(config.seed, config.seed + config.studies):
        study = Study("0" * 32, "", "", seed, 0, classes, pairs, pictures)
        found = analyse(study, list(_votes(study, config.participants, seed)))
        for phone, truth in TRUTH.items():
            scores = found.scores[phone]
            held["scores"] += [
                scores.low[i] <= truth[name] <= scores.high[i]
                for i, name in enumerate(scores.classes)
                if name != found.reference
            ]
        for name, shares in (
            ("shares over photos", {k: s for k, s in found.pooled.items() if k[0]}),
            ("shares of a photo", found.photos),
        ):
            for (phone, *_, first, second), share in shares.items():
                low, high = share.interval()
                held[name].append(low <= chance(TRUTH[phone], first, second) <= high)
    for name, results in held.items():
        print(f"{name}: {sum(results)} of {len(results)} intervals hold the truth, "
              f"{sum(results) / len(results):.1%}")  # fmt: skip


def _votes(study, people, seed):
    rng = random.Random(seed)
    for who in range(people):
        for step, asked in enumerate(plan(study, who)):
            question = asked.question
            left = rng.random() < chance(TRUTH[question.phone], asked.left, asked.right)
            better = asked.left if left else asked.right
            yield Vote(who, step, "", question.phone, question.scene, asked.left, asked.right,
                       better, repeat=False, undone=False)  # fmt: skip


if __name__ == "__main__":
    command_line.run(main, BenchmarkConfig, __doc__, prog="python -m benchmarks.study_coverage")
