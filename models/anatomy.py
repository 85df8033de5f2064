"""What a built network looks like from outside: its reach, its norm, its cost."""

import keras
import numpy as np
from keras import layers

from models.normalization import InstanceNormalization
from models.ppcn import ImageContrast


def receptive_radius(model: keras.Model) -> int:
    """Pixels by which an output pixel's receptive field reaches past it, on each side.

    Statistics over the whole image (see `normalization_of`) are not counted.

    Args:
        model: functional model of convolutions at stride 1 and layers that act on one pixel.

    Raises:
        ValueError: a layer changes the image's size, so that a radius in pixels needs more care.
    """
    reach = {}  # of each layer's output, vertically and horizontally
    for layer in model.layers:
        sources = [reach[parent] for parent in _parents(layer)]
        farthest = np.max(sources, axis=0) if sources else np.zeros(2, int)
        if isinstance(layer, layers.Conv2D | layers.DepthwiseConv2D):
            if max(layer.strides) > 1:
                raise ValueError(f"layer {layer.name} has stride {layer.strides}")
            extent = (np.array(layer.kernel_size) - 1) * layer.dilation_rate
            farthest = farthest + extent // 2
        reach[layer] = farthest
    return int(np.max(list(reach.values())))


def _parents(layer) -> list:
    node = layer._inbound_nodes[0]
    return [tensor._keras_history.operation for tensor in node.input_tensors]


def normalization_of(model: keras.Model) -> str:
    """Which statistics the network takes: "instance" (of the whole image), "batch" or "none"."""
    kinds = {type(layer) for layer in model.layers}
    if kinds & {InstanceNormalization, ImageContrast}:
        return "instance"
    return "batch" if layers.BatchNormalization in kinds else "none"


def multiply_adds(model: keras.Model) -> int:
    """Multiply-adds of the convolutions for one pixel of the input, at stride 1."""
    return sum(
        layer.kernel.shape[0] * layer.kernel.shape[1] * layer.kernel.shape[2] * layer.filters
        for layer in model.layers
        if isinstance(layer, layers.Conv2D)
    )
