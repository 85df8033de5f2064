from common.text_columns import in_columns


def test_text_begins_at_the_left_and_numbers_end_at_the_right():
    assert in_columns([["a", "b"], ["long", "1.25"]]) == "a        b\nlong  1.25\n"
    assert in_columns([["a", "b"], ["long", "1.25"]], left=2) == "a     b\nlong  1.25\n"
    assert in_columns([]) == ""
