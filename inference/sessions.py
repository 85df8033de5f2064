"""One network of an engine, ready to run tiles from several threads."""

import contextlib
import queue
from collections.abc import Callable, Iterator

import numpy as np

Network = Callable[..., dict[str, np.ndarray]]


class Session:
    """A network that takes and returns named `(1, H, W, C)` float32 tensors, in any thread.

    Attributes:
        workers: how many threads it serves at a time.
    """

    def __init__(self, networks: list[Network]):
        self.workers = len(networks)
        self._idle = queue.SimpleQueue()
        for network in networks:
            self._idle.put(network)

    def __call__(self, **inputs: np.ndarray) -> dict[str, np.ndarray]:
        """Run the network on one tile."""
        network = self._idle.get()
        try:
            return network(**inputs)
        finally:
            self._idle.put(network)


@contextlib.contextmanager
def opened(engine, signature: str | None = None) -> Iterator[Session]:
    """A session of one of an engine's networks; what it takes is given back at the end.

    Args:
        engine: with a method `networks`, or any function from `(1, H, W, 3)` to the same.
        signature: which network; None is that from `image` to `enhanced` without statistics.
    """
    if hasattr(engine, "networks"):
        yield Session(engine.networks(signature))
    else:
        yield Session([lambda image: {"enhanced": engine(image)}])
