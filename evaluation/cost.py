"""What a method costs: weights, multiply-adds a pixel, milliseconds a megapixel."""

import os
import platform
import time

import numpy as np

from evaluation.methods import Opened

ROUNDS = 3


def measure_cost(method: Opened) -> dict[str, float | int | None] | None:
    """Cost on this machine.

    Returns:
        "parameters", "macs_per_pixel", "ms_per_megapixel", best of three runs after one that does
        not count, of a network for fixed tiles on one tile; None for methods that compute nothing
        here.
    """
    if not method.timed:
        return None
    image = np.random.default_rng(0).random((1, method.timed, method.timed, 3), np.float32)
    method.enhance(image)
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        method.enhance(image)
        times.append(time.perf_counter() - start)
    return {
        "parameters": method.parameters,
        "macs_per_pixel": method.multiply_adds,
        "ms_per_megapixel": min(times) * 1000 / (method.timed**2 / 1e6),
    }


def machine() -> str:
    """What tells one machine's times from another's."""
    return f"{platform.machine()} {platform.processor()} {os.cpu_count()} {platform.node()}"
