"""The trial that a run must pass before it is saved: one more step, which is taken back."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from training.config import TrainingError

if TYPE_CHECKING:  # both load Keras, which takes seconds
    from models.gan import Gan
    from training.backends.step import Step

ADVICE = (
    "nothing is saved, and the last checkpoint is kept. Start again in a new --run_dir with a "
    "lower --learning_rate, or check the pairs"
)


def check_next_step(gan: Gan, step: Step, batch: tuple[np.ndarray, ...], number: int) -> None:
    """Try one step from here, and put every variable back.

    The losses of a step come from the weights before its update. Whether the update broke the
    weights shows in the next step only: too large a weight is finite, and what it computes is not.

    Args:
        gan: The networks.
        step: The step that trains the networks. All workers must make the trial together.
        batch: The arrays of a step.
        number: The number of the last step, for the message.

    Raises:
        TrainingError: A variable is not finite, or a loss or a variable after one more step.
    """
    from common.backend import keras
    from training.training_state import gan_variables

    step.sync()
    variables = gan_variables(gan)

    def values() -> list[Any]:
        return [np.array(keras.ops.convert_to_numpy(variable.value)) for variable in variables]

    saved = values()
    if all(np.isfinite(array).all() for array in saved):
        report = step(*batch)
        step.sync()
        finite = all(math.isfinite(float(value)) for value in report.values())
        finite = finite and all(np.isfinite(array).all() for array in values())
        for variable, array in zip(variables, saved, strict=True):
            variable.assign(array)
        if finite:
            return
    raise TrainingError(f"step {number}: its update broke the networks; {ADVICE}")
