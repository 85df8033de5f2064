"""What a built network looks like from outside: its reach, its norm, its cost."""

import math

import keras
import numpy as np
from keras import layers

from models.files import WeightsError
from models.layers.normalization import InstanceNormalization
from models.layers.rearrangement import DepthToSpace, SpaceToDepth
from models.layers.thumbnail import Thumbnail
from models.rivals.ppcn import ImageContrast

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
    SpaceToDepth,
    DepthToSpace,
    *STATISTICS,
)


def receptive_radius(model: keras.Model) -> int:
    """Pixels by which an output pixel's receptive field reaches past it, on each side.

    In a network that lays blocks of pixels out as channels: past the output pixel's block, so
    that tiles which start and end between blocks are exact with this halo; a multiple of
    `pixel_multiple`. What a network knows of the whole image, its statistics or its thumbnail
    (see `normalization_of`), is not counted.

    Args:
        model: functional model of padded convolutions at stride 1, layers that act on each pixel
            by itself, and those of `models.layers.rearrangement`.

    Raises:
        WeightsError: another kind of layer, whose reach is not known here.
    """
    reach = {}  # of each layer's output, vertically and horizontally, pixels
    for layer, side in cell_sides(model).items():
        if side is None:
            continue
        sources = [reach[parent] for parent in parents(layer) if parent in reach]
        farthest = np.max(sources, axis=0) if sources else np.zeros(2, int)
        reach[layer] = farthest + own_reach(layer) * side
    multiple = pixel_multiple(model)
    return -(-int(np.max(list(reach.values()))) // multiple) * multiple


def pixel_multiple(model: keras.Model) -> int:
    """What the sides of an image must be multiples of: the block that one value stands for."""
    return max(side for side in cell_sides(model).values() if side is not None)


def cell_sides(model: keras.Model) -> dict:
    """Of each layer's output, how many pixels of the image one value stands for, along a side.

    None for what is not laid out over the image: its thumbnail, and what is made of it alone.
    """
    sides = {}
    for layer in model.layers:  # in the order of computation
        before = [sides[parent] for parent in parents(layer)]
        known = [side for side in before if side is not None]
        if isinstance(layer, Thumbnail) or (before and not known):
            sides[layer] = None
        elif isinstance(layer, SpaceToDepth):
            sides[layer] = max(known) * layer.block
        elif isinstance(layer, DepthToSpace):
            sides[layer] = max(known) // layer.block
        else:
            sides[layer] = max(known, default=1)
    return sides


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
    """What the network takes of the whole image, or how it is normalized.

    Returns:
        "instance" (statistics of the image), "thumbnail" (a `Thumbnail` of it), "batch" or "none".
    """
    kinds = {type(layer) for layer in model.layers}
    if kinds & set(STATISTICS):
        return "instance"
    if Thumbnail in kinds:
        return "thumbnail"
    return "batch" if layers.BatchNormalization in kinds else "none"


def multiply_adds(model: keras.Model) -> int:
    """Multiply-adds of the convolutions for one pixel of the image, rounded.

    What is computed once for an image, of its thumbnail, is not counted.
    """
    return round(
        sum(
            np.prod(layer.kernel.shape) / side**2
            for layer, side in cell_sides(model).items()
            if isinstance(layer, (layers.Conv2D, layers.DepthwiseConv2D)) and side is not None
        )
    )


def working_bytes(model: keras.Model) -> int:
    """Bytes that a mobile runtime takes for each pixel of an image, about.

    Three tensors of the widest layer in float32 (its input, its output and what a later layer
    waits for), and a list of pointers for each convolution, one of 8 bytes a tap. Measured with
    LiteRT: 0.8 of this for the generator of 64 channels.
    """
    sides = {layer: side for layer, side in cell_sides(model).items() if side is not None}
    widest = max(layer.output.shape[-1] / side**2 for layer, side in sides.items())
    taps = 0
    for layer, side in sides.items():
        if isinstance(layer, layers.Conv2D):
            h, w, c, f = layer.kernel.shape
            # Kernels from or to RGB are exported as a row and a column.
            taps += (h + w if min(c, f) <= 4 else h * w) / side**2
    return math.ceil(3 * 4 * widest + 8 * taps)
