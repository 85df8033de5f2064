"""Layers rewritten in the operations that LiteRT runs fastest. The function stays equal."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

from models.layers.global_moments import EPSILON, GlobalMoments
from models.layers.image_tensors import image_mean
from models.layers.space_to_depth import DepthToSpace, SpaceToDepth

FEW = 4  # channels
LARGE = 5  # pixels, kernel side


class RuntimeSpaceToDepth(SpaceToDepth):
    """`SpaceToDepth` as one operation: a delegate cannot run the layer's tensors of rank 6."""

    def call(self, inputs):
        return tf.nn.space_to_depth(inputs, self.block)


class RuntimeDepthToSpace(DepthToSpace):
    """`DepthToSpace` as one operation: a delegate cannot run the layer's tensors of rank 6."""

    def call(self, inputs):
        return tf.nn.depth_to_space(inputs, self.block)


class RuntimeGlobalMoments(GlobalMoments):
    """`GlobalMoments` without SQUARED_DIFFERENCE, which no delegate computes in 8 bits.

    For 64×64×24 values the runtime's kernel of that operation takes longer than two convolutions.
    """

    def call(self, inputs):
        mean = image_mean(inputs)
        difference = inputs - mean
        # A product: the converter would fuse a square to SQUARED_DIFFERENCE.
        variance: Any = image_mean(tf.multiply(difference, difference))
        return ops.concatenate([mean, ops.sqrt(variance + EPSILON)], axis=-1)


class TwoPassConv2D(layers.Conv2D):
    """`Conv2D` with few input or output channels, computed as two one-dimensional convolutions.

    The kernels of a matrix product work on blocks of 16 or more channels. 9×9×64 to RGB fills 3 of
    them, and RGB to 9×9×64 walks 81 taps of 3 values: the two layers are 8 % of the DPED
    generator's multiply-adds and a fifth of its time. Two passes lay the taps of one axis side by
    side as channels.

    To few channels: the first pass filters each kernel row along x, the second pass adds up the
    rows' results along y. From few channels: the first pass lays a row's taps side by side, the
    second pass filters along y. The extra ones and zeros are exact in every precision, so results
    differ only by the order of sums. Needs stride 1, padding "same" and odd kernel sides.
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


RUNTIME_LAYERS = {
    SpaceToDepth: RuntimeSpaceToDepth,
    DepthToSpace: RuntimeDepthToSpace,
    GlobalMoments: RuntimeGlobalMoments,
}


def with_runtime_layers(model: keras.Model, input_tensors=None) -> keras.Model:
    """Return a copy of a functional model made of this file's layers where one applies.

    Args:
        model: any functional model.
        input_tensors: as for `keras.models.clone_model`.

    Returns:
        A model with the same names of layers, the same weights and the same function.
    """

    def clone(layer):
        kind = RUNTIME_LAYERS.get(type(layer), type(layer))
        return (TwoPassConv2D if _gains_from_two_passes(layer) else kind).from_config(
            layer.get_config()
        )

    copy = keras.models.clone_model(model, input_tensors=input_tensors, clone_function=clone)
    copy.set_weights(model.get_weights())
    return copy


def _gains_from_two_passes(layer) -> bool:
    if type(layer) is not layers.Conv2D or layer.padding != "same" or layer.groups != 1:
        return False
    height, width, channels, filters = layer.get_weights()[0].shape
    plain = max(*layer.strides, *layer.dilation_rate) == 1 and height % 2 == width % 2 == 1
    return plain and min(height, width) >= LARGE and min(channels, filters) <= FEW
