"""The cost of a method: weights, multiply-adds a pixel, milliseconds a megapixel."""

import os
import platform
import time

import numpy as np

from evaluation.methods import LoadedMethod

ROUNDS = 3
# Headings of the costs, by name in the results of `measure_cost`.
COSTS = {
    "parameters": "parameters",
    "macs_per_pixel": "multiply-adds a pixel",
    "ms_per_megapixel": "ms a megapixel",
}


def measure_cost(method: LoadedMethod) -> dict[str, float | int | None] | None:
    """Measure the cost of a method on this machine.

    The time is the best of three runs, after one run that does not count. A network for tiles of a
    fixed size is timed on one tile.

    Returns:
        "parameters", "macs_per_pixel" and "ms_per_megapixel", or None for a method that computes
        nothing here.
    """
    side = method.timing_side
    if side is None:
        return None
    image = np.random.default_rng(0).random((1, side, side, 3), np.float32)
    method.enhance(image)
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        method.enhance(image)
        times.append(time.perf_counter() - start)
    return {
        "parameters": method.parameters,
        "macs_per_pixel": method.multiply_adds,
        "ms_per_megapixel": min(times) * 1000 / (side**2 / 1e6),
    }


def machine() -> str:
    """Return a text that distinguishes machines, because times depend on the machine."""
    return f"{platform.machine()} {platform.processor()} {os.cpu_count()} {platform.node()}"
