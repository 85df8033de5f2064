"""Tests of the claims of a study of enhanced photos.

- Enhanced over original, and enhanced over each rival (Photoshop, one-click enhancers): a two-sided
  test of the share of votes for the enhanced photo against 1/2. S. Holm's method (Scand. J. Stat.
  6, 1979) adjusts the p-values for their number.
- Parity with the DSLR: the lack of a difference shows nothing. Parity holds if two one-sided tests
  at 5 % put the share within 1/2 ± a margin (D. J. Schuirmann, J. Pharmacokinet. Biopharm. 15,
  1987), that is, if the 90 % interval lies within the margin.
"""

import dataclasses
import math
from collections.abc import Callable, Iterable

from study.design import StudyError
from study.shares import Share

ALPHA = 0.05
ROLES = {  # usual names of the classes, in lower case
    "original": ("original", "phone", "input", "before"),
    "enhanced": ("enhanced", "method", "ours", "dped", "after"),
    "dslr": ("dslr", "canon", "target", "camera"),
}


@dataclasses.dataclass(frozen=True)
class Claim:
    """A claim about one phone or about all phones.

    Attributes:
        text: the claim in words.
        phone: name of the phone; None for all phones.
        share: share of the votes for the enhanced photo.
        p: p-value of the test; for parity the larger of two p-values.
        adjusted: p adjusted by Holm's method; for parity p.
        verdict: the result in words.
        holds: whether they support the claim.
    """

    text: str
    phone: str | None
    share: Share
    p: float
    adjusted: float
    verdict: str
    holds: bool


def roles_of(classes: tuple[str, ...], given: dict[str, str | None]) -> dict[str, str | None]:
    """Return the class of each role, as given or by the usual names; None for no class.

    Raises:
        StudyError: a given name is not a class.
    """
    roles = {}
    for role, usual in ROLES.items():
        name = given.get(role)
        if name is not None and name not in classes:
            raise StudyError(f"--{role} {name}: no such class; give one of {', '.join(classes)}")
        by_name = (c for word in usual for c in classes if c.casefold() == word)
        roles[role] = name or next(by_name, None)
    return roles


def check_claims(
    roles: dict[str, str | None],
    pairs: Iterable[tuple[str | None, str, str]],
    share: Callable[[str | None, str, str], Share],
    margin: float,
) -> list[Claim]:
    """Test every claim that the classes allow.

    Args:
        roles: result of `roles_of`.
        pairs: the compared (phone or None for all phones, class, other class).
        share: returns, for (phone or None, class, other class), the share of the first class.
        margin: margin of parity.

    Returns:
        A claim for each pair with the enhanced class, parity last; empty without that class.
    """
    enhanced = roles["enhanced"]
    if enhanced is None:
        return []
    better, parity = [], []
    for phone, first, second in pairs:
        if enhanced in (first, second):
            other = second if first == enhanced else first
            found = share(phone, enhanced, other)
            if found.votes and found.effective > 0:
                (parity if other == roles["dslr"] else better).append((other, phone, found))
    p_values = [2 * min(s.p_above(0.5), 1 - s.p_above(0.5)) for _, _, s in better]
    claims = [
        _superiority(enhanced, other, phone, found, p, adjusted)
        for (other, phone, found), p, adjusted in zip(better, p_values, holm(p_values), strict=True)
    ]
    return claims + [_parity(enhanced, dslr, phone, s, margin) for dslr, phone, s in parity]


def holm(p_values: list[float]) -> list[float]:
    """Adjust p-values by Holm's step-down method.

    Formula: the i-th smallest of n values (i from 0) is multiplied by n - i and limited to 1. The
    results never decrease with i.
    """
    adjusted, reached = [math.nan] * len(p_values), 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        reached = max(reached, min(1.0, p_values[index] * (len(p_values) - rank)))
        adjusted[index] = reached
    return adjusted


def _superiority(
    enhanced: str, other: str, phone: str | None, share: Share, p: float, adjusted: float
) -> Claim:
    if adjusted >= ALPHA:
        verdict = "no difference shown"
    else:
        verdict = f"{enhanced if share.share > 0.5 else other} preferred"
    holds = adjusted < ALPHA and share.share > 0.5
    return Claim(f"{enhanced} over {other}", phone, share, p, adjusted, verdict, holds)


def _parity(enhanced: str, dslr: str, phone: str | None, share: Share, margin: float) -> Claim:
    p = max(share.p_above(0.5 - margin), 1 - share.p_above(0.5 + margin))
    differs = 2 * min(share.p_above(0.5), 1 - share.p_above(0.5)) < ALPHA
    if p < ALPHA:
        verdict = f"parity within ±{margin:.0%}" + (", but not equal" if differs else "")
    elif differs:
        verdict = f"{enhanced if share.share > 0.5 else dslr} preferred"
    else:
        verdict = "undecided: more votes are needed"
    return Claim(f"{enhanced} on a par with {dslr}", phone, share, p, p, verdict, p < ALPHA)
