import h5py
import numpy as np
import pytest

from evaluation.perceptual_distance import LAYERS, PerceptualDistance
from models.network_files import WeightsError
from models.vgg import build_vgg19

rng = np.random.default_rng(0)
TARGETS = rng.random((3, 32, 32, 3), np.float32)


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Write random VGG-19 weights up to block2_conv2."""
    path = tmp_path_factory.mktemp("vgg") / "vgg.h5"
    with h5py.File(path, "w") as file:
        for layer in build_vgg19("block2_conv2", "random").layers:
            for number, array in enumerate(layer.get_weights()):
                file.create_dataset(f"{layer.name}/{number}", data=array)
    return path


def test_the_layers_are_those_of_the_weights(weights):
    assert PerceptualDistance(weights).layers == LAYERS[:2]
    assert PerceptualDistance("random").layers == LAYERS


def test_weights_without_the_first_layer_are_refused(tmp_path):
    with pytest.raises(WeightsError, match="no such file"):
        PerceptualDistance(tmp_path / "none.h5")


def test_distances_grow_with_the_error(weights):
    distance = PerceptualDistance(weights)
    noise = rng.standard_normal(TARGETS.shape).astype(np.float32)
    near, far = (distance(TARGETS + size * noise, TARGETS) for size in (0.02, 0.2))
    np.testing.assert_array_equal(distance(TARGETS, TARGETS), 0)
    assert near.shape == (3,) and near.dtype == np.float64
    assert np.all((near > 0) & (near < far) & (far < 4))  # unit vectors differ by at most 2


def test_a_picture_alone_has_the_distance_of_the_picture_among_others(weights):
    distance = PerceptualDistance(weights)
    images = np.clip(TARGETS + 0.1, 0, 1)
    alone = [distance(images[i : i + 1], TARGETS[i : i + 1])[0] for i in range(3)]
    np.testing.assert_allclose(distance(images, TARGETS), alone, rtol=1e-5)


def test_the_formula_by_hand(weights):
    """One layer: the squared difference of unit features, averaged over positions."""
    distance = PerceptualDistance(weights)
    features = [build_vgg19(name, weights) for name in distance.layers]
    images = np.clip(TARGETS * 0.8, 0, 1)
    expected = []
    for network in features:
        a, b = (np.asarray(network(x)) for x in (images, TARGETS))
        a, b = (x / np.maximum(np.linalg.norm(x, axis=-1, keepdims=True), 1e-9) for x in (a, b))
        expected.append(np.square(a - b).sum(-1).mean((1, 2)))
    np.testing.assert_allclose(distance(images, TARGETS), np.mean(expected, axis=0), rtol=1e-4)
