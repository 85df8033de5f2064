"""Large convolutions from or to few channels as two one-dimensional ones: equal, and faster.

The kernels of a matrix product work on blocks of 16 or more channels. 9×9×64 to RGB fills 3 of
them, and RGB to 9×9×64 walks 81 taps of 3 values: the two layers are 8 % of the DPED generator's
multiply-adds and a fifth of its time. Along one axis after the other, the taps of one axis stand
side by side as channels.
"""

import keras
import numpy as np
from keras import layers, ops

from export.native import NATIVE

FEW = 4  # channels
LARGE = 5  # pixels, kernel side


class SeparatedConv2D(layers.Conv2D):
    """`Conv2D` of stride 1, padding "same" and odd kernel sides, computed in two passes.

    To few channels: along x for each row of the kernel by itself, then the rows' results added up
    along y. From few channels: a row's taps laid side by side, then all along y. The ones and
    zeros that this takes are exact in any precision: results differ by the order of sums alone.
    """

    def convolution_op(self, inputs, kernel):
        height, width, channels, filters = kernel.shape
        if filters <= FEW:
            along_x = ops.transpose(kernel, (1, 2, 0, 3))
            along_x = ops.reshape(along_x, (1, width, channels, height * filters))
            along_y = np.tile(np.eye(filters, dtype=np.float32), (height, 1))
            taps = np.eye(height, dtype=np.float32).repeat(filters, axis=1)[..., None]
            along_y = (taps * along_y)[:, None]
        else:
            taps = np.eye(width * channels, dtype=np.float32)
            along_x = taps.reshape(1, width, channels, width * channels)
            along_y = ops.reshape(kernel, (height, 1, width * channels, filters))
        x = ops.conv(inputs, ops.convert_to_tensor(along_x), padding="same")
        return ops.conv(x, ops.convert_to_tensor(along_y), padding="same")


def separated(model: keras.Model, input_tensors=None) -> keras.Model:
    """A copy of a functional model with every large convolution from or to few channels separated.

    Layers that the runtime has an operation for become that operation (export/native.py).

    Args:
        model: any functional model.
        input_tensors: as for `keras.models.clone_model`.

    Returns:
        A model of the same layers' names, the same weights and the same function.
    """

    def clone(layer):
        kind = SeparatedConv2D if _worth_it(layer) else NATIVE.get(type(layer), type(layer))
        return kind.from_config(layer.get_config())

    copy = keras.models.clone_model(model, input_tensors=input_tensors, clone_function=clone)
    copy.set_weights(model.get_weights())
    return copy


def _worth_it(layer) -> bool:
    if type(layer) is not layers.Conv2D or layer.padding != "same" or layer.groups != 1:
        return False
    height, width, channels, filters = layer.kernel.shape
    plain = max(*layer.strides, *layer.dilation_rate) == 1 and height % 2 == width % 2 == 1
    return plain and min(height, width) >= LARGE and min(channels, filters) <= FEW
