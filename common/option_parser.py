"""Parsers of command lines, made from the fields of a dataclass.

`--help` fits on one screen: how to call the command, an example, and the essential options.
`--help_all` shows every option, in groups.
"""

import argparse
import dataclasses
import os
import sys
import types
import typing
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NoReturn

from absl.flags import argparse_flags

from common.did_you_mean import did_you_mean
from common.numbers import finite_number, whole_number

ESSENTIAL = "essential options"  # the group that `--help` shows
OTHER = "other options"  # the group of options without a group; `--help_all` shows this group last
_GIVEN = "given"  # marks the field that `given_options` makes


def option(
    default: Any = dataclasses.MISSING,
    help: str = "",
    choices: Sequence | None = None,
    group: str | None = None,
    **argument,
) -> Any:
    """Make a dataclass field that is also a command-line option.

    Args:
        default: The default value. Without a default the user must give the option.
        help: One line for `--help`.
        choices: The allowed values, or None for any value.
        group: The heading under which the help lists the option. If a command has options in
            `ESSENTIAL`, `--help` shows only that group. `--help_all` shows `ESSENTIAL` first, then
            the other groups in the order of their first fields, then the options without a group.
        **argument: Passed to `ArgumentParser.add_argument` (`nargs`, `metavar`, ...). Three keys
            have a meaning here: `flag` names the flag where no field can have the name
            (`class`), `positional=True` makes an argument without a flag, and `prints` is a
            function whose text the flag prints instead of the command's work, as `--help` does.
    """
    metadata = {"help": help, "choices": choices, "group": group, **argument}
    return dataclasses.field(default=default, metadata=metadata)


def given_options() -> frozenset[str]:
    """Make a dataclass field that holds the names of the options that the command line gives.

    An option counts as given also where its value equals the default. Outside of a command line the
    field is empty.
    """
    return dataclasses.field(default=frozenset(), metadata={_GIVEN: True}, compare=False)


def option_fields(config_class: type) -> list[dataclasses.Field]:
    """Return the fields of a dataclass that are options."""
    return [field for field in dataclasses.fields(config_class) if _GIVEN not in field.metadata]


def given_field(config_class: type) -> str | None:
    """Return the name of the field that `given_options` makes, or None if there is none."""
    fields = dataclasses.fields(config_class)
    return next((field.name for field in fields if _GIVEN in field.metadata), None)


def parser_for(
    config_class: type, description: str | None, prog: str | None = None
) -> "OptionParser":
    """Build the parser that has one `--field_name` flag for each `option` of a dataclass."""
    parser = OptionParser(
        prog=prog,
        description=description,
        inherited_absl_flags=None,
        formatter_class=_Help,
        add_help=False,
    )
    hints = typing.get_type_hints(config_class)
    fields = option_fields(config_class)
    named = [field.metadata.get("group") for field in fields if field.metadata.get("group")]
    other = OTHER if named else "options"
    order = dict.fromkeys([*(name for name in named if name == ESSENTIAL), *named, other])
    groups = {heading: parser.add_argument_group(heading) for heading in order}
    for field in fields:
        group = groups[field.metadata.get("group") or other]
        target = parser if field.metadata.get("positional") else group
        _add_option(target, field, _scalar_type(hints[field.name]))
    groups[other].add_argument("-h", "--help", action="help", help="show this help and exit")
    essential = [field for field in fields if field.metadata.get("group") == ESSENTIAL]
    show_all = f"show all {len(fields)} options" if essential else argparse.SUPPRESS
    groups[other].add_argument("--help_all", action=_HelpAll, help=show_all)
    # absl's programs know two more words for help. Both work, and nobody needs to read about them.
    parser.add_argument("--helpfull", action=_HelpAll, help=argparse.SUPPRESS)
    parser.add_argument("--helpshort", action="help", help=argparse.SUPPRESS)
    return parser


def _add_option(target, field: dataclasses.Field, value_type: Callable[[str], Any]) -> None:
    """Add the argument of one field to a parser or to a group of a parser."""
    argument = {key: value for key, value in field.metadata.items() if value is not None}
    argument.pop("group", None)
    required = field.default is dataclasses.MISSING
    argument["default"] = argparse.SUPPRESS if required else field.default
    if argument.get("action") == "append":
        argument["default"] = list(typing.cast(Sequence, field.default))  # argparse copies lists
    if value_type is not bool:
        argument.setdefault("metavar", _default_metavar(field.name, value_type, argument))
    flag = f"--{argument.pop('flag', field.name)}"
    if argument.pop("positional", False):
        target.add_argument(field.name, type=value_type, **argument)
    elif "prints" in argument:
        target.add_argument(flag, dest=field.name, action=_Print, **argument)
    elif value_type is bool:
        # --name switches on; where the default is on, --no-name switches off.
        action = argparse.BooleanOptionalAction if field.default else "store_true"
        target.add_argument(flag, dest=field.name, action=action, **argument)
    else:
        argument["required"] = required
        target.add_argument(flag, dest=field.name, type=value_type, **argument)


class _Help(argparse.RawDescriptionHelpFormatter):
    """Help that keeps the description's lines and shows each default once, as the user types it."""

    def _get_help_string(self, action):
        # Python 3.11 and 3.12 add this suffix to options that have a --no- form.
        text = (action.help or "").removesuffix(" (default: %(default)s)")
        choices = [str(choice) for choice in action.choices or ()]
        if any(choice not in text for choice in choices):
            text += f" ({', '.join(choices)})"
        default = action.default
        nothing_to_show = default is None or default is False or default in ("", (), [])
        if nothing_to_show or default == argparse.SUPPRESS or "default" in text:
            return text
        if default is True:
            shown = "on"
        elif isinstance(default, (list, tuple)):
            shown = " ".join(map(str, default))
        else:
            shown = str(default)
        return f"{text} (default: {shown.replace('%', '%%')})"


