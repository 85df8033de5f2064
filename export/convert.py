"""Conversion of a Keras generator to LiteRT's file format in 32-bit or 16-bit floats."""

import tempfile
import warnings
from typing import cast

import keras
import tensorflow as tf

from common.backend import native_output_hidden
from common.tensor_names import ENHANCED, IMAGE
from export import flatbuffer
from export.precisions import Precision
from export.runtime_layers import with_runtime_layers
from models.split_stages import StagedNetwork, split_stages
from models.thumbnail_input import thumbnail_size, with_thumbnail_input

FLOAT_PRECISIONS = (Precision.FP32, Precision.FP16)
# Name of the signature that runs the whole network with the statistics of its own input.
WHOLE = "serving_default"


def convert(model: keras.Model, precision: Precision | str, tile: int | None) -> bytes:
    """Convert a generator.

    The batch is fixed at 1: an open batch stops the browser's runtime, and open variables stop
    calibration. Batch norm folds into the convolutions. The file's one signature, `WHOLE`, takes
    `image`, and `thumbnail` if the network takes one, and returns `enhanced`.

    Args:
        model: from `(N, H, W, 3)` RGB in [0, 1] to the same shape, any size.
        precision: "fp32", or "fp16" for half-precision weights (input and output stay float32).
        tile: fixed height and width of the input in pixels, or None for any size.

    Returns:
        The content of the `.tflite` file.

    Raises:
        ValueError: a precision that is not one of floats.
    """
    image = cast(keras.KerasTensor, keras.Input(batch_shape=(1, tile, tile, 3), name=IMAGE))
    if thumbnail_size(model) is not None:
        network = with_thumbnail_input(with_runtime_layers(model), image)
    else:
        enhanced = with_runtime_layers(model, input_tensors=image).outputs[0]
        network = keras.Model({IMAGE: image}, {ENHANCED: enhanced}, name=model.name)
    return _convert(tf.lite.TFLiteConverter.from_keras_model(network), precision)


def convert_staged(model: keras.Model, precision: Precision | str) -> tuple[bytes, StagedNetwork]:
    """Convert a generator that takes statistics of the whole image, together with its stages.

    Args:
        model: from `(N, H, W, 3)` RGB in [0, 1] to the same shape, any size.
        precision: "fp32" or "fp16", as for `convert`.

    Returns:
        The content of the `.tflite` file, and the network's stages. The first signature, `WHOLE`,
        is the network for any size. Each network of `split_stages` is a further signature. The
        file stores the weights once.

    Raises:
        ValueError: a precision that is not one of floats.
        WeightsError: the network cannot be split into stages.
    """
    model = with_runtime_layers(model)
    staged = split_stages(model)
    image = keras.Input((None, None, 3), name=IMAGE)
    networks = {WHOLE: keras.Model({IMAGE: image}, {ENHANCED: model(image)}), **staged.networks}
    module = tf.Module()
    # A SavedModel stores the variables that its root object refers to, under any attribute.
    setattr(module, "weights", [variable.value for variable in model.variables])  # noqa: B010
    functions = {name: _concrete_function(network) for name, network in networks.items()}
    with tempfile.TemporaryDirectory() as folder:
        with native_output_hidden():
            tf.saved_model.save(module, folder, signatures=functions)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=[*functions])
        return _convert(converter, precision), staged


def _concrete_function(network: keras.Model):
    """Return a network with named inputs as a TensorFlow function of one image."""
    specs = {
        name: tf.TensorSpec((1, *tensor.shape[1:]), tensor.dtype, name=name)
        for name, tensor in dict(network.input).items()
    }
    return tf.function(lambda **inputs: network(inputs)).get_concrete_function(**specs)


def _convert(converter, precision: Precision | str) -> bytes:
    if precision not in FLOAT_PRECISIONS:
        raise ValueError(f"precision {precision!r}: expected {' or '.join(FLOAT_PRECISIONS)}")
    if precision == Precision.FP16:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_types = [tf.float16]
    with native_output_hidden(), warnings.catch_warnings():
        # The converter passes the inputs as a list, and Keras says that it expected a dictionary.
        warnings.filterwarnings("ignore", "The structure of `inputs`", UserWarning)
        model = flatbuffer.read(converter.convert())
    flatbuffer.set_first_size(model)
    return flatbuffer.write(model)
