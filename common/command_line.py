"""Command lines made from frozen dataclasses, and one way to end on an error.

A command keeps every default once, in a dataclass whose fields `option` makes. An error that a
user can cause ends in one line on stderr and exit status 1. A signal ends in one line too, after
everything is cleaned up. Any other error is a bug of the project and keeps its traceback.
"""

import argparse
import contextlib
import dataclasses
import io
import os
import sys
import types
import typing
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NoReturn

from absl import app, flags
from absl.flags import argparse_flags

from common.numbers import finite_number, whole_number
from common.signals import exit_status, signals_raised

ESSENTIAL = "essential options"  # the group that `--help` shows first
OTHER = "other options"  # the group of options without a group; `--help` shows this group last
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
        group: The heading under which `--help` lists the option. `--help` shows `ESSENTIAL`
            first, then the other groups in the order of their first fields, then the options
            without a group.
        **argument: Passed to `ArgumentParser.add_argument` (`nargs`, `metavar`, ...). Two keys
            have a meaning here: `flag` names the flag where no field can have the name
            (`class`), and `positional=True` makes an argument without a flag.
    """
    metadata = {"help": help, "choices": choices, "group": group, **argument}
    return dataclasses.field(default=default, metadata=metadata)


def given_options() -> frozenset[str]:
    """Make a dataclass field that holds the names of the options that the command line gives.

    An option counts as given also where its value equals the default. Outside of a command line the
    field is empty.
    """
    return dataclasses.field(default=frozenset(), metadata={_GIVEN: True}, compare=False)


def parser_for(
    config_class: type, description: str | None, prog: str | None = None
) -> argparse.ArgumentParser:
    """Build the parser that has one `--field_name` flag for each `option` of a dataclass."""
    parser = _Parser(
        prog=prog,
        description=description,
        inherited_absl_flags=None,
        formatter_class=_Help,
        add_help=False,
    )
    hints = typing.get_type_hints(config_class)
    fields = [f for f in dataclasses.fields(config_class) if _GIVEN not in f.metadata]
    named = [field.metadata.get("group") for field in fields if field.metadata.get("group")]
    other = OTHER if named else "options"
    order = dict.fromkeys([*(name for name in named if name == ESSENTIAL), *named, other])
    groups = {heading: parser.add_argument_group(heading) for heading in order}
    for field in fields:
        group = groups[field.metadata.get("group") or other]
        target = parser if field.metadata.get("positional") else group
        _add_option(target, field, _scalar_type(hints[field.name]))
    groups[other].add_argument("-h", "--help", action="help", help="show this help and exit")
    # absl's programs know two more words for help. Both work, and nobody needs to read about them.
    parser.add_argument("--helpfull", "--helpshort", action="help", help=argparse.SUPPRESS)
    return parser


def _add_option(target, field: dataclasses.Field, value_type: Callable[[str], Any]) -> None:
    """Add the argument of one field to a parser or to a group of a parser."""
    argument = {key: value for key, value in field.metadata.items() if value is not None}
    argument.pop("group", None)
    required = field.default is dataclasses.MISSING
    argument["default"] = argparse.SUPPRESS if required else field.default
    if argument.get("action") == "append":
        argument["default"] = list(typing.cast(Sequence, field.default))  # argparse copies lists
    flag = f"--{argument.pop('flag', field.name)}"
    if argument.pop("positional", False):
        target.add_argument(field.name, type=value_type, **argument)
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


class _Parser(argparse_flags.ArgumentParser):
    """A parser that reports bad usage in one line, like every other error of the user."""

    def parse_known_args(self, args=None, namespace=None):
        """Parse, and keep the words for the message about an error."""
        self._words = list(sys.argv[1:] if args is None else args)
        return super().parse_known_args(self._words, namespace)

    def error(self, message: str) -> NoReturn:
        file = next((w for w in self._words if w[:1] == "-" and os.path.lexists(w)), None)
        hint = f"; {file} is a file whose name begins with -: write ./{file}" if file else ""
        self.exit(2, f"{self.prog}: error: {message}{hint} (see --help)\n")


def _scalar_type(hint) -> Callable[[str], Any]:
    """Return the type that converts one word of the command line: `int | None` gives int."""
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        hint = next(t for t in typing.get_args(hint) if t is not types.NoneType)
    if typing.get_origin(hint) is tuple:
        hint = typing.get_args(hint)[0]
    return {int: whole_number, float: finite_number}.get(hint, hint)


def run(
    main: Callable,
    config_class: type,
    description: str | None,
    errors: Sequence[type[Exception] | str] = (),
    prog: str | None = None,
    words: Sequence[str] | None = None,
) -> None:
    """Parse the command line into `config_class`, call `main(config)` and exit with its status.

    Args:
        main: Takes the configuration and returns an exit status, or None for 0.
        config_class: A dataclass made with `option`.
        description: The first lines of `--help`.
        errors: Exceptions that mean that the user's input is at fault. Each one is a type or,
            where an import of the type is slow, "module.Type". OSError always counts.
        prog: The name of the program in messages; None for the name of the file, or for
            `python -m MODULE` where the module was started this way.
        words: The command line without the program; None for the command line of the process.
    """
    parser = parser_for(config_class, description, prog or _module_command())

    def parse(argv):
        arguments = vars(parser.parse_args(argv[1:]))
        flags.FLAGS.mark_as_parsed()
        for field in dataclasses.fields(config_class):
            if _GIVEN in field.metadata:
                arguments[field.name] = _given(parser, argv[1:])
        return {k: tuple(v) if isinstance(v, list) else v for k, v in arguments.items()}

    def guarded(values):
        try:
            with signals_raised():
                status = main(config_class(**values))
                sys.stdout.flush()
        except BrokenPipeError:  # `... | head`: the reader needs no more lines
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(0)
        except KeyboardInterrupt as end:
            with contextlib.suppress(OSError):  # the terminal may be gone
                print(f"{parser.prog}: interrupted", file=sys.stderr)
            sys.exit(exit_status(end))
        except MemoryError:
            print_error(parser.prog, "not enough memory: give smaller numbers or photos")
            sys.exit(1)
        except Exception as error:
            if not isinstance(error, (OSError, *_loaded(errors))):
                raise
            print_error(parser.prog, error)
            sys.exit(1)
        sys.exit(status or 0)

    if isinstance(sys.stdout, io.TextIOWrapper):  # names of files need not be UTF-8
        sys.stdout.reconfigure(errors="backslashreplace")
    argv = None if words is None else [sys.argv[0], *words]
    app.run(guarded, argv=argv, flags_parser=parse)


def _given(parser: argparse.ArgumentParser, words: Sequence[str]) -> frozenset[str]:
    """Return the names of the options in the words of a command line that the parser takes."""
    names = {action.dest for action in parser._actions}
    absent = object()
    # argparse sets the default of an option only if nothing is set.
    found = parser.parse_args(words, argparse.Namespace(**dict.fromkeys(names, absent)))
    return frozenset(name for name, value in vars(found).items() if value is not absent)


def _module_command() -> str | None:
    """Return `python -m MODULE` if Python started that module, and None if it started a file."""
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    return spec and f"python -m {spec.name.removesuffix('.__main__')}"


def print_error(program: str, error: Exception | str) -> None:
    """Print an error on stderr in the one style of the project: `program: error: what is wrong`.

    Args:
        program: The name of the program, as `--help` shows the name.
        error: The exception or its message. Line breaks become spaces.
    """
    print(f"{program}: error: {_one_line(error)}", file=sys.stderr)


def _loaded(errors) -> Iterator[type[Exception]]:
    """Yield the types among `errors` whose module is loaded; no other type can be raised."""
    for error in errors:
        if isinstance(error, str):
            module, name = error.rsplit(".", 1)
            error = getattr(sys.modules.get(module), name, None)
        if error is not None:
            yield error


def _one_line(error: Exception | str) -> str:
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return " ".join(str(error).split()) or type(error).__name__
