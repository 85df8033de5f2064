"""The form of a network that takes the thumbnail of the photo as a second input.

A network with a `Thumbnail` layer makes the thumbnail itself. To run such a network in tiles, the
thumbnail of the whole photo must come from outside, because a tile does not show the whole photo.
"""

from typing import Any

from common.backend import keras
from common.tensor_names import ENHANCED, IMAGE, THUMBNAIL
from models.layers.thumbnail import Thumbnail


def thumbnail_size(model: keras.Model) -> int | None:
    """Return the side of the thumbnail that a network makes, or None if it makes none."""
    return next((layer.size for layer in model.layers if isinstance(layer, Thumbnail)), None)


def with_thumbnail_input(model: keras.Model, image: keras.KerasTensor | None = None) -> keras.Model:
    """Rebuild a network so that it takes the thumbnail as a second input.

    Args:
        model: functional, with one `Thumbnail` layer on its input.
        image: the image input of the new network; by default an input of any batch and size.

    Returns:
        Model from `{"image": (N, H, W, 3), "thumbnail": (N, size, size, 3)}`, float32 in [0, 1],
        to `{"enhanced": (N, H, W, 3)}`. The new network shares the layers of `model`.

    Raises:
        ValueError: the network has no `Thumbnail` layer.
    """
    size = thumbnail_size(model)
    if size is None:
        raise ValueError(f"{model.name}: takes no thumbnail")
    image_input: Any = image
    if image_input is None:
        image_input = keras.Input((None, None, 3), name=IMAGE)
    thumbnail = keras.Input(batch_shape=(image_input.shape[0], size, size, 3), name=THUMBNAIL)
    values: dict[Any, Any] = {model.inputs[0]: image_input}
    for layer in model.layers:
        if isinstance(layer, keras.layers.InputLayer):
            continue
        node = layer._inbound_nodes[0]
        if isinstance(layer, Thumbnail):
            values[node.outputs[0]] = thumbnail
            continue
        taken = [values[tensor] for tensor in node.input_tensors]
        values[node.outputs[0]] = layer(taken[0] if len(taken) == 1 else taken)
    return keras.Model(
        {IMAGE: image_input, THUMBNAIL: thumbnail},
        {ENHANCED: values[model.outputs[0]]},
        name=model.name,
    )
