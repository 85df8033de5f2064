"""The plan of a participant: the questions, their order, and the side of each photo.

The plan is computed by hashing the seed of the study and the number of the participant. A visit can
therefore continue after years, even if random number generators change.

Orders and sides are random but balanced, as in Latin squares of order two. Participants 2k and 2k+1
form a couple: one sees the order of the other backwards, with the sides exchanged. Over a couple,
every question comes equally early, and every class is equally often on the left. For one
participant, the photos of each phone and pair are divided between the sides as evenly as possible.
The questions come in rounds, and a round shows every scene once. A scene never follows itself,
neither between rounds nor among the repeated questions, if some choice and order of the questions
avoids that.
"""

import dataclasses
import functools
import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence

from study.design import Question, Study

SECONDS = 6  # approximate time for a question


@dataclasses.dataclass(frozen=True)
class PlannedQuestion:
    """A question as one participant sees it.

    Attributes:
        question: the comparison.
        left: class of the left photo.
        right: class of the right photo.
        repeat: whether the participant has answered the question before.
    """

    question: Question
    left: str
    right: str
    repeat: bool = False


@functools.lru_cache(maxsize=512)
def plan(study: Study, number: int) -> tuple[PlannedQuestion, ...]:
    """Return all questions of participant `number` (0 or more), in order.

    Repeated questions come at the end, with the sides exchanged. They are chosen from the first
    half, so that at least half of the visit lies between a question and its repetition.
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
        asked.append(PlannedQuestion(question, sides[0], sides[1]))
    early = {a.question: a for a in asked[: (len(asked) + 1) // 2]}
    chosen = _shuffled(early, *key, mirrored, "repeats")
    again = [early[q] for q in _apart(chosen, study.repeats, asked[-1].question.scene)]
    return (*asked, *(PlannedQuestion(a.question, a.right, a.left, repeat=True) for a in again))


def minutes(questions: int) -> int:
    """Return the approximate time that a participant needs for a number of questions."""
    return max(1, round(questions * SECONDS / 60))


def _order(study: Study, key: tuple[int, int]) -> list[Question]:
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
    return _apart(order, len(order))


def _apart(questions: Sequence[Question], count: int, before: str | None = None) -> list[Question]:
    """Return `count` of the questions so that no scene follows itself, if that is possible.

    Each place takes the first question that leaves a solution for the remaining places. Questions
    whose order needs no change therefore keep their order, and visits that have begun their plan.

    Args:
        questions: the questions in the wanted order.
        count: the number of questions to return, at most the number of questions.
        before: the scene that comes before the first question; None for no scene.
    """
    waiting = list(questions)
    left = Counter(question.scene for question in waiting)
    chosen: list[Question] = []
    for places in range(count - 1, -1, -1):
        other = [i for i, question in enumerate(waiting) if question.scene != before]
        solved = (i for i in other if _can_follow(left, waiting[i].scene, places))
        question = waiting.pop(next(solved, other[0] if other else 0))
        left[question.scene] -= 1
        chosen.append(question)
        before = question.scene
    return chosen


def _can_follow(left: Counter[str], scene: str, places: int) -> bool:
    """Return whether `places` questions can follow a question about `scene`, none beside its like.

    Args:
        left: the number of questions about each scene, with the question about `scene`.
        scene: the scene that comes before the first place.
        places: the number of places.
    """
    # A scene takes at most every second place. The scene before the first place begins one later.
    free = sum(min(n, (places + 1) // 2) for name, n in left.items() if name != scene)
    return free + min(left[scene] - 1, places // 2) >= places


def _left_classes(study: Study, key: tuple[int, int]) -> dict[Question, str]:
    """Return the left class of each question; each class is left for half of a pair's photos."""
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
