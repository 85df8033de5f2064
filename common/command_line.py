"""Command lines made from frozen dataclasses, and one way to end on an error.

A command keeps every default once, in a dataclass whose fields `option` makes. An error that a
user can cause ends in one line on stderr and exit status 1. A signal ends in one line too, after
everything is cleaned up. Any other error is a bug of the project and keeps its traceback.
"""

import argparse
import contextlib
import io
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from absl import app, flags

from common.environment import program_name
from common.long_work import saying_that_work_goes_on
from common.option_parser import ESSENTIAL, given_field, given_options, option, parser_for
from common.signals import exit_status, signals_raised

_BROKEN_PIPE = 128 + 13  # as a shell reports SIGPIPE
# What TensorFlow, JAX and OpenCV say; importing their types takes seconds.
_LACK_OF_MEMORY = ("ResourceExhaustedError", "RESOURCE_EXHAUSTED", "Insufficient memory")

__all__ = ["ESSENTIAL", "given_options", "option", "print_error", "run"]


def run(
    main: Callable,
    config_class: type,
    description: str | None,
    errors: Sequence[type[Exception] | str] = (),
    prog: str | None = None,
    words: Sequence[str] | None = None,
    serves: bool = False,
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
        serves: Whether the command waits for requests. Any other command that prints nothing for
            a while says that it works on, where no terminal shows a bar.
    """
    parser = parser_for(config_class, description, prog or program_name())
    going_on = contextlib.nullcontext() if serves else saying_that_work_goes_on(parser.prog)

    def parse(argv):
        arguments = vars(parser.parse_args(argv[1:]))
        flags.FLAGS.mark_as_parsed()
        if name := given_field(config_class):
            arguments[name] = _given(parser, argv[1:])
        return {k: tuple(v) if isinstance(v, list) else v for k, v in arguments.items()}

    def guarded(values):
        try:
            with signals_raised(), going_on:
                status = main(config_class(**values))
                sys.stdout.flush()
        except BrokenPipeError:  # `... | head`: the reader needs no more lines
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(_BROKEN_PIPE)  # work may be left
        except KeyboardInterrupt as end:
            with contextlib.suppress(OSError):  # the terminal may be gone
                print(f"{parser.prog}: interrupted", file=sys.stderr)
            sys.exit(exit_status(end))
        except Exception as error:
            if _is_lack_of_memory(error):
                print_error(parser.prog, "not enough memory: give smaller numbers or photos")
                sys.exit(1)
            if not isinstance(error, (OSError, *_loaded(errors))):
                raise
            print_error(parser.prog, error)
            sys.exit(1)
        sys.exit(status or 0)

    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started the program
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115
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


def _is_lack_of_memory(error: Exception) -> bool:
    """Return whether Python, OpenCV, TensorFlow or JAX has no memory left, here or on a GPU."""
    said = f"{type(error).__name__}: {error}"
    return isinstance(error, MemoryError) or any(words in said for words in _LACK_OF_MEMORY)


def _one_line(error: Exception | str) -> str:
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return " ".join(str(error).split()) or type(error).__name__
