"""Numbers with their nouns, for messages and reports."""


def plural(number: int, noun: str, many: str | None = None) -> str:
    """Return the number with the right form of the noun: "1 pair", "2 pairs", "0 pairs".

    Args:
        number: The number of things.
        noun: The noun for one thing.
        many: The noun for another number of things; None for the noun with an "s".
    """
    return f"{number} {noun if number == 1 else many or noun + 's'}"
