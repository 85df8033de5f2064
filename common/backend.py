"""Keras and its backend, imported once, fast and without start-up chatter."""

import contextlib
import importlib
import importlib.util
import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras  # noqa: F401  what `__getattr__` gives

BACKENDS = ("tensorflow", "jax")


class BackendError(OSError):
    """An environment that asks for a backend which is not there."""


def import_keras():
    """Import Keras with the settings that this project wants of its backend.

    TensorFlow prints a dozen lines on every start whatever its log level, from C++ and before any
    logging exists to filter them. They are shown only if the import fails.

    Returns:
        The `keras` module.

    Raises:
        BackendError: KERAS_BACKEND names a backend that is not supported, or not installed.
    """
    # oneDNN runs the 3×3×64×64 convolution 1.5 times as fast as TensorFlow's own kernels.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # Not what Keras' own configuration file says, which other projects on the machine share.
    backend = os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    if backend not in BACKENDS:
        raise BackendError(f"KERAS_BACKEND={backend}: this project runs on {' or '.join(BACKENDS)}")
    if "keras" in sys.modules:
        return sys.modules["keras"]
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # notes on retracing, no errors
    logging.getLogger("jax._src.xla_bridge").setLevel(logging.WARNING)  # what it did not find
    if importlib.util.find_spec(backend) is None:
        raise BackendError(f"KERAS_BACKEND={backend}, but {backend} is not installed")
    with native_output_hidden():
        return importlib.import_module("keras")


@contextlib.contextmanager
def native_output_hidden() -> Iterator[None]:
    """Hold back what libraries print from C++, past `sys.stderr`; show it if the block raises."""
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        saved = {number: os.dup(number) for number in (1, 2)}
    except OSError:  # started without an output
        yield
        return
    with tempfile.TemporaryFile() as held_back:
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
