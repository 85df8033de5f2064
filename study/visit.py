"""A visit from step to step: what is asked next, and what an answer does.

A browser says with every answer which step it takes the visit to be at. An answer to the next step
is written; an answer to a step that is there already changes nothing, and is fine if it says the
same: a double click, a repeated request after a lost connection. If it says something else, as from
a second tab, the browser is told so and shows where the visit stands.
"""

import dataclasses

from study.design import Study
from study.plan import Asked, plan
from study.store import UNDO, VOTE, Step, Store, Visit

SIDES = ("left", "right")


@dataclasses.dataclass(frozen=True)
class State:
    """Where a visit stands.

    Attributes:
        step: how many steps it has.
        done: questions answered.
        total: questions in all.
        coming: the next questions, the one to answer first.
    """

    step: int
    done: int
    total: int
    coming: tuple[Asked, ...]


def state_of(study: Study, visit: Visit, ahead: int = 2) -> State:
    """Where a visit stands, with at most `ahead` questions to come."""
    asked, done = plan(study, visit.number), _done(visit)
    return State(len(visit.steps), done, len(asked), asked[done : done + ahead])


def vote(study: Study, store: Store, visitor: str, step: int, side: str) -> tuple[State, bool]:
    """Answer the question that stands at a step.

    Args:
        study: which.
        store: its votes.
        visitor: who has joined.
        step: how many steps the visit had when the question was shown.
        side: of `SIDES`, the better one.

    Returns:
        The state afterwards, and whether that step now holds this very answer.

    Raises:
        LookupError: the visitor has not joined.
    """
    return _take(study, store, visitor, step, VOTE, side)


def undo(study: Study, store: Store, visitor: str, step: int) -> tuple[State, bool]:
    """Take back the last answer; as `vote`."""
    return _take(study, store, visitor, step, UNDO, None)


def _take(study, store, visitor, step, action, side):
    visit = _joined(store, visitor)
    if step == len(visit.steps):
        new = _next(study, visit, action, side)
        if new is not None and store.append(visit, new):
            visit = dataclasses.replace(visit, steps=(*visit.steps, new))
            return state_of(study, visit), True
        visit = _joined(store, visitor)
    agreed = False
    if step < len(visit.steps):
        old = visit.steps[step]
        agreed = old.action == action and (side is None or old.side == side)
    return state_of(study, visit), agreed


def _next(study, visit, action, side) -> Step | None:
    done = _done(visit)
    if action == UNDO:
        standing = standing_votes(visit.steps)
        return dataclasses.replace(standing[-1], action=UNDO) if standing else None
    asked = plan(study, visit.number)
    if done == len(asked):
        return None
    now = asked[done]
    question = now.question
    return Step(
        VOTE, done, now.repeat, question.phone, question.scene, now.left, now.right, side
    )  # fmt: skip


def standing_votes(steps) -> list[Step]:
    """The votes that have not been undone, in order."""
    standing: list[Step] = []
    for step in steps:
        if step.action == VOTE:
            standing.append(step)
        else:
            standing.pop()
    return standing


def _done(visit) -> int:
    return len(standing_votes(visit.steps))


def _joined(store, visitor) -> Visit:
    visit = store.visit(visitor)
    if visit is None:
        raise LookupError("not joined")
    return visit
