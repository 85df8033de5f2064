"""Properties of networks: receptive radius, cost, normalization."""

import numpy as np
import pytest
from network_helpers import output, to_numpy

import models
from common.backend import keras
from models.generator import build_generator
from models.inspect_network import manifest_norm
from models.layers.image_contrast import ImageContrast
from models.layers.space_to_depth import DepthToSpace, SpaceToDepth
from models.mobile import build_mobile
from models.rivals.johnson import build_johnson
from models.rivals.ppcn import build_ppcn
from models.rivals.srcnn import build_srcnn

layers = keras.layers


def measured_radius(model, size=61):
    """Measure how far a perturbed pixel reaches: up, down, left and right.

    The kernels are made positive, so that no influence cancels or dies in a ReLU, and the
    perturbation huge, so that the faintest influence saturates the output.
    """
    for layer in model.layers:
        for weight in layer.weights:
            if "kernel" in weight.name:
                weight.assign(np.abs(to_numpy(weight)) + 0.01)
    image = np.zeros((1, size, size, 3), np.float32)
    before = output(model, image)
    middle = size // 2
    image[0, middle, middle, 1] = 1e15
    changed = np.any(output(model, image) != before, axis=(0, 3))
    rows, columns = np.nonzero(changed.any(axis=1))[0], np.nonzero(changed.any(axis=0))[0]
    return middle - rows[0], rows[-1] - middle, middle - columns[0], columns[-1] - middle


@pytest.mark.parametrize(
    ("build", "radius"),
    [
        (lambda: build_generator("batch", channels=4), 18),  # 4 + 8·1 + 2·1 + 4
        (lambda: build_generator("batch", channels=4, blocks=1), 12),
        (build_srcnn, 8),  # 4 + 2 + 2
        (lambda: build_johnson(channels=4), 17),  # 4 + 8·1 + 1 + 4
    ],
)
def test_receptive_radius_equals_the_measured_reach(build, radius):
    model = build()
    assert models.receptive_radius(model) == radius
    assert measured_radius(model) == (radius,) * 4


def test_receptive_radius_counts_dilation_and_both_axes():
    # (1, 7) and (7, 1), two 3×3, two 3×3 dilated by 2, 1×1, 3×3: each axis 3 + 2 + 4 + 1.
    assert models.receptive_radius(build_ppcn()) == 10
    # Its statistics are not local, so that a radius alone does not describe it.
    assert max(measured_radius(build_ppcn())) > 10


@pytest.mark.parametrize("widths", [(3, 3, 3), (3, 1, 3), (1, 5, 1), (5, 3, 1), (1, 1, 5)])
def test_receptive_radius_counts_from_blocks_of_pixels(widths):
    """A tile starts and ends between blocks; inside a block, pixels lie at different distances."""
    before, within, after = widths

    def convolution(side):
        return layers.Conv2D(8, side, padding="same")

    image = keras.Input((None, None, 3))
    x = convolution(before)(SpaceToDepth()(image))
    x = convolution(within)(SpaceToDepth()(x))
    x = convolution(after)(DepthToSpace()(x))
    model = keras.Model(image, DepthToSpace()(layers.Conv2D(12, 1, padding="same")(x)))
    for layer in model.layers:
        for weight in layer.weights:
            weight.assign(np.abs(to_numpy(weight)) + 0.01)
    size, block, start = 64, 4, 32
    pictures = np.zeros((size + 1, 4, size, 3), np.float32)  # the last one stays black
    pictures[range(size), 0, range(size)] = 1
    results = output(model, pictures)[:, :, start : start + block]
    influence = np.nonzero((results[:-1] != results[-1]).any((1, 2, 3)))[0]
    reach = max(start - influence[0], influence[-1] - (start + block - 1))
    assert models.receptive_radius(model) == -(-reach // block) * block


ODD_LAYERS = {
    "dilated and lopsided": lambda: layers.Conv2D(3, (3, 5), dilation_rate=(4, 1), padding="same"),
    "depthwise": lambda: layers.DepthwiseConv2D((1, 7), padding="same"),
    "separable": lambda: layers.SeparableConv2D(3, 5, padding="same"),
    "even": lambda: layers.Conv2D(3, (2, 4), padding="same"),
}


@pytest.mark.parametrize("name", ODD_LAYERS)
def test_receptive_radius_of_one_layer_beside_a_skip(name):
    image = keras.Input((None, None, 3))
    x = ODD_LAYERS[name]()(image)
    x = layers.Conv2D(3, 3, padding="same")(layers.Add()([x, image]))
    model = keras.Model(image, layers.Activation("tanh")(x))
    assert models.receptive_radius(model) == max(measured_radius(model))


RESIZING_LAYERS = {
    "strided": lambda: layers.Conv2D(3, 3, strides=(1, 2), padding="same"),
    "strided depthwise": lambda: layers.DepthwiseConv2D(3, strides=2, padding="same"),
    "unpadded": lambda: layers.Conv2D(3, 3, padding="valid"),
    "transposed": lambda: layers.Conv2DTranspose(3, 4, strides=2, padding="same"),
    "pooling": lambda: layers.MaxPooling2D(2),
    "upsampling": lambda: layers.UpSampling2D(2),
}


@pytest.mark.parametrize("name", RESIZING_LAYERS)
def test_no_radius_for_a_layer_that_changes_the_size(name):
    image = keras.Input((None, None, 3))
    model = keras.Model(image, RESIZING_LAYERS[name]()(image))
    with pytest.raises(ValueError, match=model.layers[-1].name):
        models.receptive_radius(model)


def test_multiply_adds_by_hand():
    # 9·9·3·64 + 10·3·3·64·64 + 9·9·64·3
    assert models.multiply_adds(build_generator("instance")) == 399_744
    assert models.multiply_adds(build_generator("batch")) == 399_744
    # At half the resolution, 9·12·30 + 3·9·30·30 + 9·30·12 for four pixels; the thumbnail is free.
    assert models.multiply_adds(build_mobile()) == (3_240 + 3 * 8_100 + 3_240) / 4
    assert models.multiply_adds(build_mobile()) <= 8_000
    assert models.multiply_adds(build_srcnn()) == 15_552 + 51_200 + 2_400


def test_normalization_is_told_apart():
    assert models.normalization_of(build_generator("batch", channels=2)) == "batch"
    assert models.normalization_of(build_generator("instance", channels=2)) == "instance"
    assert models.normalization_of(build_mobile(channels=2)) == "none"
    assert models.normalization_of(build_srcnn()) == "none"
    image = keras.Input((None, None, 3))
    assert models.normalization_of(keras.Model(image, ImageContrast(2.0)(image))) == "instance"


def test_the_manifest_says_what_a_network_needs_of_the_whole_photo():
    assert manifest_norm(build_mobile(channels=2)) == "thumbnail"
    assert manifest_norm(build_generator("instance", channels=2)) == "instance"
    assert manifest_norm(build_srcnn()) == "none"
