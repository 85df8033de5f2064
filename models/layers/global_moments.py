"""Mean and standard deviation of each channel over a whole image."""

from common.backend import keras
from models.layers.image_tensors import image_mean

ops = keras.ops
EPSILON = 1e-4  # added under the root, whose slope at 0 is infinite


@keras.saving.register_keras_serializable(package="dped")
class GlobalMoments(keras.layers.Layer):
    """Computes mean and standard deviation of each channel over an image.

    Input `(N, H, W, C)`; output `(N, 1, 1, 2 C)`: the means, then `sqrt(variance + 1e-4)`.
    """

    def call(self, inputs):
        mean = image_mean(inputs)
        variance = image_mean(ops.square(inputs - mean))
        return ops.concatenate([mean, ops.sqrt(variance + EPSILON)], axis=-1)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], 1, 1, 2 * input_shape[-1])
