"""Tests of weights rounded together: on the 8-bit grid, and results nearer to the floats."""

import keras
import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from keras import layers

from export import flatbuffer
from export.convert import convert
from export.quantize.convolutions import find_convolutions, replace_weights
from export.quantize.observe import observe
from export.quantize.quantize_file import to_dynamic, to_int8
from export.quantize.round_weights import round_filters, round_weights

SIZE = 24  # pixels


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def smooth(rng, count=4, channels=3):
    """Return images with smooth areas."""
    small = rng.random((count, SIZE // 6, SIZE // 6, channels)) * rng.random((count, 1, 1, 1))
    return np.kron(small, np.ones((1, 6, 6, 1))).astype(np.float32)


def samples(rng):
    return [{"image": image[None]} for image in smooth(rng)]


def network(rng, *middle):
    image = x = keras.Input((None, None, 3), name="image")
    for layer in middle:
        x = layer(x)
    model = keras.Model(image, x)
    for weight in model.weights:
        weight.assign(rng.normal(0, 0.3, weight.shape))
    return model


def convolutions_in(content):
    return find_convolutions(flatbuffer.read(content))


def run(content, image):
    runner = Interpreter(model_content=content).get_signature_runner("serving_default")
    return runner(image=image)["enhanced"]


def grid_of(filters):
    return np.abs(filters).max(1, keepdims=True) / 127


def test_filters_are_whole_numbers_of_the_grid_they_had(rng):
    filters = rng.normal(size=(7, 40))
    filters[3] = 0
    seen = rng.normal(size=(300, 40)) @ rng.normal(size=(40, 40))
    values = round_filters(filters, np.cov(seen.T))
    np.testing.assert_allclose(np.abs(values).max(1), np.abs(filters).max(1), rtol=1e-12)
    assert not values[3].any()
    kept = [0, 1, 2, 4, 5, 6]
    steps = values[kept] / grid_of(filters[kept])
    np.testing.assert_allclose(steps, np.rint(steps), atol=1e-9)
    assert np.abs(values - filters).max() < 20 * grid_of(filters).max()


@pytest.mark.parametrize("shared", [0.5, 0.99])
def test_together_they_compute_nearer_to_the_floats_than_each_alone(rng, shared):
    filters = rng.normal(size=(12, 90))
    seen = shared * rng.normal(size=(4000, 1)) + (1 - shared) * rng.normal(size=(4000, 90))
    nearest = np.rint(filters / grid_of(filters)) * grid_of(filters)
    together = round_filters(filters, np.cov(seen.T))
    errors = [np.square(seen @ (values - filters).T).mean() for values in (nearest, together)]
    assert errors[1] < errors[0] / (2 if shared == 0.5 else 50)


def test_where_nothing_varies_it_is_the_nearest(rng):
    filters = rng.normal(size=(5, 20))
    nearest = np.rint(filters / grid_of(filters)) * grid_of(filters)
    np.testing.assert_allclose(round_filters(filters, np.zeros((20, 20))), nearest)


def test_a_network_that_sees_one_color_alone_is_rounded_to_the_nearest(rng):
    content = convert(network(rng, layers.Conv2D(4, 3)), "fp32", SIZE)
    for value in (0, 1 / 3):
        observations = observe(
            content, [{"image": np.full((1, SIZE, SIZE, 3), value, np.float32)}] * 7
        )
        (before,), (after,) = (
            convolutions_in(file)
            for file in (content, round_weights(content, observations.windows))
        )
        filters, values = (found.kernel.reshape(4, -1) for found in (before, after))
        step = grid_of(filters)
        assert np.abs(values - filters).max() <= 0.501 * step.max()


def test_what_a_convolution_sees_is_what_it_computes_with(rng):
    """The values of a window are in the order of the kernel's values, also with dilation."""
    for options in ({}, {"dilation_rate": (2, 1)}, {"strides": 2}):
        conv = layers.Conv2D(4, (3, 2), **options)
        content = convert(network(rng, conv), "fp32", SIZE)
        images = samples(rng)
        (found,) = convolutions_in(content)
        windows = observe(content, images).windows[found.name]
        mean = found.kernel.reshape(4, -1) @ windows.mean() + found.bias
        plain = keras.layers.Conv2D(4, (3, 2), dilation_rate=options.get("dilation_rate", 1))
        plain.build((None, None, None, 3))
        plain.set_weights(conv.get_weights())
        everything = np.concatenate([plain(image["image"]) for image in images])
        np.testing.assert_allclose(mean, everything.mean((0, 1, 2)), atol=1e-5)


def test_the_quantizer_finds_the_values_that_were_chosen(rng):
    relu = layers.Conv2D(6, 3, padding="same", activation="relu")
    content = convert(network(rng, relu, layers.Conv2D(3, 3, padding="same")), "fp32", SIZE)
    observations = observe(content, samples(rng))
    chosen = {c.name: c for c in convolutions_in(round_weights(content, observations.windows))}
    assert len(chosen) == 2
    for file in (to_int8(content, observations), to_dynamic(content, observations)):
        model = flatbuffer.read(file)
        tensors = {tensor.name: tensor for tensor in model.subgraphs[0].tensors}
        for name, convolution in chosen.items():
            tensor = tensors[name]
            assert tensor.type == flatbuffer.TYPES.INT8
            whole = np.frombuffer(bytes(model.buffers[tensor.buffer].data), np.int8)
            scales = np.reshape(tensor.quantization.scale, (-1, 1, 1, 1))
            values = whole.reshape(convolution.kernel.shape) * scales
            np.testing.assert_allclose(values, convolution.kernel, atol=1e-6)


def test_files_come_nearer_to_the_floats(rng):
    middle = [layers.Conv2D(8, 3, padding="same", activation="relu") for _ in range(2)]
    model = network(rng, *middle, layers.Conv2D(3, 3, padding="same"))
    content = convert(model, "fp32", SIZE)
    observations = observe(content, samples(rng))
    images = smooth(np.random.default_rng(9), 8)
    floats = np.concatenate([run(content, image[None]) for image in images])

    def error(file):
        return np.square(np.concatenate([run(file, i[None]) for i in images]) - floats).mean()

    assert error(round_weights(content, observations.windows)) < error(to_dynamic(content)) / 4
    assert error(to_dynamic(content, observations)) < error(to_dynamic(content)) / 2


def test_a_kernel_that_stays_in_floats_is_left_alone(rng):
    content = convert(network(rng, layers.Conv2D(4, 3), layers.Conv2D(3, 3)), "fp32", SIZE)
    observations = observe(content, samples(rng))
    first, second = convolutions_in(content)
    result = convolutions_in(round_weights(content, observations.windows, [first.result]))
    np.testing.assert_array_equal(result[0].kernel, first.kernel)
    assert (result[1].kernel != second.kernel).any()


def test_constants_that_others_read_stay(rng):
    """Equal biases are one tensor in the file, and equal kernels one; other layers' stay."""
    image = keras.Input((None, None, 3), name="image")
    convs = [layers.Conv2D(3, 3, padding="same") for _ in range(4)]
    x = image
    for conv in convs:
        x = conv(x)
    model = keras.Model(image, x)
    convs[3].set_weights(convs[0].get_weights())
    edited = flatbuffer.read(convert(model, "fp32", SIZE))
    first, second = find_convolutions(edited)
    assert first.operator.inputs[2] == second.operator.inputs[2]
    replace_weights(edited, first, first.kernel + 1, first.bias + 2)
    new, untouched = convolutions_in(flatbuffer.write(edited))
    np.testing.assert_allclose(new.kernel, first.kernel + 1)
    np.testing.assert_allclose(new.bias, first.bias + 2)
    np.testing.assert_array_equal(untouched.kernel, second.kernel)
    np.testing.assert_array_equal(untouched.bias, second.bias)
