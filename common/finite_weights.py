"""The test that tells a broken network from one that can compute."""

from collections.abc import Iterable

import numpy as np

BROKEN = "that are not finite: the network is broken; take another one, or train it again"


def are_finite(arrays: Iterable[np.ndarray]) -> bool:
    """Return whether all numbers are finite in float32, and their squares too.

    A weight whose square overflows gives infinite activations in the next layer. The pixels need
    not show that: a bounded activation turns infinity into 1, and some turn NaN into 0.

    Args:
        arrays: Weights, of any shape and any numeric type.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        return all(np.isfinite(np.square(np.asarray(a, np.float32))).all() for a in arrays)
