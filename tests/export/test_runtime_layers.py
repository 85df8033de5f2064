import keras
import numpy as np
import pytest

import models  # noqa: F401  first: holds back TensorFlow's chatter
from export.runtime_layers import TwoPassConv2D, with_runtime_layers


@pytest.mark.parametrize(
    ("channels", "filters", "size", "apart"),
    [(3, 8, 9, True), (8, 3, 9, True), (3, 8, (5, 7), True), (8, 8, 9, False), (3, 8, 3, False)],
)
def test_two_pass_convolutions_are_equal(channels, filters, size, apart):
    keras.utils.set_random_seed(0)
    pixels = keras.Input((None, None, channels))
    layer = keras.layers.Conv2D(
        filters, size, padding="same", activation="relu", bias_initializer="ones"
    )
    model = keras.Model(pixels, layer(pixels))
    copy = with_runtime_layers(model)
    assert (type(copy.layers[1]) is TwoPassConv2D) == apart
    for shape in ((1, 20, 31), (1, 1, 1), (1, 3, 2)):  # smaller than the kernel too
        x = np.random.default_rng(0).normal(size=(*shape, channels)).astype(np.float32)
        np.testing.assert_allclose(copy(x), model(x), atol=1e-5)


def test_what_is_not_plain_stays():
    pixels = keras.Input((None, None, 3))
    dilated = keras.layers.Conv2D(8, 5, padding="same", dilation_rate=2)(pixels)
    even = keras.layers.Conv2D(3, 6, padding="same")(dilated)
    copy = with_runtime_layers(keras.Model(pixels, keras.layers.Conv2D(3, 5)(even)))
    assert not any(type(layer) is TwoPassConv2D for layer in copy.layers)
