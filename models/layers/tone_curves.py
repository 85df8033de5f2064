"""Layers that turn a few numbers into bounded tone curves and a bounded color matrix."""

from typing import Any

import numpy as np

from common.backend import keras
from common.color import LUMA_601, light_of_code

ops: Any = keras.ops  # Keras annotates operations as if they could return None

KNOTS = (0.0, 0.08, 0.17, 0.28, 0.4, 0.54, 0.69, 0.84, 1.0)
SEGMENTS = len(KNOTS) - 1
STEEPEST = 3.0  # about the largest slope of a curve
# Numbers that the layers take: exposure, cast, haze, its color, gamma and contrast, corrections.
CURVE_INPUTS = 1 + 3 + 1 + 3 + 2 + 3 * SEGMENTS
MATRIX_INPUTS = 1 + 6  # saturation, corrections
# The colors whose difference has a weight in the matrix: color that changes, other color.
PAIRS = tuple((c, j) for c in range(3) for j in range(3) if j != c)


@keras.saving.register_keras_serializable(package="dped")
class ToneCurves(keras.layers.Layer):
    """Computes the tone curves of red, green and blue, as slopes between `KNOTS`.

    A curve corrects exposure and cast (gains in linear light), haze (an offset in linear light),
    gamma and contrast. A small correction of each slope follows. By construction every curve rises,
    no slope exceeds about `STEEPEST`, 0 stays 0 and 1 stays 1.

    Input `(N, 1, 1, CURVE_INPUTS)`, any numbers; zeros give about the identity. Output
    `(N, 1, 1, 3 · SEGMENTS)`: the slopes of red, then of green, then of blue.
    """

    def call(self, inputs):
        x = ops.cast(inputs, "float32")
        sizes = np.cumsum([1, 3, 1, 3, 2])
        exposure, cast, haze, veil, tone, slopes = ops.split(x, [int(n) for n in sizes], axis=-1)
        knots = np.array(KNOTS, np.float32)
        light = light_of_code(knots)
        light = ops.reshape(ops.convert_to_tensor(light.astype(np.float32)), (1, 1, 1, -1))
        gain = 1.8 * ops.tanh(exposure) + 0.9 * ops.tanh(cast)
        gain = ops.exp(gain)[:, 0, :, :, None]  # (N, 1, 3, 1)
        offset = 0.15 * ops.tanh(ops.softplus(haze + 0.5 * veil - 4.5))[:, 0, :, :, None]
        # Subtract the haze, stretch the rest to the full range, and multiply by the gain.
        y = (light - offset) / (1 - offset) * gain
        y = ops.clip(y, 0.0, 1.0)
        a, p = 0.002, 0.45
        y = ((y + a) ** p - a**p) / ((1 + a) ** p - a**p)
        # This encoding maps the knot's own light to a value beside the knot: add the difference.
        plain = (light + a) ** p
        plain = (plain - a**p) / ((1 + a) ** p - a**p)
        y = y + (ops.reshape(ops.convert_to_tensor(knots), (1, 1, 1, -1)) - plain) * ops.minimum(
            gain, 1.0
        )
        gamma = 0.8 * ops.tanh(tone[..., :1])[:, 0, :, :, None]
        contrast = 0.9 * ops.tanh(tone[..., 1:])[:, 0, :, :, None]
        y = y + gamma * y * (1 - y)
        y = y + contrast * y * (1 - y) * (2 * y - 1)
        # White stays white: a curve that ends below 1 gets the missing part near its end.
        missing = 1 - y[..., -1:]
        y = y + missing * ops.reshape(ops.convert_to_tensor(knots**8), (1, 1, 1, -1))
        widths = ops.reshape(ops.convert_to_tensor(np.diff(knots)), (1, 1, 1, -1))
        slope = ops.maximum(y[..., 1:] - y[..., :-1], 0.0) / widths
        correction = ops.reshape(slopes, (-1, 1, 3, SEGMENTS))
        slope = (slope + 0.02) * ops.exp(0.4 * ops.tanh(correction))
        slope = slope / ops.sum(slope * widths, axis=-1, keepdims=True)
        slope = ops.minimum(slope, STEEPEST)
        slope = slope + 1 - ops.sum(slope * widths, axis=-1, keepdims=True)
        return ops.reshape(slope, (-1, 1, 1, 3 * SEGMENTS))

    def compute_output_shape(self, input_shape):
        return (input_shape[0], 1, 1, 3 * SEGMENTS)


@keras.saving.register_keras_serializable(package="dped")
class ColorMatrix(keras.layers.Layer):
    """Computes a color matrix that keeps gray, as weights of the differences between colors.

    Input `(N, 1, 1, MATRIX_INPUTS)`: saturation, then six corrections; zeros give the identity.
    Output `(N, 1, 1, 6)`: weights of G−R, B−R in red, of R−G, B−G in green, of R−B, G−B in blue.
    """

    def call(self, inputs):
        x = ops.cast(inputs, "float32")
        saturation = 0.7 * ops.tanh(x[..., :1])
        luma = ops.reshape(ops.convert_to_tensor(LUMA_601[[j for _, j in PAIRS]]), (1, 1, 1, -1))
        return 0.15 * ops.tanh(x[..., 1:]) - saturation * luma

    def compute_output_shape(self, input_shape):
        return (input_shape[0], 1, 1, 6)
