"""No name of a file is a formula of a spreadsheet, and every name can be written."""

import csv
import io

import pytest

from common.csv_cells import plain_cells


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_formulas_become_text(first):
    name = f"{first}HYPERLINK(1)"
    assert plain_cells({"photo": name}) == {"photo": f"'{name}"}


@pytest.mark.parametrize("value", ["1.jpg", "a=b", "", "-0.25", "+3", "-1e-3", -2, 0.5, "'quoted"])
def test_names_and_numbers_stay(value):
    assert plain_cells({"x": value}) == {"x": value}


def test_a_name_that_is_not_utf_8_can_be_written():
    name = b"\xff\xe9.jpg".decode("utf-8", "surrogateescape")
    file = io.StringIO()
    csv.writer(file).writerow(plain_cells({"photo": name}).values())
    assert file.getvalue().encode("utf-8") == b"\\xff\\xe9.jpg\r\n"
