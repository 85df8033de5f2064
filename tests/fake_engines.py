"""Engines without a model file, for tests of the code around networks."""

from collections.abc import Callable

import numpy as np

from common.tensor_names import ENHANCED, IMAGE
from inference.engine import GlobalInput


class FakeEngine:
    """An engine that applies a function to each image; it needs nothing of the whole photo.

    Args:
        function: From float32 `(1, H, W, 3)` to the same shape.
        tile: The side of a fixed input, or None.
        halo: Pixels.
        workers: The number of threads.
        global_input: What the engine says that its network needs.
        bytes_per_pixel: What the engine says that its network takes.

    Attributes:
        shapes: The shapes of all images that the function saw.
    """

    name, multiple, thumbnail, stages = "a fake engine", 1, None, None

    def __init__(
        self,
        function: Callable[[np.ndarray], np.ndarray],
        tile: int | None = None,
        halo: int = 0,
        workers: int = 1,
        global_input: GlobalInput = GlobalInput.NOTHING,
        bytes_per_pixel: int | None = None,
    ):
        self._function = function
        self.tile, self.halo, self.workers = tile, halo, workers
        self.global_input, self.bytes_per_pixel = global_input, bytes_per_pixel
        self.shapes = []

    def __call__(self, batch: np.ndarray) -> np.ndarray:
        assert batch.dtype == np.float32
        self.shapes.append(batch.shape)
        return self._function(batch).astype(np.float32)

    def networks(self, signature=None, given=None):
        assert signature is None
        return [lambda **inputs: {ENHANCED: self(inputs[IMAGE])} for _ in range(self.workers)]
