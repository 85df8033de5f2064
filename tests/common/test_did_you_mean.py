"""The known word that a user probably meant."""

import pytest

from common.did_you_mean import did_you_mean

KNOWN = ["universal", "iphone_3gs", "one_click", "auto"]


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("univeral", "universal"),
        ("Universal", "universal"),
        ("universal.keras", "universal"),
        ("univ", "universal"),
        ("3gs", "iphone_3gs"),
        ("iphone-3gs", "iphone_3gs"),
        ("oneclick", "one_click"),
    ],
)
def test_a_similar_word_is_named(word, meant):
    assert did_you_mean(word, KNOWN) == f"; did you mean {meant!r}?"


@pytest.mark.parametrize("word", ["", "x", "blackberry", "on"])
def test_a_word_like_none_gets_nothing(word):
    assert did_you_mean(word, KNOWN) == ""
    assert did_you_mean(word, []) == ""
