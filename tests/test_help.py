"""The help of the commands: the first screen is one screen."""

import importlib

import pytest

from common.option_parser import ESSENTIAL, option_fields, parser_for

# {module: its options}
COMMANDS = {
    "train": "TrainConfig",
    "evaluate": "EvaluateConfig",
    "enhance": "EnhanceConfig",
    "align.__main__": "AlignConfig",
    "export.to_tflite": "ExportConfig",
    "study.prepare": "PrepareConfig",
    "study.report_votes": "ReportConfig",
    "training.universal": "UniversalConfig",
}


def parser_of(module):
    found = importlib.import_module(module)
    return parser_for(getattr(found, COMMANDS[module]), found.__doc__, "command")


@pytest.mark.parametrize("module", COMMANDS)
def test_help_fits_on_a_screen(module, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    text = parser_of(module).format_help()
    usage = text.splitlines()[0]
    assert usage.startswith("usage: command ") and len(usage) <= 100
    assert len(text.splitlines()) <= 32


@pytest.mark.parametrize("module", COMMANDS)
def test_many_options_are_split_into_the_essential_ones_and_the_others(module):
    config = getattr(importlib.import_module(module), COMMANDS[module])
    fields = option_fields(config)
    essential = [field for field in fields if field.metadata.get("group") == ESSENTIAL]
    assert len(fields) <= 8 or 2 <= len(essential) <= 10
    everything = parser_of(module).format_help_all()
    for field in fields:
        shown = field.metadata.get("flag") or field.metadata.get("metavar") or field.name
        assert shown in everything
