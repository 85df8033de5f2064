"""The journal of a visit: its steps, votes and undone votes, in order."""

import dataclasses
from collections.abc import Iterable, Sequence

VOTE, UNDO = "vote", "undo"
SIDES = ("left", "right")
LATEST_MS = 1 << 47  # the year 6429


@dataclasses.dataclass(frozen=True)
class Step:
    """One step of a visit.

    Attributes:
        action: `VOTE` or `UNDO`.
        position: number of the question in the plan of the participant, from 0.
        repeat: whether the participant answers the question for the second time.
        phone: phone of the photo.
        scene: scene of the photo.
        left: class of the left photo.
        right: class of the right photo.
        side: "left" or "right", the better photo; an undo keeps the side of its vote.
    """

    action: str
    position: int
    repeat: bool
    phone: str
    scene: str
    left: str
    right: str
    side: str


@dataclasses.dataclass(frozen=True)
class Visit:
    """The visit of a participant with all steps so far.

    Attributes:
        participant: key of the participant in the database.
        number: number of the participant in the study, from 0.
        steps: steps in order.
    """

    participant: int
    number: int
    steps: tuple[Step, ...]


def standing_votes(steps: Iterable[Step]) -> list[Step]:
    """Return the votes that were not undone, in order."""
    standing: list[Step] = []
    for step in steps:
        if step.action == VOTE:
            standing.append(step)
        else:
            standing.pop()
    return standing


def find_damage(numbers: Sequence[object], times: Sequence[object], steps: Sequence[Step]) -> str:
    """Return what is wrong with the steps of one visit as a database gave them; "" for nothing.

    Args:
        numbers: the number of each step; 0, 1, 2 … in an intact journal.
        times: the time of each step, milliseconds since 1970.
        steps: the steps; a damaged file gives values of any type.
    """
    standing = 0
    for expected, (number, at, step) in enumerate(zip(numbers, times, steps, strict=True)):
        names = (step.phone, step.scene, step.left, step.right)
        if number != expected:
            return f"step {expected} is missing"
        if step.action not in (VOTE, UNDO) or step.side not in SIDES or step.left == step.right:
            return f"step {expected} is no answer"
        if not all(isinstance(name, str) for name in names) or type(step.repeat) is not bool:
            return f"step {expected} has a value of a wrong type"
        if type(at) is not int or not 0 <= at < LATEST_MS or type(step.position) is not int:
            return f"step {expected} has a wrong number"
        standing += 1 if step.action == VOTE else -1
        if standing < 0:
            return f"step {expected} takes back an answer that does not exist"
    return ""
