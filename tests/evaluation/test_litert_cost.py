"""Weights and multiply-adds counted in a `.tflite` file, against the counts of Keras."""

import keras
import numpy as np
import pytest
from keras import layers

from evaluation.litert_cost import litert_cost
from export.convert import convert, convert_staged
from models.generator import build_generator
from models.inspect_network import multiply_adds


def unlike_weights(model):
    """Make all weights different, because a file stores equal weights once."""
    rng = np.random.default_rng(0)
    model.set_weights([rng.normal(size=weights.shape) for weights in model.get_weights()])
    return model


@pytest.mark.parametrize("tile", [64, None])
@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_a_generator_costs_what_keras_says(tmp_path, precision, tile):
    model = unlike_weights(build_generator("instance", channels=8, blocks=1))
    path = tmp_path / "net.tflite"
    path.write_bytes(convert(model, precision, tile))
    separated = 2 * 9 * 3 * 27  # ones and zeros of the two 9×9 layers (export/runtime_layers.py)
    zeros = 3 * 9  # biases of the passes between
    expected = model.count_params() + separated + zeros, multiply_adds(model) + separated
    assert litert_cost(path) == expected


def test_stages_in_the_file_are_not_counted_again(tmp_path):
    model = unlike_weights(build_generator("instance", channels=8, blocks=1))
    whole, staged = tmp_path / "whole.tflite", tmp_path / "staged.tflite"
    whole.write_bytes(convert(model, "fp32", None))
    staged.write_bytes(convert_staged(model, "fp32")[0])
    assert litert_cost(staged) == litert_cost(whole)


def test_work_at_half_resolution_counts_a_quarter(tmp_path):
    image = keras.Input((None, None, 3))
    half = layers.Conv2D(8, 2, strides=2, name="down")(image)  # 12·8 a position, a quarter of them
    half = layers.DepthwiseConv2D(3, padding="same")(half)  # 9·8
    half = layers.Conv2D(12, 1)(half)  # 8·12
    full = layers.Conv2DTranspose(4, 2, strides=2)(half)  # 2·2·4·12 a position before
    model = unlike_weights(keras.Model(image, layers.Conv2D(3, 1)(full)))  # 4·3 a pixel
    path = tmp_path / "net.tflite"
    path.write_bytes(convert(model, "fp32", 64))
    assert litert_cost(path) == (model.count_params(), (96 + 72 + 96 + 192) / 4 + 12)


def test_another_file_is_refused(tmp_path):
    path = tmp_path / "net.tflite"
    path.write_bytes(b"no flatbuffer of any kind")
    with pytest.raises(ValueError, match=r"net\.tflite: not a \.tflite model"):
        litert_cost(path)
