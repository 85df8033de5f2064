"""Grid loss: a penalty for a regular pattern where a texture loss asks for grain."""

from typing import Any

from common.backend import keras

ops: Any = keras.ops  # Keras annotates operations as if they could return None

PERIOD = 4  # pixels: the block size of the networks here
WINDOW = 32  # pixels; a multiple of PERIOD
FLOOR = 0.15 / 255  # patterns below this amplitude count little


def grid_loss(enhanced, target):
    """Return the amplitude of the patterns of period 2 and 4 that the target lacks.

    A network without a random input maps a flat sky to one color or to a pattern that repeats, and
    a discriminator prefers the pattern. A pattern has the same phase over a window, and grain does
    not. So the mean over a window of all pixels of one phase shows the pattern.

    Formula: `mean over windows of (sqrt(mean over the phases of m² + f²) - f)`, where `m` is the
    mean of one phase of the difference between `enhanced` and `target`, without the mean of the
    surrounding 5×5 pixels, and `f` is `FLOOR`. There are `PERIOD`² phases.

    Args:
        enhanced: `(N, H, W, C)` float RGB in [0, 1]; H and W at least `WINDOW` + 4.
        target: As `enhanced`.

    Returns:
        A scalar ≥ 0.
    """
    difference = enhanced - target
    # The mean over a symmetric window follows ramps, which are no pattern.
    fine = difference[:, 2:-2, 2:-2] - ops.average_pool(difference, 5, strides=1)
    _, height, width, channels = fine.shape
    rows, columns = height // WINDOW, width // WINDOW
    fine = fine[:, : rows * WINDOW, : columns * WINDOW]
    times = WINDOW // PERIOD
    shape = (-1, rows, times, PERIOD, columns, times, PERIOD, channels)
    phases = ops.mean(ops.reshape(fine, shape), axis=(2, 5))
    squares = ops.mean(ops.square(phases), axis=(2, 4))
    return ops.mean(ops.sqrt(squares + FLOOR**2) - FLOOR)
