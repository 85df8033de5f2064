"""What a built network looks like from outside: its reach, its norm, its cost."""

import keras
import numpy as np
from keras import layers

from models.files import WeightsError
from models.normalization import InstanceNormalization
from models.ppcn import ImageContrast

STATISTICS = (InstanceNormalization, ImageContrast)  # layers that look at the whole image
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
    *STATISTICS,
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
        sources = [reach[parent] for parent in parents(layer)]
        farthest = np.max(sources, axis=0) if sources else np.zeros(2, int)
        reach[layer] = farthest + own_reach(layer)
    return int(np.max(list(reach.values())))


def own_reach(layer) -> np.ndarray:
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


def parents(layer) -> list:
    """The layers whose outputs a layer of a functional model takes."""
    node = layer._inbound_nodes[0]
    return [tensor._keras_history.operation for tensor in node.input_tensors]


def normalization_of(model: keras.Model) -> str:
    """Which statistics the network takes: "instance" (of the whole image), "batch" or "none"."""
    kinds = {type(layer) for layer in model.layers}
    if kinds & set(STATISTICS):
        return "instance"
    return "batch" if layers.BatchNormalization in kinds else "none"


def multiply_adds(model: keras.Model) -> int:
    """Multiply-adds of the convolutions for one pixel of the input, at stride 1."""
    return sum(
        layer.kernel.shape[0] * layer.kernel.shape[1] * layer.kernel.shape[2] * layer.filters
        for layer in model.layers
        if isinstance(layer, layers.Conv2D)
    )


def working_bytes(model: keras.Model) -> int:
    """Bytes that a mobile runtime takes for each pixel of an image, about.

    Three tensors of the widest layer in float32 (its input, its output and what a later layer
    waits for), and a list of pointers for each convolution, one of 8 bytes a tap. Measured with
    LiteRT: 0.8 of this for the generator of 64 channels.
    """
    widest = max(int(layer.output.shape[-1]) for layer in model.layers)
    kernels = [layer.kernel.shape for layer in model.layers if isinstance(layer, layers.Conv2D)]
    # Kernels from or to RGB are exported as a row and a column.
    taps = [h + w if min(c, f) <= 4 else h * w for h, w, c, f in kernels]
    return 3 * 4 * widest + 8 * sum(taps)
