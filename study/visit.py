"""A visit, step by step: the next question, and the effect of an answer.

A browser sends the number of the step with every answer. An answer to the next step is stored. An
answer to a step that is already stored changes nothing. If the answer is equal, it is accepted: the
browser has repeated a request after a double click or a lost connection. If the answer differs, as
from a second tab, it is refused, and the browser shows the current state of the visit.
"""

import dataclasses

from study.design import Study
from study.journal import UNDO, VOTE, Step, Visit, standing_votes
from study.plan import PlannedQuestion, plan
from study.store import Store


@dataclasses.dataclass(frozen=True)
class VisitState:
    """The state of a visit.

    Attributes:
        step: number of steps so far.
        done: number of answered questions.
        total: number of all questions.
        coming: the next questions; the first one is to be answered now.
    """

    step: int
    done: int
    total: int
    coming: tuple[PlannedQuestion, ...]


def state_of(study: Study, visit: Visit, ahead: int = 2) -> VisitState:
    """Return the state of a visit with at most `ahead` coming questions."""
    asked, done = plan(study, visit.number), _done(visit)
    return VisitState(len(visit.steps), done, len(asked), asked[done : done + ahead])


def vote(study: Study, store: Store, visitor: str, step: int, side: str) -> tuple[VisitState, bool]:
    """Answer the question of a step.

    Args:
        study: the study.
        store: the votes of the study.
        visitor: name of a visitor who has joined.
        step: number of steps of the visit when the browser showed the question.
        side: the better side, one of `journal.SIDES`.

    Returns:
        The state after the answer, and whether the step now holds this answer.

    Raises:
        LookupError: the visitor has not joined.
    """
    return _take(study, store, visitor, step, VOTE, side)


def undo(study: Study, store: Store, visitor: str, step: int) -> tuple[VisitState, bool]:
    """Take back the last answer; arguments, result and errors as for `vote`."""
    return _take(study, store, visitor, step, UNDO, None)


def _take(
    study: Study, store: Store, visitor: str, step: int, action: str, side: str | None
) -> tuple[VisitState, bool]:
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


def _next(study: Study, visit: Visit, action: str, side: str | None) -> Step | None:
    done = _done(visit)
    if action == UNDO:
        standing = standing_votes(visit.steps)
        return dataclasses.replace(standing[-1], action=UNDO) if standing else None
    asked = plan(study, visit.number)
    if done == len(asked) or side is None:
        return None
    now = asked[done]
    question = now.question
    return Step(
        VOTE, done, now.repeat, question.phone, question.scene, now.left, now.right, side
    )  # fmt: skip


def _done(visit: Visit) -> int:
    return len(standing_votes(visit.steps))


def _joined(store: Store, visitor: str) -> Visit:
    visit = store.visit(visitor)
    if visit is None:
        raise LookupError("the visitor has not joined")
    return visit
