"""The initial weights of the authors' released code, for any network."""

from typing import Any

import numpy as np

from common.backend import keras
from models.layers.instance_normalization import InstanceNormalization

KERNEL_DEVIATION = 0.01
BIAS = 0.01


def set_released_initial_weights(network: keras.Model) -> None:
    """Set the weights from which the released code starts.

    Kernels come from a normal distribution of standard deviation 0.01, truncated at two deviations.
    Biases are 0.01. Normalizations have a scale of 1 and a shift of 0.

    Args:
        network: Any network of convolutions, dense layers and normalizations.
    """
    convolutions = (keras.layers.Conv2D, keras.layers.Dense)
    for layer in network.layers:
        weights: Any = layer  # Keras annotates the weights of its layers as possibly None
        if isinstance(layer, convolutions):
            # One initializer a layer: an instance gives equal shapes equal values.
            normal: Any = keras.initializers.TruncatedNormal(stddev=KERNEL_DEVIATION)
            weights.kernel.assign(normal(weights.kernel.shape))
            if weights.bias is not None:
                weights.bias.assign(np.full(weights.bias.shape, BIAS, np.float32))
        elif isinstance(layer, keras.layers.BatchNormalization):
            weights.gamma.assign(np.ones(weights.gamma.shape, np.float32))
        elif isinstance(layer, InstanceNormalization):
            weights.scale.assign(np.ones(weights.scale.shape, np.float32))
