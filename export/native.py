"""Layers that a mobile runtime has one operation for, written as that operation."""

import tensorflow as tf

from models.rearrangement import DepthToSpace, SpaceToDepth


class NativeSpaceToDepth(SpaceToDepth):
    """`SpaceToDepth` as one operation; a runtime cannot delegate its tensors of rank 6."""

    def call(self, inputs):
        return tf.nn.space_to_depth(inputs, self.block)


class NativeDepthToSpace(DepthToSpace):
    """`DepthToSpace` likewise."""

    def call(self, inputs):
        return tf.nn.depth_to_space(inputs, self.block)


NATIVE = {SpaceToDepth: NativeSpaceToDepth, DepthToSpace: NativeDepthToSpace}
