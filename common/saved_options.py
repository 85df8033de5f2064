"""Options of a command that an earlier run saved as JSON, checked before anything uses them."""

import dataclasses
import math
import types
import typing
from typing import Any

from common.plain_file import parse_json


def options_from_json(config_class: type, text: str) -> dict[str, Any]:
    """Return the options in the text of a `config.json`.

    Args:
        config_class: The dataclass, made with `common.command_line.option`, whose fields the
            options are.
        text: A JSON object.

    Returns:
        The values by the name of the field, as JSON gives them, with tuples for lists.

    Raises:
        ValueError: The text is no JSON object, or an option is unknown, has a value of another
            type, is not finite, or is none of its choices.
    """
    values = parse_json(text)
    if not isinstance(values, dict):
        raise ValueError("not a JSON object")
    hints = typing.get_type_hints(config_class)
    fields = {field.name: field for field in dataclasses.fields(config_class)}
    for name, value in values.items():
        if name not in fields:
            raise ValueError(f"unknown option {name[:40]!r}")
        choices = fields[name].metadata.get("choices")
        allowed = value is None and fields[name].default is None
        if not allowed and not _fits(value, hints[name]):
            raise ValueError(f"{name} {str(value)[:40]!r}: a value of another type")
        if not allowed and choices is not None and value not in choices:
            raise ValueError(f"{name} {str(value)[:40]!r}: expected one of {', '.join(choices)}")
    return {
        name: tuple(value) if isinstance(value, list) else value for name, value in values.items()
    }


def _fits(value: Any, hint: Any) -> bool:
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        return any(_fits(value, one) for one in typing.get_args(hint))
    if typing.get_origin(hint) is tuple:
        return type(value) is list and all(_fits(one, typing.get_args(hint)[0]) for one in value)
    if hint is types.NoneType:
        return value is None
    if hint is float:
        return type(value) in (int, float) and math.isfinite(value)
    return type(value) is hint
