import pytest

from common.plural import plural


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((0, "pair"), "0 pairs"),
        ((1, "pair"), "1 pair"),
        ((2, "pair"), "2 pairs"),
        ((1, "patch"), "1 patch"),
        ((21, "patch"), "21 patches"),
        ((2, "box"), "2 boxes"),
        ((2, "person", "people"), "2 people"),
    ],
)
def test_the_noun_follows_the_number(words, expected):
    assert plural(*words) == expected
