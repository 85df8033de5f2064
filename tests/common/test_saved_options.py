"""Saved options have the types and choices of the command line."""

import dataclasses
import json

import pytest

from common.command_line import option
from common.saved_options import options_from_json


@dataclasses.dataclass(frozen=True)
class Config:
    """One field of each kind."""

    phone: str = option(help="name")
    steps: int = option(None, "steps")
    rate: float = option(0.5, "rate")
    width: int | None = option(None, "width")
    fast: bool = option(False, "fast")
    preset: str = option(None, "preset", choices=("thesis", "iccv"))


GOOD = {"phone": "a", "steps": 3, "rate": 1, "width": None, "fast": True, "preset": "iccv"}


def test_what_was_saved_is_read():
    assert options_from_json(Config, json.dumps(GOOD)) == GOOD
    assert (
        options_from_json(Config, '{"phone": "a", "steps": null, "preset": null}')["steps"] is None
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("phone", None), ("phone", 3), ("steps", 8.5), ("steps", "3"), ("steps", True),
        ("steps", [3]), ("rate", "fast"), ("rate", float("inf")), ("rate", float("nan")),
        ("rate", None), ("width", 8.5), ("width", {}), ("fast", 1), ("fast", None),
        ("preset", "none"), ("preset", 0), ("preset", []), ("colour", 1),
    ],
)  # fmt: skip
def test_each_wrong_value_is_named(name, value):
    with pytest.raises(ValueError, match=name):
        options_from_json(Config, json.dumps({**GOOD, name: value}))


@pytest.mark.parametrize("text", ["", "[]", "3", "null", "{", "[" * 100_000, '{"a": ' * 100_000])
def test_other_texts_are_refused(text):
    with pytest.raises(ValueError, match=r"JSON|deep|Expecting"):
        options_from_json(Config, text)
