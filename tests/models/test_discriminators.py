"""The discriminators: shapes, parameters, strides, and what each can see."""

import numpy as np
import pytest
from network_helpers import output, random, randomize

from common.backend import keras
from models.discriminator import build_iccv_discriminator, build_thesis_discriminator

layers = keras.layers
DISCRIMINATORS = [build_thesis_discriminator, build_iccv_discriminator]


@pytest.mark.parametrize("build", DISCRIMINATORS)
def test_discriminators_give_one_unbounded_logit_an_image(build):
    model = randomize(build(patch_size=36, width=0.1))
    images = random(3, 36, 36, 3)
    logits = output(model, images)
    assert logits.shape == (3, 1)
    assert len(np.unique(logits)) == 3
    # One image at a time is judged the same: at inference no image depends on its neighbors.
    np.testing.assert_allclose(output(model, images[1:2]), logits[1:2], atol=1e-4)
    last = model.get_layer("logit")
    last.kernel.assign(0 * last.kernel)
    last.bias.assign([-7.0])  # a σ would leave 0.0009
    np.testing.assert_allclose(output(model, images), -7)


def test_parameters_of_the_thesis_discriminator():
    convolutions = 3 * 3 * (3 * 64 + 64 * 64 + 64 * 128 + 128 * 128 + 128 * 256 + 256 * 256)
    norms = 4 * (64 + 128 + 128 + 256 + 256)
    # Strides 1, 2, 1, 2, 1, 2 take 100 pixels to 50, 25, 13.
    assert build_thesis_discriminator().count_params() == (
        convolutions + 64 + norms + 13 * 13 * 256 + 1
    )


def test_parameters_of_the_released_discriminator():
    convolutions = 0
    for size, inputs, outputs in (
        (11, 1, 48), (5, 48, 128), (3, 128, 192), (3, 192, 192), (3, 192, 128),
    ):  # fmt: skip
        convolutions += size * size * inputs * outputs + outputs
    norms = 2 * (128 + 192 + 192 + 128)
    # Strides 4, 2, 1, 1, 2 take 100 pixels to 25, 13, 7.
    dense = 7 * 7 * 128 * 1024 + 1024 + 1024 + 1
    assert build_iccv_discriminator().count_params() == convolutions + norms + dense


@pytest.mark.parametrize(
    ("build", "strides"),
    # 2, 1, 2, 1, … would end at the same size with as many parameters.
    [(build_thesis_discriminator, [1, 2, 1, 2, 1, 2]), (build_iccv_discriminator, [4, 2, 1, 1, 2])],
)
def test_strides_of_the_discriminators(build, strides):
    model = build(patch_size=32, width=0.1)
    convolutions = [layer for layer in model.layers if isinstance(layer, layers.Conv2D)]
    assert [layer.strides for layer in convolutions] == [(s, s) for s in strides]


def test_only_the_released_discriminator_is_blind_to_color():
    image = 0.2 + 0.5 * random(1, 36, 36, 3)
    strength = random(1, 36, 36, 1, seed=1)
    tint = 0.3 * strength * np.array([0.587, -0.299, 0], np.float32)  # of no luma
    lighter = 0.3 * strength * np.float32(0.3)
    changes = {}
    for build in DISCRIMINATORS:
        model = randomize(build(patch_size=36, width=0.1))
        logit = output(model, image)
        changes[build] = [np.abs(output(model, image + c) - logit).item() for c in (tint, lighter)]
    tinted, lightened = changes[build_iccv_discriminator]
    assert tinted < 1e-4 < 2e-3 < lightened
    assert min(changes[build_thesis_discriminator]) > 2e-3
