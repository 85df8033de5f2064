"""Numbers as text."""


def number(value: float | None, decimals: int, sign: bool = False) -> str:
    """Format a number with a true minus sign, or a dash for None.

    Args:
        value: the number.
        decimals: number of decimals.
        sign: whether a positive number gets a plus sign.
    """
    if value is None:
        return "–"
    return f"{value:{'+' if sign else ''}.{decimals}f}".replace("-", "−")


def amount(value: float | None) -> str:
    """Format a count or a time: whole from 100 on, else three digits; a dash for None."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
