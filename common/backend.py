"""Keras and its backend: one fast import without start-up messages."""

import contextlib
import importlib
import importlib.util
import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from typing import TYPE_CHECKING

from common.long_work import speaking_through

if TYPE_CHECKING:
    import keras  # noqa: F401  what `__getattr__` gives

BACKENDS = ("tensorflow", "jax")


class BackendError(OSError):
    """The environment names a backend that is not supported or not installed."""


def import_keras():
    """Import Keras with the backend settings of this project.

    TensorFlow prints a dozen lines on every start. The lines come from C++, before any logging
    exists that could filter them. This function shows the lines only if the import fails.

    Returns:
        The `keras` module.

    Raises:
        BackendError: KERAS_BACKEND names a backend that is not supported, or not installed.
    """
    # oneDNN runs the 3×3×64×64 convolution 1.5 times as fast as TensorFlow's own kernels.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # Keras also reads a configuration file, but other projects on the machine share that file.
    backend = os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    if backend not in BACKENDS:
        raise BackendError(f"KERAS_BACKEND={backend}: this project runs on {' or '.join(BACKENDS)}")
    if "keras" in sys.modules:
        return sys.modules["keras"]
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # hides notes on retracing
    logging.getLogger("jax._src.xla_bridge").setLevel(logging.WARNING)  # hides absent devices
    if importlib.util.find_spec(backend) is None:
        raise BackendError(f"KERAS_BACKEND={backend}, but {backend} is not installed")
    with native_output_hidden():
        return importlib.import_module("keras")


@contextlib.contextmanager
def native_output_hidden() -> Iterator[None]:
    """Hide what libraries print from C++ past `sys.stderr`. Show the output if the block raises."""
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        saved = {number: os.dup(number) for number in (1, 2)}
    except OSError:  # the process has no stdout or no stderr
        yield
        return
    with tempfile.TemporaryFile() as held_back, speaking_through(saved[1]):
        for number in saved:
            os.dup2(held_back.fileno(), number)
        failed = True
        try:
            yield
            failed = False
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for number, original in saved.items():
                os.dup2(original, number)
                os.close(original)
            if failed:
                held_back.seek(0)
                os.write(2, held_back.read())


def __getattr__(name: str):
    """Give modules Keras by `from common.backend import keras`: imported on first use, quietly."""
    if name == "keras":
        return import_keras()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
