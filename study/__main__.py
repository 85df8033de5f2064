"""`python -m study COMMAND` runs a user study, from photos to a report."""

if __name__ == "__main__":  # before the imports that fail without the environment
    from common.environment import check_environment

    check_environment()

import importlib
import sys
from types import ModuleType

from common import command_line
from common.did_you_mean import did_you_mean
from study.design import StudyError

PROGRAM = "python -m study"
COMMANDS = {
    # command: module, and dataclass of the options
    "prepare": ("prepare", "PrepareConfig"),
    "serve": ("serve", "ServeConfig"),
    "report": ("report_votes", "ReportConfig"),
    "simulate": ("simulate_votes", "SimulateVotesConfig"),
}
EXTRA = ("choix", "sqlalchemy", "starlette", "uvicorn")
ERRORS = [StudyError, "sqlalchemy.exc.SQLAlchemyError"]


def usage() -> str:
    """Return the list of commands, each with the first line of its description."""
    lines = [f"usage: {PROGRAM} COMMAND [--help]", ""]
    for name in COMMANDS:
        lines.append(f"  {name:10}{(_module(name).__doc__ or '').splitlines()[0].split(': `')[0]}")
    return "\n".join(lines)


def _module(name: str) -> ModuleType:
    try:
        return importlib.import_module(f"study.{COMMANDS[name][0]}")
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in EXTRA:
            raise
        sys.exit(
            f"{PROGRAM}: error: {error.name} is missing; install it with pip install -e '.[study]'"
        )


def main(words: list[str]) -> None:
    """Run the command that the first word names."""
    name = words[0] if words else ""
    if name in ("-h", "--help", "help"):
        print(usage())
        sys.exit(0)
    if name not in COMMANDS:
        said = f"no command {name!r}" if name else "no command given"
        said += f": {', '.join(COMMANDS)}{did_you_mean(name, COMMANDS)}"
        print(f"{PROGRAM}: error: {said} (see --help)", file=sys.stderr)
        sys.exit(2)
    module = _module(name)
    command_line.run(
        module.main, getattr(module, COMMANDS[name][1]), module.__doc__,
        errors=ERRORS, prog=f"{PROGRAM} {name}", words=words[1:], serves=name == "serve",
    )  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1:])
