"""Conversion of a Keras generator to LiteRT's file format."""

import tempfile

import keras
import tensorflow as tf

from common.backend import native_output_hidden
from common.tensor_names import ENHANCED, IMAGE
from export import graph
from export.separate import separated
from models.split_stages import StagedNetwork, split_stages
from models.thumbnail_input import thumbnail_size, with_thumbnail_input

FLOATS = ("fp32", "fp16")
WHOLE = "serving_default"  # signature of the network with its own statistics


def convert(model: keras.Model, precision: str, tile: int | None) -> bytes:
    """Convert a generator.

    The batch is fixed at 1: an open batch stops the browser's runtime, and open variables stop
    calibration. Batch norm folds into the convolutions. The one signature, `WHOLE`, is from
    `image`, and `thumbnail` if the network takes one, to `enhanced`.

    Args:
        model: from `(N, H, W, 3)` RGB in [0, 1] to the same shape, any size.
        precision: "fp32", or "fp16" for half-precision weights (input and output stay float32).
        tile: fixed height and width of the input in pixels, or None for any size.

    Returns:
        The `.tflite` file.

    Raises:
        ValueError: unknown precision.
    """
    image = keras.Input(batch_shape=(1, tile, tile, 3), name=IMAGE)
    if thumbnail_size(model) is not None:
        network = with_thumbnail_input(separated(model), image)
    else:
        result = separated(model, input_tensors=image).outputs[0]
        network = keras.Model({IMAGE: image}, {ENHANCED: result}, name=model.name)
    return _converted(tf.lite.TFLiteConverter.from_keras_model(network), precision)


def convert_staged(model: keras.Model, precision: str) -> tuple[bytes, StagedNetwork]:
    """Convert a generator that takes whole-image statistics, with its stages.

    Args:
        model: as for `convert`.
        precision: likewise.

    Returns:
        The `.tflite` file: the network as `convert` writes it for any size as the first signature,
        `WHOLE`, and the networks of `split_stages` as further ones. The weights are stored once.
        And the stages.

    Raises:
        ValueError: unknown precision.
        WeightsError: the network cannot be cut.
    """
    model = separated(model)
    staged = split_stages(model)
    image = keras.Input((None, None, 3), name=IMAGE)
    networks = {WHOLE: keras.Model({IMAGE: image}, {ENHANCED: model(image)}), **staged.networks}
    module = tf.Module()
    module.weights = [variable.value for variable in model.variables]
    functions = {name: _function(network) for name, network in networks.items()}
    with tempfile.TemporaryDirectory() as folder:
        with native_output_hidden():
            tf.saved_model.save(module, folder, signatures=functions)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=[*functions])
        return _converted(converter, precision), staged


def _function(network: keras.Model):
    """A network of named inputs as a concrete function of one image."""
    specs = {
        name: tf.TensorSpec((1, *tensor.shape[1:]), tensor.dtype, name=name)
        for name, tensor in network.input.items()
    }
    return tf.function(lambda **inputs: network(inputs)).get_concrete_function(**specs)


def _converted(converter, precision: str) -> bytes:
    if precision not in FLOATS:
        raise ValueError(f"precision {precision!r}: expected one of {', '.join(FLOATS)}")
    if precision == "fp16":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_types = [tf.float16]
    with native_output_hidden():
        model = graph.read(converter.convert())
    graph.give_size(model)
    return graph.written(model)
