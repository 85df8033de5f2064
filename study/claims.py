"""The claims that a study of enhanced photos is made for, tested.

- Enhanced over original; enhanced over each rival (Photoshop, one-click enhancers): the share of
  votes for the enhanced photo against 1/2, two-sided, p-values adjusted for their number by
  S. Holm's method (Scand. J. Stat. 6, 1979).
- Parity with the DSLR: that no difference was found shows nothing; parity holds where the share
  lies within 1/2 ± a margin by two one-sided tests at 5 % (D. J. Schuirmann, J. Pharmacokinet.
  Biopharm. 15, 1987), that is, where the 90 % interval lies within it.
"""

import dataclasses
import math
from collections.abc import Callable, Iterable

from study.shares import Share
from study.study_error import StudyError

ALPHA = 0.05
ROLES = {  # what the classes are likely to be called, in lower case
    "original": ("original", "phone", "input", "before"),
    "enhanced": ("enhanced", "method", "ours", "dped", "after"),
    "dslr": ("dslr", "canon", "target", "camera"),
}


@dataclasses.dataclass(frozen=True)
class Claim:
    """One claim about one phone, or all.

    Attributes:
        text: the claim.
        phone: name, or None for all phones.
        share: of the votes for the enhanced photo.
        p: of the test; for parity the larger of the two.
        adjusted: p by Holm's method; for parity p itself.
        verdict: what the votes say.
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
    """Which class plays which part: as given, or by its name; None for none.

    Raises:
        StudyError: a name given is no class.
    """
    roles = {}
    for role, usual in ROLES.items():
        name = given.get(role)
        if name is not None and name not in classes:
            raise StudyError(f"--{role} {name}: no such class; there are {', '.join(classes)}")
        by_name = (c for word in usual for c in classes if c.casefold() == word)
        roles[role] = name or next(by_name, None)
    return roles


def check_claims(
    roles: dict[str, str | None],
    pairings: Iterable[tuple[str | None, str, str]],
    share: Callable[[str | None, str, str], Share],
    margin: float,
) -> list[Claim]:
    """Test what the classes allow.

    Args:
        roles: see `roles_of`.
        pairings: (phone or None for all, class, other class) that were asked about.
        share: of (phone or None for all, class, other class): the share for the first.
        margin: of parity.

    Returns:
        A claim for each pairing of the enhanced class, parity last; none without that class.
    """
    enhanced = roles["enhanced"]
    if enhanced is None:
        return []
    better, parity = [], []
    for phone, *pair in pairings:
        if enhanced in pair:
            other = next(c for c in pair if c != enhanced)
            found = share(phone, enhanced, other)
            if found.votes and found.effective > 0:
                (parity if other == roles["dslr"] else better).append((other, phone, found))
    p_values = [2 * min(s.p_above(0.5), 1 - s.p_above(0.5)) for _, _, s in better]
    claims = [
        _superiority(enhanced, other, phone, found, p, adjusted)
        for (other, phone, found), p, adjusted in zip(better, p_values, holm(p_values), strict=True)
    ]
    return claims + [_parity(enhanced, *facts, margin) for facts in parity]


def holm(p_values: list[float]) -> list[float]:
    """Holm's step-down adjustment: the i-th smallest of n times n - i, never falling."""
    adjusted, reached = [math.nan] * len(p_values), 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        reached = max(reached, min(1.0, p_values[index] * (len(p_values) - rank)))
        adjusted[index] = reached
    return adjusted


def _superiority(enhanced, other, phone, share, p, adjusted) -> Claim:
    if adjusted >= ALPHA:
        verdict = "no difference shown"
    else:
        verdict = f"{enhanced if share.share > 0.5 else other} preferred"
    holds = adjusted < ALPHA and share.share > 0.5
    return Claim(f"{enhanced} over {other}", phone, share, p, adjusted, verdict, holds)


def _parity(enhanced, dslr, phone, share, margin) -> Claim:
    p = max(share.p_above(0.5 - margin), 1 - share.p_above(0.5 + margin))
    differs = 2 * min(share.p_above(0.5), 1 - share.p_above(0.5)) < ALPHA
    if p < ALPHA:
        verdict = f"parity within ±{margin:.0%}" + (", but not equal" if differs else "")
    elif differs:
        verdict = f"{enhanced if share.share > 0.5 else dslr} preferred"
    else:
        verdict = "undecided: more votes are needed"
    return Claim(f"{enhanced} on a par with {dslr}", phone, share, p, p, verdict, p < ALPHA)
