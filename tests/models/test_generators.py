"""The generators, against their definitions in NumPy, and the table of networks."""

import numpy as np
import pytest
from network_helpers import output, random, randomize, to_numpy
from numpy.lib.stride_tricks import sliding_window_view

import models
from models.generator import build_generator
from models.network_files import load_generator, save_model
from models.networks import NETWORKS, build_network, networks_in_words
from models.rivals.johnson import build_johnson
from models.rivals.mcrn import build_mcrn
from models.rivals.ppcn import build_ppcn, build_ppcn_student
from models.rivals.srcnn import build_srcnn
from training.recipes import RECIPES


def convolve(x, kernel, bias=0.0, dilation=1):
    """Correlate (N, H, W, C) with (h, w, C, C'), padded with zeros ("SAME")."""
    height, width = (dilation * (side - 1) + 1 for side in kernel.shape[:2])
    margins = ((0, 0), (height // 2,) * 2, (width // 2,) * 2, (0, 0))
    windows = sliding_window_view(np.pad(x, margins), (height, width), axis=(1, 2))
    windows = windows[..., ::dilation, ::dilation]
    return np.einsum("nhwcij,ijcd->nhwd", windows, kernel, optimize=True) + bias


def relu(x):
    return np.maximum(x, 0)


def leaky(x, slope=0.05):
    return np.where(x > 0, x, slope * x)


def batch_norm(x, gamma, beta, mean, variance):
    return (x - mean) / np.sqrt(variance + 1e-3) * gamma + beta


def instance_norm(x, scale, shift):
    mean, variance = x.mean(axis=(1, 2), keepdims=True), x.var(axis=(1, 2), keepdims=True)
    return (x - mean) / np.sqrt(variance + 1e-3) * scale + shift


def bounded(x):
    return 0.58 * np.tanh(x) + 0.5


def taker(model):
    """Return `take`; `take(n)` gives the next n weights of the model in float64."""
    weights = iter([to_numpy(weight) for weight in model.weights])
    return lambda count: [np.float64(next(weights)) for _ in range(count)]


def generator_by_hand(model, x, norm, blocks):
    take = taker(model)
    x = relu(convolve(x, *take(2)))
    for _ in range(blocks):
        y = x
        for _ in range(2):
            if norm == "batch":
                y = relu(batch_norm(convolve(y, *take(1)), *take(4)))
            else:
                y = relu(instance_norm(convolve(y, *take(2)), *take(2)))
        x = x + y
    x = relu(convolve(x, *take(2)))
    x = relu(convolve(x, *take(2)))
    return bounded(convolve(x, *take(2)))


def johnson_by_hand(model, x, blocks):
    take = taker(model)
    x = relu(batch_norm(convolve(x, *take(1)), *take(4)))
    for _ in range(blocks):
        y = relu(batch_norm(convolve(x, *take(1)), *take(4)))
        x = x + batch_norm(convolve(y, *take(1)), *take(4))
    x = relu(batch_norm(convolve(x, *take(1)), *take(4)))
    return bounded(convolve(x, *take(2)))


def srcnn_by_hand(model, x):
    take = taker(model)
    x = relu(convolve(x, *take(2)))
    x = relu(convolve(x, *take(2)))
    return bounded(convolve(x, *take(2)))


def ppcn_by_hand(model, x):
    take = taker(model)
    mean = x.mean(axis=(1, 2), keepdims=True)
    x = 1.2 * (x - mean) + mean
    c1 = leaky(convolve(leaky(convolve(x, *take(2))), *take(2)))
    x = leaky(instance_norm(convolve(c1, *take(2)), *take(2)))
    c3 = instance_norm(convolve(x, *take(2)), *take(2)) + c1
    x = leaky(instance_norm(convolve(c3, *take(2), dilation=2), *take(2)))
    c5 = instance_norm(convolve(x, *take(2), dilation=2), *take(2)) + c3
    x = leaky(convolve(np.concatenate([c3, c5], axis=-1), *take(2)))
    return bounded(convolve(x, *take(2)))


def mcrn_by_hand(model, x):
    take = taker(model)
    x = leaky(convolve(x, *take(2)), 0.2)
    skip = leaky(convolve(x, *take(2)), 0.2)
    x = leaky(instance_norm(convolve(skip, *take(2)), *take(2)), 0.2) + skip
    return bounded(convolve(x, *take(2)))


DEFINITIONS = {
    "batch": (
        lambda: build_generator("batch", channels=5, blocks=2),
        lambda model, x: generator_by_hand(model, x, "batch", 2),
    ),
    "instance": (
        lambda: build_generator("instance", channels=5, blocks=3),
        lambda model, x: generator_by_hand(model, x, "instance", 3),
    ),
    "johnson": (
        lambda: build_johnson(channels=4, blocks=2),
        lambda model, x: johnson_by_hand(model, x, 2),
    ),
    "srcnn": (build_srcnn, srcnn_by_hand),
    "ppcn": (build_ppcn, ppcn_by_hand),
    "ppcn_student": (build_ppcn_student, ppcn_by_hand),
    "mcrn": (build_mcrn, mcrn_by_hand),
}


@pytest.mark.parametrize("name", DEFINITIONS)
@pytest.mark.parametrize("size", [(13, 22), (3, 1)])
def test_networks_equal_their_definition_at_any_size(name, size):
    build, by_hand = DEFINITIONS[name]
    model = randomize(build())
    images = random(2, *size, 3)
    result = output(model, images)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, by_hand(model, images), atol=2e-4)
    assert result.std() > 0.01  # not all saturated


def test_parameters_are_those_of_the_publication():
    assert build_generator("instance").count_params() == 401_475
    # Batch norm: no bias in the 8 convolutions of blocks, but two statistics a channel.
    assert build_generator("batch").count_params() == 401_475 - 8 * 64 + 8 * 2 * 64
    # 9·9·3·64 + 64, 5·5·64·32 + 32, 5·5·32·3 + 3
    assert build_srcnn().count_params() == 15_616 + 51_232 + 2_403
    assert build_ppcn().count_params() == pytest.approx(21_800, abs=50)


def test_costs_are_those_of_the_publication():
    assert models.multiply_adds(build_mcrn()) == 4_864
    assert models.multiply_adds(build_ppcn()) == 21_504
    assert models.multiply_adds(build_ppcn_student()) == pytest.approx(2_600, abs=60)


@pytest.mark.parametrize(
    "build", [build_generator, build_srcnn, build_johnson, build_mcrn, build_ppcn]
)
def test_the_range_of_the_output_is_that_of_the_last_activation(build):
    model = build()
    bias = model.get_layer("conv7" if build is build_ppcn else "rgb_conv").bias
    image = random(1, 8, 8, 3)
    for value, bound in ((50.0, 1.08), (-50.0, -0.08)):
        bias.assign([value] * 3)
        np.testing.assert_allclose(output(model, image), bound, atol=1e-6)


@pytest.mark.parametrize("name", DEFINITIONS)
def test_a_saved_network_comes_back_the_same(tmp_path, name):
    model = randomize(DEFINITIONS[name][0]())
    path = tmp_path / "new" / "phone.keras"
    save_model(model, path)
    assert [file.name for file in path.parent.iterdir()] == ["phone.keras"]
    image = random(1, 20, 17, 3)
    loaded = load_generator(str(path))
    np.testing.assert_allclose(output(loaded, image), output(model, image), atol=1e-6)
    assert models.normalization_of(loaded) == models.normalization_of(model)


def test_the_table_builds_every_network():
    for name in NETWORKS:
        options = NETWORKS[name].options
        model = build_network(name, normalization="instance", channels=4, blocks=1)
        expected = "instance" if "normalization" in options else models.normalization_of(model)
        assert models.normalization_of(model) == expected
        smaller = model.count_params() < build_network(name).count_params()
        assert smaller == ("channels" in options)
        assert name in networks_in_words() and NETWORKS[name].recipe in RECIPES
