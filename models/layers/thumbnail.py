"""What a network knows of the whole photo: a thumbnail of it, the same for every tile."""

import keras
from keras import layers, ops

from common.tensor_names import ENHANCED, IMAGE, THUMBNAIL


@keras.saving.register_keras_serializable(package="dped")
class Thumbnail(layers.Layer):
    """A small picture of the whole image: means over the cells of a grid.

    Input `(N, H, W, C)`; output `(N, size, size, C)` float32, whatever H and W. A cell that ends
    inside a pixel takes the part of it that is its own, so that the cells weigh all pixels
    equally; OpenCV's `INTER_AREA` gives the same where it shrinks.

    A network that looks at the whole image through this layer alone runs in tiles, exactly, if
    each tile is given the photo's thumbnail: see `with_thumbnail_input`.

    Args:
        size: height and width of the thumbnail, pixels.
    """

    def __init__(self, size: int = 32, **kwargs):
        super().__init__(**kwargs)
        self.size = size

    def call(self, inputs):
        x = ops.cast(inputs, "float32")
        height, width = ops.shape(x)[1:3]
        x = ops.einsum("yh,nhwc->nywc", self._weights(height), x)
        return ops.einsum("xw,nywc->nyxc", self._weights(width), x)

    def _weights(self, length):
        """The share of each pixel along one axis in each cell, `(size, length)`."""
        length_float = ops.cast(length, "float32")
        cell = length_float / self.size
        start = ops.arange(self.size, dtype="float32")[:, None] * cell
        pixel = ops.arange(length, dtype="float32")[None]
        common = ops.minimum(start + cell, pixel + 1) - ops.maximum(start, pixel)
        return ops.clip(common, 0, 1) / cell

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.size, self.size, input_shape[-1])

    def get_config(self):
        return {**super().get_config(), "size": self.size}


def thumbnail_size(model: keras.Model) -> int | None:
    """Side of the thumbnail that a network takes of its image, or None if it takes none."""
    return next((layer.size for layer in model.layers if isinstance(layer, Thumbnail)), None)


def with_thumbnail_input(model: keras.Model, image: keras.KerasTensor | None = None):
    """The same network with the thumbnail as a second input instead of its own.

    Args:
        model: functional, with one `Thumbnail` layer on its input.
        image: the image input to build it on; by default one of any batch and size.

    Returns:
        Model from `{"image": (N, H, W, 3), "thumbnail": (N, size, size, 3)}`, float32 in [0, 1],
        to `{"enhanced": (N, H, W, 3)}`, of the same layers.

    Raises:
        ValueError: no such layer.
    """
    size = thumbnail_size(model)
    if size is None:
        raise ValueError(f"{model.name}: takes no thumbnail")
    if image is None:
        image = keras.Input((None, None, 3), name=IMAGE)
    thumbnail = keras.Input(batch_shape=(image.shape[0], size, size, 3), name=THUMBNAIL)
    values = {model.inputs[0]: image}
    for layer in model.layers:
        if isinstance(layer, layers.InputLayer):
            continue
        node = layer._inbound_nodes[0]
        if isinstance(layer, Thumbnail):
            values[node.outputs[0]] = thumbnail
            continue
        taken = [values[tensor] for tensor in node.input_tensors]
        values[node.outputs[0]] = layer(taken[0] if len(taken) == 1 else taken)
    return keras.Model(
        {IMAGE: image, THUMBNAIL: thumbnail}, {ENHANCED: values[model.outputs[0]]}, name=model.name
    )
