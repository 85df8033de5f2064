"""What the tests of networks share: random images, random weights, results as NumPy arrays."""

import math

import numpy as np

from common.backend import keras


def random(*shape, seed=0):
    """Draw float32 values in [0, 1)."""
    return np.random.default_rng(seed).random(shape, np.float32)


def randomize(model, seed=0):
    """Fill every weight, also of normalizations and biases, so that each has an effect."""
    rng = np.random.default_rng(seed)
    for weight in model.weights:
        fan_in = math.prod(weight.shape[:-1]) if len(weight.shape) > 1 else 16
        value = rng.normal(0, math.sqrt(2 / fan_in), weight.shape)
        if weight.name in ("gamma", "scale", "moving_variance"):
            value = 1 + np.abs(value)
        weight.assign(value)
    return model


def to_numpy(variable):
    """Return the value of a Keras variable."""
    return keras.ops.convert_to_numpy(variable.value)


def output(model, images):
    """Return the result of a model at inference."""
    return keras.ops.convert_to_numpy(model(images, training=False))
