"""The networks of an engine, shared by the threads that compute tiles."""

import queue

import numpy as np

from inference.engine import Engine


class NetworkPool:
    """One of an engine's networks, ready to run tiles in several threads.

    Args:
        engine: The engine.
        signature: As for `Engine.networks`.
        given: As for `Engine.networks`.

    Attributes:
        workers: The number of threads that the pool serves at a time.
    """

    def __init__(
        self,
        engine: Engine,
        signature: str | None = None,
        given: dict[str, np.ndarray] | None = None,
    ):
        networks = engine.networks(signature, given)
        self.workers = len(networks)
        self._idle = queue.SimpleQueue()
        for network in networks:
            self._idle.put(network)

    def __call__(self, **inputs: np.ndarray) -> dict[str, np.ndarray]:
        """Run the network on one tile, from and to named float32 tensors `(1, H, W, C)`."""
        network = self._idle.get()
        try:
            return network(**inputs)
        finally:
            self._idle.put(network)
