"""Which questions a participant is asked, in which order, and what stands on which side.

Everything follows from the study's seed and the participant's number, by hashing: a visit goes on
the same after years, whatever becomes of random number generators.

Orders and sides are random but balanced (as Latin squares of order two): participants 2k and 2k+1
see the same order from opposite ends with the sides exchanged, so that over each such couple every
question stands equally early and every class equally often on the left. Within a participant, the
photos of each phone and pairing are split between the sides as evenly as their number allows. The
questions come in rounds that show every scene once, so that no scene follows itself where there are
two scenes or more in a round.
"""

import dataclasses
import functools
import hashlib
from collections.abc import Iterable

from study.design import Question, Study

SECONDS = 6  # a question takes, about


@dataclasses.dataclass(frozen=True)
class Asked:
    """A question as one participant sees it.

    Attributes:
        question: what is compared.
        left: the class on the left.
        right: the class on the right.
        repeat: whether the participant has been asked this before.
    """

    question: Question
    left: str
    right: str
    repeat: bool = False


@functools.lru_cache(maxsize=512)
def plan(study: Study, number: int) -> tuple[Asked, ...]:
    """All that participant `number` (0 or more) is asked, in order.

    Repeated questions come at the end with the sides exchanged, chosen from the first half, so that
    at least half of the visit lies between.
    """
    couple, mirrored = divmod(number, 2)
    key = (study.seed, couple)
    left = _left_classes(study, key)
    order = _order(study, key)
    if mirrored:
        order = order[::-1]
    asked = []
    for question in order:
        sides = (question.first, question.second)
        if (left[question] == question.second) != bool(mirrored):
            sides = sides[::-1]
        asked.append(Asked(question, *sides))
    early = {a.question: a for a in asked[: (len(asked) + 1) // 2]}
    again = [early[q] for q in _shuffled(early, *key, mirrored, "repeats")[: study.repeats]]
    return (*asked, *(Asked(a.question, a.right, a.left, repeat=True) for a in again))


def minutes(questions: int) -> int:
    """What they take a participant, about."""
    return max(1, round(questions * SECONDS / 60))


def _order(study, key) -> list[Question]:
    scenes: dict[str, list[Question]] = {}
    for question in _shuffled(study.questions(), *key, "questions"):
        scenes.setdefault(question.scene, []).append(question)
    order: list[Question] = []
    for turn in range(max(map(len, scenes.values()))):
        here = [questions[turn] for questions in scenes.values() if len(questions) > turn]
        here = _shuffled(here, *key, "round", turn)
        if order and len(here) > 1 and here[0].scene == order[-1].scene:
            here[0], here[1] = here[1], here[0]
        order += here
    return order


def _left_classes(study, key) -> dict[Question, str]:
    """The class on the left: half of the photos of each phone and pairing this way, half that."""
    groups: dict[tuple[str, ...], list[Question]] = {}
    for question in study.questions():
        groups.setdefault((question.phone, question.first, question.second), []).append(question)
    left = {}
    for group, questions in groups.items():
        start = _digest(*key, "start", *group)[0] % 2
        for i, question in enumerate(_shuffled(questions, *key, "sides")):
            left[question] = (question.first, question.second)[(start + i) % 2]
    return left


def _shuffled(questions: Iterable[Question], *key) -> list[Question]:
    return sorted(questions, key=lambda q: _digest(*key, q.phone, q.scene, q.first, q.second))


def _digest(*key) -> bytes:
    return hashlib.sha256(repr(key).encode()).digest()
