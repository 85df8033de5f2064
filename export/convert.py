"""Conversion of a Keras generator to LiteRT's file format."""

import contextlib
import os
import tempfile
from collections.abc import Iterator

import keras
import tensorflow as tf

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
    with _native_chatter_hidden():
        return converter.convert()


@contextlib.contextmanager
def _native_chatter_hidden() -> Iterator[None]:
    """Hold back what the converter prints from C++; show it if the conversion fails."""
    saved_out, saved_err = os.dup(1), os.dup(2)
    with tempfile.TemporaryFile() as chatter:
        os.dup2(chatter.fileno(), 1)
        os.dup2(chatter.fileno(), 2)
        failed = True
        try:
            yield
            failed = False
        finally:
            os.dup2(saved_out, 1)
            os.dup2(saved_err, 2)
            os.close(saved_out)
            os.close(saved_err)
            if failed:
                chatter.seek(0)
                os.write(2, chatter.read())
