"""A picture of several photos in rows and columns, with a heading above each column."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

HEIGHT, GAP, HEADING = 320, 12, 36  # pixels: of a row, between photos, of the line of headings


def labeled_rows(headings: Sequence[str], rows: Sequence[Sequence[np.ndarray]]) -> np.ndarray:
    """Draw photos in rows, all of one height.

    Args:
        headings: The heading of each column.
        rows: A photo for each column, uint8 RGB `(H, W, 3)`.

    Returns:
        uint8 RGB.

    Raises:
        ValueError: A row has another number of photos than there are headings.
    """
    small = [[_of_height(photo) for photo in row] for row in rows]
    columns = list(zip(headings, *small, strict=True))
    widths = [max(photo.width for photo in photos) for _, *photos in columns]
    size = sum(widths) + GAP * (len(widths) + 1), HEADING + (HEIGHT + GAP) * len(rows) + GAP
    sheet = Image.new("RGB", size, "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(20)
    left = GAP
    for (heading, *photos), width in zip(columns, widths, strict=True):
        draw.text((left + width // 2, GAP + HEADING // 2), heading, "black", font, anchor="mm")
        for row, photo in enumerate(photos):
            top = HEADING + GAP + row * (HEIGHT + GAP)
            sheet.paste(photo, (left + (width - photo.width) // 2, top))
        left += width + GAP
    return np.asarray(sheet)


def _of_height(photo: np.ndarray) -> Image.Image:
    image = Image.fromarray(photo)
    width = max(1, round(image.width * HEIGHT / image.height))
    return image.resize((width, HEIGHT), Image.Resampling.LANCZOS)
