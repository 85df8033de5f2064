"""The choice between the normalizations that the networks use."""

import enum
from typing import Any

from common.backend import keras
from models.layers.fused_batch_norm import FusedBatchNormalization
from models.layers.instance_normalization import InstanceNormalization


class Normalization(enum.StrEnum):
    """How a network normalizes its features."""

    BATCH = "batch"
    INSTANCE = "instance"
    NONE = "none"


def normalization(kind: str, name: str, initial_scale: float = 1.0) -> keras.layers.Layer:
    """Build a normalization layer.

    Args:
        kind: "batch" or "instance".
        name: name of the layer.
        initial_scale: initial value of the scale of every channel.

    Raises:
        ValueError: another kind.
    """
    initializer: Any = keras.initializers.Constant(initial_scale)
    if kind == Normalization.BATCH:
        # Keras' default momentum of 0.99 is for longer trainings: runs here have hundreds to
        # thousands of steps, and the statistics must follow the weights.
        return FusedBatchNormalization(
            momentum=0.9, epsilon=1e-3, gamma_initializer=initializer, name=name
        )
    if kind == Normalization.INSTANCE:
        return InstanceNormalization(scale_initializer=initializer, name=name)
    raise ValueError(f'normalization must be "batch" or "instance", not {kind!r}')
