"""Targets in another light."""

import numpy as np
import pytest

from common.backend import keras
from losses.recolor import CHUNK, recolored, recolored_photos


def array(tensor):
    return np.asarray(keras.ops.convert_to_numpy(tensor))


def photos(count=3, seed=0):
    """Return random soft photos with fine detail, float32 in [0.2, 0.8]."""
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(0.3, 0.7, (count, 5, 5, 3)).repeat(8, axis=1).repeat(8, axis=2)
    return np.float32(coarse + rng.normal(0, 0.03, coarse.shape).clip(-0.1, 0.1))


def test_a_color_map_is_found_for_each_image():
    images = photos()
    rng = np.random.default_rng(1)
    matrices = np.float32(np.eye(3) + rng.normal(0, 0.1, (3, 3, 3)))
    offsets = np.float32(rng.normal(0, 0.1, (3, 1, 1, 3)))
    reference = np.einsum("nhwc,ncd->nhwd", images, matrices) + offsets
    np.testing.assert_allclose(array(recolored(images, reference)), reference, atol=3e-3)
    np.testing.assert_allclose(array(recolored(images, images)), images, atol=1e-5)


def test_detail_that_differs_does_not_weaken_contrast():
    """A fit to pixels would: noise in the images draws the slope of least squares to zero."""
    images, scene = photos(), photos()
    noisy = np.float32(images + np.random.default_rng(2).normal(0, 0.08, images.shape))
    result = array(recolored(noisy, 0.8 * scene + 0.1))
    gains = [
        (r - r.mean()).std() / (x - x.mean()).std() for r, x in zip(result, noisy, strict=True)
    ]
    assert gains == pytest.approx([0.8] * 3, abs=0.04)
    pixels = noisy.reshape(3, -1) - noisy.reshape(3, -1).mean(1, keepdims=True)
    wanted = (0.8 * scene).reshape(3, -1)
    assert ((pixels * wanted).sum(1) / (pixels**2).sum(1)).max() < 0.7


def test_an_image_of_one_color_takes_the_color_of_the_reference():
    images = np.full((2, 20, 24, 3), 0.5, np.float32)
    reference = np.broadcast_to(np.float32([0.2, 0.4, 0.9]), images.shape)
    np.testing.assert_allclose(array(recolored(images, reference)), reference, atol=1e-5)


def test_many_photos_in_memory_give_the_same_in_chunks():
    scenes = photos(CHUNK + 3)
    images = np.rint(255 * scenes).astype(np.uint8)
    reference = np.float32(0.7 * scenes + 0.2)
    expected = np.rint(255 * array(recolored(np.float32(images) / 255, reference)))
    assert recolored_photos(images, reference).dtype == np.uint8
    np.testing.assert_allclose(recolored_photos(images, reference), expected, atol=1)
    levels = np.rint(255 * reference).astype(np.uint8)
    np.testing.assert_allclose(recolored_photos(images, levels), expected, atol=1)
    bright = recolored_photos(images, np.full_like(reference, 1.2))
    assert bright.max() == 255 and bright.min() == 255
