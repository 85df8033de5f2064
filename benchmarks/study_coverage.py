"""Coverage of the intervals in the report of a user study, over many simulated studies.

    python -m benchmarks.study_coverage --studies 100

The benchmark simulates votes for studies like that of `python -m study simulate`, from its
Bradley-Terry model. Then it counts how many 95 % intervals of scores and of shares contain the true
value.
"""

if __name__ == "__main__":  # before the imports that fail without the environment
    from common.environment import check_environment

    check_environment()

import dataclasses
import math
import random
from collections.abc import Iterator

from common import command_line
from common.command_line import option
from study.analysis import analyze
from study.design import Picture, Study
from study.plan import plan
from study.simulate_votes import PAIRS, TRUTH
from study.votes import Vote


@dataclasses.dataclass(frozen=True)
class BenchmarkConfig:
    """Options of the benchmark."""

    studies: int = option(100, "number of simulated studies")
    participants: int = option(42, "number of participants in each study")
    photos: int = option(9, "number of photos of each phone")
    seed: int = option(100, "seed of the first study; each study adds 1")


def chance(scores: dict[str, float], first: str, second: str) -> float:
    """Return the chance that the first class is preferred."""
    return 1 / (1 + math.exp(scores[second] - scores[first]))


def main(config: BenchmarkConfig) -> None:
    """Count the intervals and print the result."""
    pictures = tuple(
        Picture("0" * 32, kind, phone, str(photo), 1, 1)
        for phone, scores in TRUTH.items()
        for photo in range(config.photos)
        for kind in scores
    )
    classes = tuple(dict.fromkeys(picture.kind for picture in pictures))
    pairs = tuple((first, second) for first, _, second in (pair.partition(":") for pair in PAIRS))
    held: dict[str, list[bool]] = {}
    for seed in range(config.seed, config.seed + config.studies):
        study = Study("0" * 32, "", "", seed, 0, classes, pairs, pictures)
        found = analyze(study, list(_votes(study, config.participants, seed)))
        for phone, truth in TRUTH.items():
            scores = found.scores[phone]
            held.setdefault("scores", []).extend(
                scores.low[i] <= truth[name] <= scores.high[i]
                for i, name in enumerate(scores.classes)
                if name != found.reference
            )
        shares = [
            ("shares over all photos", phone, first, second, share)
            for (phone, first, second), share in found.pooled.items()
            if phone is not None
        ]
        shares += [
            ("shares of one photo", phone, first, second, share)
            for (phone, _, first, second), share in found.photos.items()
        ]
        for name, phone, first, second, share in shares:
            low, high = share.interval()
            inside = low <= chance(TRUTH[phone], first, second) <= high
            held.setdefault(name, []).append(inside)
    for name, results in held.items():
        print(
            f"{name}: {sum(results)} of {len(results)} intervals contain the true value, "
            f"{sum(results) / len(results):.1%}"
        )


def _votes(study: Study, people: int, seed: int) -> Iterator[Vote]:
    rng = random.Random(seed)
    for who in range(people):
        for step, asked in enumerate(plan(study, who)):
            question = asked.question
            left = rng.random() < chance(TRUTH[question.phone], asked.left, asked.right)
            yield Vote(
                participant=who,
                step=step,
                time="",
                phone=question.phone,
                photo=question.scene,
                left=asked.left,
                right=asked.right,
                better=asked.left if left else asked.right,
                repeat=False,
                undone=False,
            )


if __name__ == "__main__":
    command_line.run(main, BenchmarkConfig, __doc__, prog="python -m benchmarks.study_coverage")
