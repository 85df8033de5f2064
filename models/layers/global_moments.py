"""Mean and spread of what a network sees of a whole image."""

import keras
from keras import layers, ops

from models.layers.normalization import image_mean

EPSILON = 1e-4  # under the root, whose slope at 0 is infinite


@keras.saving.register_keras_serializable(package="dped")
class GlobalMoments(layers.Layer):
    """Mean and standard deviation of each channel over an image.

    Input `(N, H, W, C)`; output `(N, 1, 1, 2 C)`: the means, then `sqrt(variance + 1e-4)`.
    """

    def call(self, inputs):
        mean = image_mean(inputs)
        variance = image_mean(ops.square(inputs - mean))
        return ops.concatenate([mean, ops.sqrt(variance + EPSILON)], axis=-1)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], 1, 1, 2 * input_shape[-1])
