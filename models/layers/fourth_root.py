"""The fourth root of shares, which makes small shares visible to a network."""

from typing import Any

from common.backend import keras

ops: Any = keras.ops  # Keras annotates operations as if they could return None

LEAST = 1e-5  # added under the root, whose slope at 0 is infinite


@keras.saving.register_keras_serializable(package="dped")
class FourthRoot(keras.layers.Layer):
    """Computes `2·(x + 1e-5)^(1/4) − 1`, which turns shares in [0, 1] into about [−1, 1].

    The shares of the darkest and the brightest pixels say most about haze and exposure. A share of
    0.5 % becomes −0.47, far from the −0.89 of nothing.

    Input and output have the same shape; output float32.
    """

    def call(self, inputs):
        x = ops.cast(inputs, "float32")
        return 2 * ops.sqrt(ops.sqrt(x + LEAST)) - 1

    def compute_output_shape(self, input_shape):
        return input_shape
