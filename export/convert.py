"""Conversion of a Keras generator to LiteRT's file format."""

import keras
import tensorflow as tf

from backend import native_output_hidden

PRECISIONS = ("fp32", "fp16")


def convert(model: keras.Model, precision: str, tile: int | None) -> bytes:
    """Convert a generator.

    The batch is fixed at 1: an open batch stops the browser's runtime, and open variables stop
    calibration. Batch norm folds into the convolutions.

    Args:
        model: from `(N, H, W, 3)` RGB in [0, 1] to the same shape, any size.
        precision: "fp32", or "fp16" for half-precision weights (input and output stay float32).
        tile: fixed height and width of the input in pixels, or None for any size.

    Returns:
        The `.tflite` file.

    Raises:
        ValueError: unknown precision.
    """
    if precision not in PRECISIONS:
        raise ValueError(f"precision {precision!r}: expected one of {', '.join(PRECISIONS)}")
    image = keras.Input(batch_shape=(1, tile, tile, 3), name="image")
    fixed = keras.models.clone_model(model, input_tensors=image)
    fixed.set_weights(model.get_weights())
    converter = tf.lite.TFLiteConverter.from_keras_model(fixed)
    if precision == "fp16":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_types = [tf.float16]
    with native_output_hidden():
        return converter.convert()
