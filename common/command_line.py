"""Command lines made from frozen dataclasses, and the one way a script may fail.

A script keeps every default once, in a dataclass whose fields are made with `option`. Errors that
a user can cause are printed as one line on stderr with exit status 1; anything else is a bug of
ours and keeps its traceback.
"""

import argparse
import dataclasses
import os
import sys
import types
import typing
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from absl import app, flags
from absl.flags import argparse_flags


def option(
    default: Any = dataclasses.MISSING,
    help: str = "",
    choices: Sequence | None = None,
    **argument,
) -> Any:
    """A dataclass field that is also a flag.

    Args:
        default: the default value; without one the flag is required.
        help: one line for `--help`.
        choices: allowed values, or None.
        **argument: passed to `ArgumentParser.add_argument` (`nargs`, `metavar`, ...); but
            `flag` is what the flag is called where that cannot name a field (`class`), and
            `positional=True` makes an argument without a flag.
    """
    metadata = {"help": help, "choices": choices, **argument}
    return dataclasses.field(default=default, metadata=metadata)


def parser_for(
    config_class, description: str | None, prog: str | None = None
) -> argparse.ArgumentParser:
    """Argument parser with one `--field_name` flag for each `option` of a dataclass."""
    parser = _Parser(
        prog=prog, description=description, inherited_absl_flags=None, formatter_class=_Help
    )
    hints = typing.get_type_hints(config_class)
    for field in dataclasses.fields(config_class):
        argument = {key: value for key, value in field.metadata.items() if value is not None}
        value_type = _scalar_type(hints[field.name])
        required = field.default is dataclasses.MISSING
        argument["default"] = argparse.SUPPRESS if required else field.default
        if argument.get("action") == "append":
            argument["default"] = list(field.default)  # which argparse copies
        flag = f"--{argument.pop('flag', field.name)}"
        if argument.pop("positional", False):
            parser.add_argument(field.name, type=value_type, **argument)
        elif value_type is bool:
            # --name switches on; where that is the default, --no-name switches off.
            action = argparse.BooleanOptionalAction if field.default else "store_true"
            parser.add_argument(flag, dest=field.name, action=action, **argument)
        else:
            argument["required"] = required
            parser.add_argument(flag, dest=field.name, type=value_type, **argument)
    return parser


class _Help(argparse.ArgumentDefaultsHelpFormatter, argparse.RawDescriptionHelpFormatter):
    """Defaults shown, the description's lines kept."""


class _Parser(argparse_flags.ArgumentParser):
    """Bad usage ends in one line, like every other error of the user."""

    def error(self, message):
        self.exit(2, f"{self.prog}: error: {message} (see --help)\n")


def _scalar_type(hint):
    """The type that converts one word of the command line: `int | None` gives int."""
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        return next(t for t in typing.get_args(hint) if t is not types.NoneType)
    if typing.get_origin(hint) is tuple:
        return typing.get_args(hint)[0]
    return hint


def run(
    main: Callable,
    config_class,
    description: str | None,
    errors: Sequence[type[Exception] | str] = (),
    prog: str | None = None,
    words: Sequence[str] | None = None,
) -> None:
    """Parse the command line into `config_class`, call `main(config)` and exit with its status.

    Args:
        main: takes the configuration, returns an exit status or None for 0.
        config_class: dataclass made with `option`.
        description: the first lines of `--help`.
        errors: exceptions that mean the user's input is at fault, as types or, where importing
            the type is slow, as "module.Type". OSError always counts.
        prog: what the program is called in messages; None for the name of its file.
        words: the command line, without the program; None for the process's.
    """
    parser = parser_for(config_class, description, prog)

    def parse(argv):
        arguments = vars(parser.parse_args(argv[1:]))
        flags.FLAGS.mark_as_parsed()
        return {k: tuple(v) if isinstance(v, list) else v for k, v in arguments.items()}

    def guarded(values):
        try:
            status = main(config_class(**values))
            sys.stdout.flush()
        except BrokenPipeError:  # `... | head`: the reader has what it wanted
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(0)
        except KeyboardInterrupt:
            print(f"{parser.prog}: interrupted", file=sys.stderr)
            sys.exit(130)
        except Exception as error:
            if not isinstance(error, (OSError, *_loaded(errors))):
                raise
            print(f"{parser.prog}: error: {_one_line(error)}", file=sys.stderr)
            sys.exit(1)
        sys.exit(status or 0)

    argv = None if words is None else [sys.argv[0], *words]
    app.run(guarded, argv=argv, flags_parser=parse)


def _loaded(errors) -> Iterator[type[Exception]]:
    """The types among `errors` that can have been raised: those whose module is loaded."""
    for error in errors:
        if isinstance(error, str):
            module, name = error.rsplit(".", 1)
            error = getattr(sys.modules.get(module), name, None)
        if error is not None:
            yield error


def _one_line(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return " ".join(str(error).split()) or type(error).__name__
