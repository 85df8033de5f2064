"""The layers, against their formulas."""

import numpy as np
import pytest
from network_helpers import random, to_numpy

from common.backend import keras
from models.layers.image_contrast import ImageContrast
from models.layers.instance_normalization import InstanceNormalization
from models.layers.luma import Luma
from models.layers.normalization import normalization


def test_instance_norm_equals_its_formula():
    layer = InstanceNormalization()
    x = 3 * random(3, 7, 5, 4) + np.arange(3, dtype=np.float32)[:, None, None, None]
    layer.build(x.shape)
    scale, shift = np.array([1, -2, 0.5, 3.0]), np.array([0, 1, -1, 10.0])
    layer.scale.assign(scale)
    layer.shift.assign(shift)
    mean, variance = x.mean(axis=(1, 2), keepdims=True), x.var(axis=(1, 2), keepdims=True)
    expected = (x - mean) / np.sqrt(variance + 1e-3) * scale + shift
    for training in (True, False):
        result = keras.ops.convert_to_numpy(layer(x, training=training))
        np.testing.assert_allclose(result, expected, atol=1e-4)


def test_instance_norm_counts_in_float32_whatever_it_is_given():
    layer = InstanceNormalization(dtype="mixed_float16")
    x = 1000 * random(1, 20, 20, 2).astype(np.float16)  # squares overflow float16
    result = keras.ops.convert_to_numpy(layer(x))
    assert result.dtype == np.float16
    wide = x.astype(np.float64)
    expected = (wide - wide.mean((1, 2), keepdims=True)) / wide.std((1, 2), keepdims=True)
    np.testing.assert_allclose(result, expected, atol=3e-3)


def test_a_constant_image_is_normalized_to_the_shift():
    layer = InstanceNormalization()
    result = keras.ops.convert_to_numpy(layer(np.full((1, 4, 4, 3), 0.7, np.float32)))
    np.testing.assert_allclose(result, 0, atol=1e-5)


def test_kinds_of_normalization():
    assert type(normalization("instance", "n")) is InstanceNormalization
    assert normalization("batch", "n").epsilon == normalization("instance", "n").epsilon == 1e-3
    with pytest.raises(ValueError, match="'group'"):
        normalization("group", "n")


def test_image_contrast_stretches_about_the_mean_of_each_image_and_channel():
    x = np.zeros((2, 1, 2, 2), np.float32)
    x[0, 0] = [[0.2, 1.0], [0.6, 0.0]]
    x[1, 0] = [[1.0, 0.5], [1.0, 0.7]]
    result = keras.ops.convert_to_numpy(ImageContrast(1.5)(x))
    np.testing.assert_allclose(result[0, 0], [[0.1, 1.25], [0.7, -0.25]], atol=1e-6)
    np.testing.assert_allclose(result[1, 0], [[1.0, 0.45], [1.0, 0.75]], atol=1e-6)


def test_batch_norm_statistics_follow_within_a_few_dozen_steps():
    layer = normalization("batch", "n")
    x = np.full((2, 3, 3, 1), 5.0, np.float32)
    for _ in range(40):
        layer(x, training=True)
    assert to_numpy(layer.moving_mean).item() == pytest.approx(5 * (1 - 0.9**40), rel=1e-4)


def test_luma_by_hand():
    x = np.array([[[[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1]]]], np.float32)
    result = keras.ops.convert_to_numpy(Luma()(x))
    np.testing.assert_allclose(result[0, 0, :, 0], [0.299, 0.587, 0.114, 1.0], atol=1e-6)
