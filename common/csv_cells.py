"""Text in tables that people open with a spreadsheet."""

from collections.abc import Mapping
from typing import Any

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")  # a cell that begins so is a formula


def plain_cells(row: Mapping[str, Any]) -> dict[str, Any]:
    r"""Return the cells of a row; a spreadsheet takes none of them for a formula.

    A name such as `=cmd|x` gets an apostrophe in front, which spreadsheets do not show. A number
    stays as it is, also where it is text. Bytes of a file name that are not UTF-8 become `\xNN`.

    Args:
        row: The values by column: numbers or text.
    """
    return {name: _plain(value) for name, value in row.items()}


def _plain(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    text = value.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return f"'{text}" if text.startswith(FORMULA) and not _is_number(text) else text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
