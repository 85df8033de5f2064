"""What each command does first: check whether this Python has what the project needs.

Every Python from 3.6 on can run this module, however bare it is. So a user who forgets to activate
the environment gets one line that says what to do, and no traceback.
"""

import importlib.util
import os
import signal
import sys
from pathlib import Path

OLDEST, NEWEST = (3, 11), (3, 13)
# The modules of the packages that every command may import. TensorFlow and LiteRT are not among
# them: an environment for JAX has neither.
REQUIRED = (
    *("absl", "cv2", "flatbuffers", "h5py", "imageio", "keras", "matplotlib", "numpy", "PIL"),
    *("scipy", "skimage", "tensorboardX", "tifffile", "tqdm"),
)
ROOT = Path(__file__).resolve().parent.parent
INSTALL = "pip install -c constraints.txt -e ."


def check_environment() -> None:
    """End the program with one line if its Python is too old or lacks packages.

    From here on, Ctrl-C ends the program with one line too. Libraries load for seconds, and there
    is nothing to clean up yet. `common.signals` takes over when the work begins.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupted)
    version = sys.version_info[:2]
    missing = [name for name in REQUIRED if importlib.util.find_spec(name) is None]
    if version < OLDEST or (missing and version > NEWEST):
        ours, theirs = (f"{major}.{minor}" for major, minor in (OLDEST, version))
        what = f"this is Python {theirs}, and the project needs Python {ours} to 3.{NEWEST[1]}"
        python = f"python{ours}"
    elif missing:
        more = f" and {len(missing) - 1} more of the project's packages" if missing[1:] else ""
        what = f"{sys.executable} lacks {missing[0]}{more}"
        python = "python3"
    else:
        return
    sys.exit(f"{program_name()}: error: {what}; {_remedy(python)}")


def _interrupted(_number, _frame):
    """End at once: an exception in the middle of an import may come out as another error."""
    os.write(2, f"{program_name()}: interrupted\n".encode())
    os._exit(128 + signal.SIGINT)


def program_name() -> str:
    """Return how the user started the program: `train.py`, or `python -m align`."""
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    if spec is None:
        return Path(sys.argv[0]).name
    package = spec.name.endswith(".__main__")
    return f"python -m {spec.name[: -len('.__main__')] if package else spec.name}"


def _remedy(python: str) -> str:
    """Return the command that activates the project's environment, or the one that makes it.

    Args:
        python: The command that starts a Python of the right version.
    """
    environment = ROOT / ".venv"
    if Path(sys.prefix) == environment:
        return f"install the packages: {INSTALL}"
    activate = ".venv\\Scripts\\activate" if sys.platform == "win32" else ". .venv/bin/activate"
    away = "" if Path.cwd() == ROOT else f"cd {ROOT} && "
    if environment.is_dir():
        return f"activate the environment first: {away}{activate}"
    return f"install the project once: {away}{python} -m venv .venv && {activate} && {INSTALL}"
