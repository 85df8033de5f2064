"""Tables of plain text, for commands."""

from collections.abc import Sequence


def in_columns(rows: Sequence[Sequence[str]], left: int = 1) -> str:
    """Write rows of cells in columns, two spaces apart.

    Args:
        rows: The cells; every row has the same number of cells.
        left: The number of columns, from the left, whose cells begin at the left edge of the
            column. Cells of further columns, such as numbers, end at the right edge.

    Returns:
        A line for each row. No line ends in spaces.
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [
            cell.ljust(width) if index < left else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip() + "\n")
    return "".join(lines)
