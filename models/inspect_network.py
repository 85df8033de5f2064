"""Properties of a built network: receptive radius, normalization, cost.

Exporting, tiling and reports need these properties. The functions derive them from the layers of a
functional model.
"""

import math
from typing import Any

import numpy as np

from common.backend import keras
from common.tensor_names import THUMBNAIL
from models.layers.image_contrast import ImageContrast
from models.layers.instance_normalization import InstanceNormalization
from models.layers.normalization import Normalization
from models.layers.space_to_depth import DepthToSpace, SpaceToDepth
from models.layers.thumbnail import Thumbnail
from models.network_files import WeightsError
from models.thumbnail_input import thumbnail_size

layers = keras.layers
# Layers that need statistics of the whole image, which their attribute `statistics` names.
WHOLE_IMAGE_LAYERS = (InstanceNormalization, ImageContrast)
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
    *WHOLE_IMAGE_LAYERS,
)


def receptive_radius(model: keras.Model) -> int:
    """Compute how many pixels to each side of an output pixel influence the pixel.

    In a network with `SpaceToDepth`, the radius counts from the edge of the output pixel's block
    and is a multiple of `pixel_multiple`. Tiles that start and end between blocks are then exact
    with a halo of this radius. Influence through statistics of the whole image or through a
    thumbnail does not count.

    Args:
        model: functional model of padded convolutions with stride 1, of layers that act on each
            pixel alone, of `SpaceToDepth` and of `DepthToSpace`.

    Raises:
        WeightsError: the network has another kind of layer.
    """
    multiple = pixel_multiple(model)
    sides = block_sides(model)
    # The first and the last value that a block of output pixels needs of each layer's output,
    # vertically and horizontally, in the layer's own resolution.
    output: Any = model.output  # one tensor
    needed = {output._keras_history.operation: (np.zeros(2, int), np.full(2, multiple - 1))}
    reach = np.zeros(2, int)
    for layer in reversed(model.layers):  # against the order of computation
        if layer not in needed or sides[layer] is None:
            continue
        first, last = needed[layer]
        if isinstance(layer, SpaceToDepth):
            first, last = first * layer.block, last * layer.block + layer.block - 1
        elif isinstance(layer, DepthToSpace):
            first, last = first // layer.block, last // layer.block
        else:
            radius = kernel_radius(layer)
            first, last = first - radius, last + radius
        if isinstance(layer, layers.InputLayer):
            reach = np.maximum(-first, last - (multiple - 1))
        for source in source_layers(layer):
            old_first, old_last = needed.get(source, (first, last))
            needed[source] = np.minimum(first, old_first), np.maximum(last, old_last)
    return -(-int(reach.max()) // multiple) * multiple


def pixel_multiple(model: keras.Model) -> int:
    """Return the number whose multiples the sides of an image must be: the largest block's side."""
    return max(side for side in block_sides(model).values() if side is not None)


def block_sides(model: keras.Model) -> dict[Any, int | None]:
    """Return how many pixels of the image, along a side, one value of each layer's output covers.

    The side is 1 at full resolution and 2 at half resolution. It is None for layers whose output
    is no map of the image: the thumbnail, and everything that is computed from the thumbnail alone.
    """
    sides = {}
    for layer in model.layers:  # in the order of computation
        before = [sides[source] for source in source_layers(layer)]
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


def kernel_radius(layer: Any) -> np.ndarray:
    """Return how far one layer looks vertically and horizontally, `(2,)`, in its own resolution.

    Raises:
        WeightsError: the radius of this kind of layer is not known.
    """
    if isinstance(layer, POINTWISE):
        return np.zeros(2, int)
    keeps_size = (
        isinstance(layer, CONVOLUTIONS) and layer.padding == "same" and max(layer.strides) == 1
    )
    if not keeps_size:
        kind = type(layer).__name__
        raise WeightsError(
            f"layer {layer.name} ({kind}): the receptive radius of such a layer is not known"
        )
    extent = (np.array(layer.kernel_size) - 1) * layer.dilation_rate
    return (extent + 1) // 2  # an even kernel looks farther on one side


def source_layers(layer) -> list:
    """Return the layers whose outputs a layer of a functional model takes."""
    node = layer._inbound_nodes[0]
    return [tensor._keras_history.operation for tensor in node.input_tensors]


def normalization_of(model: keras.Model) -> Normalization:
    """Return how a network normalizes its features.

    PPCN's contrast layer counts as instance normalization: both need statistics of the whole image.
    """
    kinds = {type(layer) for layer in model.layers}
    if kinds & set(WHOLE_IMAGE_LAYERS):
        return Normalization.INSTANCE
    batch = any(issubclass(kind, layers.BatchNormalization) for kind in kinds)
    return Normalization.BATCH if batch else Normalization.NONE


def manifest_norm(model: keras.Model) -> str:
    """Return the entry "norm" of a model file's manifest.

    The entry tells an app what a network needs to know of the whole photo. It is "thumbnail" for a
    network that takes a thumbnail, and else the normalization. The apps and the files that shipped
    depend on these values.
    """
    return THUMBNAIL if thumbnail_size(model) is not None else normalization_of(model).value


def multiply_adds(model: keras.Model) -> int:
    """Count the multiply-adds of the convolutions for one pixel of the image, rounded.

    Work on the thumbnail is done once for an image and does not count.
    """
    return round(
        sum(
            np.prod(_kernel_shape(layer)) / side**2
            for layer, side in block_sides(model).items()
            if isinstance(layer, (layers.Conv2D, layers.DepthwiseConv2D)) and side is not None
        )
    )


def _kernel_shape(layer: Any) -> tuple[int, ...]:
    return tuple(layer.kernel.shape)


def working_bytes(model: keras.Model) -> int:
    """Estimate the memory that a mobile runtime needs for each pixel of an image, bytes.

    The estimate is three float32 tensors of the widest layer (input, output, and one that a later
    layer needs), and a list of pointers for each convolution, 8 bytes for each tap of the kernel.
    For the generator with 64 channels, LiteRT was measured to need 0.8 of the estimate.
    """
    sides = {layer: side for layer, side in block_sides(model).items() if side is not None}
    widest = max(layer.output.shape[-1] / side**2 for layer, side in sides.items())
    taps = 0
    for layer, side in sides.items():
        if isinstance(layer, layers.Conv2D):
            h, w, c, f = _kernel_shape(layer)
            # The export splits kernels from or to RGB into a row and a column.
            taps += (h + w if min(c, f) <= 4 else h * w) / side**2
    return math.ceil(3 * 4 * widest + 8 * taps)
