"""What a built network looks like from outside: its reach, its norm, its cost."""

import keras
import numpy as np
from keras import layers

from models.files import WeightsError
from models.normalization import InstanceNormalization
from models.ppcn import ImageContrast

CONVOLUTIONS = (layers.Conv2D, layers.DepthwiseConv2D, layers.SeparableConv2D)
POINTWISE = (
    layers.InputLayer,
    layers.Activation,
    layers.ReLU,
    layers.LeakyReLU,
    layers.PReLU,
    layers.Rescaling,
    layers.BatchNormalization,
    layers.Add,
    layers.Subtract,
    layers.Multiply,
    layers.Concatenate,
    InstanceNormalization,
    ImageContrast,
)


def receptive_radius(model: keras.Model) -> int:
    """Pixels by which an output pixel's receptive field reaches past it, on each side.

    Statistics over the whole image (see `normalization_of`) are not counted.

    Args:
        model: functional model of padded convolutions at stride 1 and layers that act on each
            pixel by itself.

    Raises:
        WeightsError: another kind of layer, whose reach is not known here.
    """
    reach = {}  # of each layer's output, vertically and horizontally
    for layer in model.layers:
        sources = [reach[parent] for parent in _parents(layer)]
        farthest = np.max(sources, axis=0) if sources else np.zeros(2, int)
        reach[layer] = farthest + _own_reach(layer)
    return int(np.max(list(reach.values())))


def _own_reach(layer) -> np.ndarray:
    """How far one layer looks, vertically and horizontally."""
    if isinstance(layer, POINTWISE):
        return np.zeros(2, int)
    keeps_size = (
        isinstance(layer, CONVOLUTIONS) and layer.padding == "same" and max(layer.strides) == 1
    )
    if not keeps_size:
        kind = type(layer).__name__
        raise WeightsError(f"layer {layer.name} ({kind}): how far it reaches is not known")
    extent = (np.array(layer.kernel_size) - 1) * layer.dilation_rate
    return (extent + 1) // 2  # an even kernel reaches farther on one side


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
