import numpy as np
import pytest

from photos.labeled_rows import GAP, HEADING, HEIGHT, labeled_rows

RED, GREEN = (np.full((640, 480, 3), color, np.uint8) for color in ([255, 0, 0], [0, 255, 0]))


def test_photos_stand_in_rows_below_their_headings():
    sheet = labeled_rows(("first", "second"), [(RED, GREEN), (GREEN[:320], RED)])
    assert sheet.shape == (HEADING + 2 * HEIGHT + 3 * GAP, 480 + 240 + 3 * GAP, 3)
    first, second = HEADING + GAP + HEIGHT // 2, HEADING + 2 * GAP + HEIGHT * 3 // 2
    left, right = GAP + 240, 2 * GAP + 480 + 120
    assert [tuple(sheet[y, x]) for y in (first, second) for x in (left, right)] == [
        (255, 0, 0), (0, 255, 0), (0, 255, 0), (255, 0, 0)
    ]  # fmt: skip
    headings = sheet[: HEADING + GAP]
    assert (headings[:, left - 40 : left + 40] < 128).any()
    assert (headings[:, right - 40 : right + 40] < 128).any()
    assert (sheet[first, left - 200 : left - 160] == 255).all()  # a narrow photo is in the middle


def test_a_row_without_a_photo_is_an_error():
    with pytest.raises(ValueError):
        labeled_rows(("first", "second"), [(RED,)])
