"""The known word that a user probably meant, for error messages about an unknown word."""

import difflib
from collections.abc import Iterable

_LIKENESS = 0.6  # of difflib's ratio, from 0 to 1


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return "; did you mean 'WORD'?" for the known word that is most like an unknown word.

    Args:
        word: The unknown word.
        known: The known words. Capital letters do not matter.

    Returns:
        The end of an error message; an empty string if no known word is similar.
    """
    by_lower = {name.lower(): name for name in known}
    wanted = word.lower()
    close = difflib.get_close_matches(wanted, by_lower, 1, _LIKENESS)
    if not close and len(wanted) > 2:  # "univ" for "universal", "3gs" for "iphone_3gs"
        close = [name for name in by_lower if wanted in name][:1]
    return f"; did you mean {by_lower[close[0]]!r}?" if close else ""
