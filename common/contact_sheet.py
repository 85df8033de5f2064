"""Sheets of small pictures, for a look at many results at once."""

import numpy as np


def contact_sheet(*columns: np.ndarray, gap: int = 4) -> np.ndarray:
    """Return pictures side by side: one row for each index, one column for each argument.

    Args:
        *columns: Arrays `(N, H, W, 3)` of one shape, float RGB. Values are clipped to [0, 1].
        gap: The number of white pixels between pictures.

    Returns:
        The sheet, uint8 RGB `(height, width, 3)`.
    """
    pictures = np.stack(columns, axis=1)
    margins = ((0, 0), (0, 0), (gap, 0), (gap, 0), (0, 0))
    framed = np.pad(np.clip(pictures, 0, 1), margins, constant_values=1.0)
    rows, cols, height, width, _ = framed.shape
    sheet = framed.transpose(0, 2, 1, 3, 4).reshape(rows * height, cols * width, 3)
    return np.rint(sheet * 255).astype(np.uint8)
