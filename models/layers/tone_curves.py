"""Layers that turn a few numbers into bounded tone curves and a bounded color matrix."""

from typing import Any

import numpy as np

from common.backend import keras
from common.color import LUMA_601

ops: Any = keras.ops  # Keras annotates operations as if they could return None

KNOTS = (0.0, 0.08, 0.17, 0.28, 0.4, 0.54, 0.69, 0.84, 1.0)
SEGMENTS = len(KNOTS) - 1
STEEPEST = 3.0  # about the largest slope of a curve
# Numbers that the layers take: gates, exposure, cast, haze, its color, gamma and contrast,
# corrections.
GATES = 4
CURVE_INPUTS = GATES + 1 + 3 + 1 + 3 + 2 + 3 * SEGMENTS
MATRIX_INPUTS = 1 + 6  # saturation, corrections
# The colors whose difference has a weight in the matrix: color that changes, other color.
PAIRS = tuple((c, j) for c in range(3) for j in range(3) if j != c)

# The transfer curve between code values and light: `code = ((light + A)^P − A^P) / SPAN`. The curve
# comes close to that of sRGB, and its inverse needs no case distinction.
A, P = 0.002, 0.45
SPAN = (1 + A) ** P - A**P


@keras.saving.register_keras_serializable(package="dped")
class ToneCurves(keras.layers.Layer):
    """Computes the tone curves of red, green and blue, as slopes between `KNOTS`.

    A curve first stretches the values toward the full range, from the darkest and the brightest
    values of the photo; four gates decide how far. Then the curve corrects exposure and cast (gains
    in linear light), haze (an offset in linear light), gamma and contrast. A small correction of
    each slope follows. By construction every curve rises, no slope exceeds about `STEEPEST`,
    0 stays 0 and 1 stays 1.

    Input: a list of three tensors. The first, `(N, 1, 1, CURVE_INPUTS)`, holds any numbers; zeros
    give about the identity. The darkest and the brightest values of each channel follow, each
    `(N, 1, 1, 3)` in [0, 1]. Output
    `(N, 1, 1, 3 · SEGMENTS)`: the slopes of red, then of green, then of blue.
    """

    def call(self, inputs):
        inputs, darkest, brightest = (ops.cast(x, "float32") for x in inputs)
        sizes = np.cumsum([GATES, 1, 3, 1, 3, 2])
        gates, exposure, cast, haze, veil, tone, slopes = ops.split(
            inputs, [int(n) for n in sizes], axis=-1
        )
        knots = np.array(KNOTS, np.float32)
        y = _stretched(_row(knots), gates, darkest, brightest)  # (N, 1, 3, knots)
        light = ops.power(y * SPAN + A**P, 1 / P) - A
        offset = _column(0.15 * ops.tanh(ops.softplus(haze + 0.5 * veil - 4.5)))
        gain = _column(ops.exp(1.8 * ops.tanh(exposure) + 0.9 * ops.tanh(cast)))
        # Subtract the haze, stretch the rest to the full range, and multiply by the gain.
        light = ops.clip((light - offset) / (1 - offset) * gain, 0.0, 1.0)
        y = (ops.power(light + A, P) - A**P) / SPAN
        y = y + _column(0.8 * ops.tanh(tone[..., :1])) * y * (1 - y)
        y = y + _column(0.9 * ops.tanh(tone[..., 1:])) * y * (1 - y) * (2 * y - 1)
        # White stays white: a curve that ends below 1 gets the missing part near its end.
        y = y + (1 - y[..., -1:]) * _row(knots**8)
        widths = _row(np.diff(knots))
        slope = ops.maximum(y[..., 1:] - y[..., :-1], 0.0) / widths
        correction = ops.reshape(slopes, (-1, 1, 3, SEGMENTS))
        slope = (slope + 0.02) * ops.exp(0.4 * ops.tanh(correction))
        slope = slope / ops.sum(slope * widths, axis=-1, keepdims=True)
        slope = ops.minimum(slope, STEEPEST)
        slope = slope + 1 - ops.sum(slope * widths, axis=-1, keepdims=True)
        return ops.reshape(slope, (-1, 1, 1, 3 * SEGMENTS))

    def compute_output_shape(self, input_shape):
        return (input_shape[0][0], 1, 1, 3 * SEGMENTS)


def _stretched(code, gates, darkest, brightest):
    """Stretch code values toward the full range.

    Args:
        code: `(1, 1, 1, K)`.
        gates: `(N, 1, 1, GATES)`, any numbers; a sigmoid turns each into a share. The shares are:
            how far white stretches, how far each channel has a white of its own, and the same two
            for black.
        darkest: `(N, 1, 1, 3)`, the darkest value of each channel.
        brightest: `(N, 1, 1, 3)`, the brightest value of each channel.

    Returns:
        `(N, 1, 3, K)` in [0, 1].
    """
    shares = ops.split(ops.sigmoid(gates - 2.0), GATES, axis=-1)
    white, whites, black, blacks = (_column(share) for share in shares)

    def extreme(values, own, reduce):
        joint = _column(reduce(values, axis=-1, keepdims=True))
        return joint + own * (_column(values) - joint)

    high = 1 - white * (1 - extreme(brightest, whites, ops.max))
    low = black * extreme(darkest, blacks, ops.min)
    return ops.clip((code - low) / ops.maximum(high - low, 1 / STEEPEST), 0.0, 1.0)


def _column(values):
    """Reshape `(N, 1, 1, C)` to `(N, 1, C, 1)`."""
    return values[:, 0, :, :, None]


def _row(values):
    """Turn a vector into a constant `(1, 1, 1, K)`."""
    return ops.reshape(ops.convert_to_tensor(np.asarray(values, np.float32)), (1, 1, 1, -1))


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