class OptionParser(argparse_flags.ArgumentParser):
    """A parser with short help, which reports bad usage in one line, like every other error."""

    def parse_known_args(self, args=None, namespace=None):
        """Parse, and keep the words for the message about an error."""
        self._words = list(sys.argv[1:] if args is None else args)
        return super().parse_known_args(self._words, namespace)

    def error(self, message: str) -> NoReturn:
        file = next((w for w in self._words if w[:1] == "-" and os.path.lexists(w)), None)
        if file:
            hint = f"; {file} is a file whose name begins with -: write ./{file}"
        else:
            hint = "".join(self._mistyped())
        self.exit(2, f"{self.prog}: error: {message}{hint} (see --help)\n")

    def _mistyped(self) -> Iterator[str]:
        """Yield a hint for each word that looks like an option and is none."""
        known = [flag for flag in self._option_string_actions if flag.startswith("--")]
        for word in self._words:
            flag = word.split("=")[0]
            if flag == "--":
                return
            if flag.startswith("--") and not any(name.startswith(flag) for name in known):
                hint = did_you_mean(flag, known)
                yield hint and f"{hint[:-1]} for {flag!r}?"

    def _check_value(self, action, value) -> None:
        """Refuse a value that is none of an option's choices, and name the nearest choice."""
        if action.choices is not None and value not in action.choices:
            choices = [str(choice) for choice in action.choices]
            message = f"invalid choice: {value!r} (choose from {', '.join(choices)})"
            raise argparse.ArgumentError(action, message + did_you_mean(str(value), choices))

    def format_usage(self) -> str:
        """Return one line: the arguments that must be given, and a word for all others."""
        words = [f"usage: {self.prog}"]
        for action in self._actions:
            if action.required:
                formatter = self._get_formatter()
                shown = formatter._format_args(action, _metavar(action))
                words.append(" ".join([*action.option_strings[:1], shown]))
        return " ".join([*words, "[options]"]) + "\n"

    def format_help(self) -> str:
        """Return the help of one screen; all help if no option is in the group `ESSENTIAL`."""
        groups = self._listed()
        if ESSENTIAL not in groups:
            return self.format_help_all()
        help_all = [action for action in self._actions if "--help_all" in action.option_strings]
        short = dict(list(groups.items())[:1])
        short[ESSENTIAL] = [*groups[ESSENTIAL], *help_all]
        return self._help(_summary(self.description or ""), short)

    def format_help_all(self) -> str:
        """Return the help with every option, in groups."""
        return self._help(self.description or "", self._listed())

    def _listed(self) -> dict[str, list[argparse.Action]]:
        """Return the options of each group by its heading; the words without a flag come first."""
        groups = {group.title or "": group._group_actions for group in self._action_groups}
        return {title: actions for title, actions in groups.items() if actions}

    def _help(self, description: str, groups: dict[str, list[argparse.Action]]) -> str:
        formatter = self._get_formatter()
        formatter.add_text(description)
        for title, actions in groups.items():
            formatter.start_section(title)
            formatter.add_arguments(actions)
            formatter.end_section()
        return f"{self.format_usage()}\n{formatter.format_help()}"


class _HelpAll(argparse.Action):
    """`--help_all`: print every option and exit."""

    def __init__(self, option_strings, dest, help=None):
        super().__init__(option_strings, argparse.SUPPRESS, 0, default=argparse.SUPPRESS, help=help)

    def __call__(self, parser, namespace, values, option_string=None):
        """Print the help; argparse calls this method when it meets the flag."""
        assert isinstance(parser, OptionParser)
        parser._print_message(parser.format_help_all(), sys.stdout)
        parser.exit()


class _Print(argparse.Action):
    """Print what a function returns, and exit."""

    def __init__(self, option_strings, dest, default, prints, help=None):
        super().__init__(option_strings, dest, 0, default=default, help=help)
        self._prints = prints

    def __call__(self, parser, namespace, values, option_string=None):
        """Print the text; argparse calls this method when it meets the flag."""
        parser._print_message(self._prints(), sys.stdout)
        parser.exit()


def _metavar(action: argparse.Action) -> str:
    if isinstance(action.metavar, str):
        return action.metavar
    return action.dest.upper() if action.option_strings else action.dest


def _default_metavar(name: str, value_type: Callable[[str], Any], argument: dict) -> str:
    """Return the word that stands for the value of an option in the help."""
    if argument.get("choices"):
        return "NAME"
    if value_type in (whole_number, finite_number):
        return "N"
    if name.endswith("_dir"):
        return "DIR"
    return name if argument.get("positional") else name.upper()


def _summary(description: str) -> str:
    """Return the paragraphs of a description up to the first example, or the first paragraph."""
    paragraphs = description.strip().split("\n\n")
    examples = [i for i, text in enumerate(paragraphs) if text.startswith("    ")]
    return "\n\n".join(paragraphs[: examples[0] + 1 if examples else 1])


def _scalar_type(hint) -> Callable[[str], Any]:
    """Return the type that converts one word of the command line: `int | None` gives int."""
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        hint = next(t for t in typing.get_args(hint) if t is not types.NoneType)
    if typing.get_origin(hint) is tuple:
        hint = typing.get_args(hint)[0]
    return {int: whole_number, float: finite_number}.get(hint, hint)
