"""Numbers with their nouns, for messages and reports."""


def plural_of(noun: str) -> str:
    """Return the regular plural of a noun: "pairs", "patches", "boxes"."""
    return noun + ("es" if noun.endswith(("ch", "sh", "s", "x")) else "s")


def plural(number: int, noun: str, many: str | None = None) -> str:
    """Return the number with the right form of the noun: "1 pair", "2 pairs", "0 pairs".

    Args:
        number: The number of things.
        noun: The noun for one thing.
        many: The noun for another number of things; None for the regular plural.
    """
    return f"{number} {noun if number == 1 else many or plural_of(noun)}"
