"""Layers written in the operations that suit a mobile runtime best."""

import tensorflow as tf
from keras import ops

from models.layers.global_moments import EPSILON, GlobalMoments
from models.layers.image_tensors import image_mean
from models.layers.space_to_depth import DepthToSpace, SpaceToDepth


class NativeSpaceToDepth(SpaceToDepth):
    """`SpaceToDepth` as one operation; a runtime cannot delegate its tensors of rank 6."""

    def call(self, inputs):
        return tf.nn.space_to_depth(inputs, self.block)


class NativeDepthToSpace(DepthToSpace):
    """`DepthToSpace` likewise."""

    def call(self, inputs):
        return tf.nn.depth_to_space(inputs, self.block)


class NativeGlobalMoments(GlobalMoments):
    """`GlobalMoments` without SQUARED_DIFFERENCE, which no delegate computes in 8 bits.

    On 64×64×24 values the runtime's own kernel takes longer than two convolutions do.
    """

    def call(self, inputs):
        mean = image_mean(inputs)
        difference = inputs - mean
        variance = image_mean(tf.multiply(difference, difference))  # not a square: it would fuse
        return ops.concatenate([mean, ops.sqrt(variance + EPSILON)], axis=-1)


NATIVE = {
    SpaceToDepth: NativeSpaceToDepth,
    DepthToSpace: NativeDepthToSpace,
    GlobalMoments: NativeGlobalMoments,
}
