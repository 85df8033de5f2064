"""The mobile generator: its layers, its global features, and its tiles."""

import cv2
import keras
import numpy as np
import pytest
import tensorflow as tf
from engine_files import write_engine_files
from keras import layers

import models
from enhance import load_engine
from inference.engine import ModelFileError
from inference.enhance_image import enhance_image
from inference.litert_engine import LiteRTEngine
from inference.photo_thumbnail import thumbnail_of
from models.inspect_network import block_sides, manifest_norm, pixel_multiple
from models.layers.space_to_depth import DepthToSpace, SpaceToDepth
from models.layers.thumbnail import Thumbnail
from models.mobile import build_mobile
from models.thumbnail_input import thumbnail_size, with_thumbnail_input


def random(*shape, seed=0):
    return np.random.default_rng(seed).random(shape, np.float32)


@pytest.fixture(scope="module")
def network():
    """A small mobile network in which every weight has an effect."""
    keras.utils.set_random_seed(0)
    model = build_mobile(channels=6, blocks=2, thumbnail=8)
    rng = np.random.default_rng(0)
    for weight in model.weights:
        weight.assign(weight + rng.normal(0, 0.1, weight.shape))
    return model


@pytest.fixture(scope="module")
def files(network, tmp_path_factory):
    return write_engine_files(tmp_path_factory.mktemp("mobile"), network, 64, halo=8, multiple=2)


def test_the_network_equals_its_definition():
    """The definition has 6×6 kernels at stride 2 instead of 3×3 kernels on blocks."""
    network = build_mobile(channels=4, blocks=2, thumbnail=8)
    rng = np.random.default_rng(1)
    for weight in network.weights:
        weight.assign(weight + rng.normal(0, 0.2, weight.shape))
    w = {weight.path: keras.ops.convert_to_numpy(weight.value) for weight in network.weights}
    x = random(2, 16, 24, 3)

    def dense(values, name):
        return values @ w[f"{name}/kernel"][0, 0] + w[f"{name}/bias"]

    cells = x.reshape(2, 8, 2, 8, 3, 3).mean((2, 4)).reshape(2, 64, 3)
    seen = np.maximum(dense(cells, "thumbnail_functions"), 0)
    moments = np.concatenate([seen.mean(1), np.sqrt(seen.var(1) + 1e-4)], axis=1)
    view = np.maximum(dense(moments, "view"), 0)

    def steered(values, name):
        gain, shift = (dense(view, f"{name}_{kind}")[:, None, None] for kind in ("gain", "shift"))
        return values * gain + shift

    def conv(values, name, **how):
        kernel = w[f"{name}/kernel"]
        if how:  # (3, 3, 2·2·3, C) to (6, 6, 3, C)
            kernel = kernel.reshape(3, 3, 2, 2, 3, -1).transpose(0, 2, 1, 3, 4, 5)
            kernel = kernel.reshape(6, 6, 3, -1)
        return tf.nn.conv2d(values, kernel, how.get("strides", 1), "SAME") + w[f"{name}/bias"]

    y = first = np.maximum(steered(conv(x, "head", strides=2), "head"), 0)
    for name in ("conv1", "conv2"):
        y = tf.nn.relu(conv(y, name))
    blocks = conv(y + first, "tail").numpy().reshape(2, 8, 12, 2, 2, 3)
    added = blocks.transpose(0, 1, 3, 2, 4, 5).reshape(2, 16, 24, 3)
    expected = steered(x, "color") + added
    np.testing.assert_allclose(network(x), expected, atol=1e-4)


def test_space_to_depth_orders_channels_as_tensorflow_does():
    x = random(2, 6, 9, 4)[:, :, :6]
    for block in (2, 3):
        deep = keras.ops.convert_to_numpy(SpaceToDepth(block)(x))
        np.testing.assert_array_equal(deep, tf.nn.space_to_depth(x, block))
        np.testing.assert_array_equal(DepthToSpace(block)(deep), x)
    assert deep[0, 1, 0, 4 * 3 + 1] == x[0, 1 * 3 + 1, 0, 1]  # second row of a block, channel 1


@pytest.mark.parametrize("shape", [(32, 64), (33, 50), (100, 100), (5, 3)])
def test_thumbnail_is_the_mean_over_cells(shape):
    x = random(1, *shape, 3)
    size = 8
    thumbnail = keras.ops.convert_to_numpy(Thumbnail(size)(x))[0]
    if min(shape) >= size:
        expected = cv2.resize(x[0], (size, size), interpolation=cv2.INTER_AREA)
        np.testing.assert_allclose(thumbnail, expected, atol=1e-6)
    np.testing.assert_allclose(thumbnail.mean((0, 1)), x.mean((0, 1, 2)), atol=1e-6)
    np.testing.assert_allclose(thumbnail_of(x[0], size), thumbnail, atol=1e-6)


def test_thumbnail_of_integers_and_of_much(monkeypatch):
    x = np.random.default_rng(0).integers(0, 65536, (70, 41, 3), dtype=np.uint16)
    expected = thumbnail_of((x / 65535).astype(np.float32), 8)
    monkeypatch.setattr("inference.photo_thumbnail.BAND_VALUES", 41 * 3 * 2)
    np.testing.assert_allclose(thumbnail_of(x, 8), expected, atol=1e-6)


def test_the_network_given_its_own_thumbnail_is_the_network(network):
    x = random(2, 24, 20, 3)
    thumbnail = keras.ops.convert_to_numpy(Thumbnail(8)(x))
    two = with_thumbnail_input(network)
    given = {"image": x, "thumbnail": thumbnail}
    result = two.predict(given, verbose=0)["enhanced"]
    np.testing.assert_allclose(result, network(x), atol=1e-6)
    given["thumbnail"] = 1 - thumbnail
    assert np.abs(two.predict(given, verbose=0)["enhanced"] - network(x)).max() > 0.01
    assert thumbnail_size(network) == 8
    image = keras.Input((None, None, 3))
    with pytest.raises(ValueError, match="takes no thumbnail"):
        with_thumbnail_input(keras.Model(image, layers.ReLU()(image)))


def test_properties_of_a_network_at_half_the_resolution(network):
    # Four 3×3 convolutions at half the resolution: head, two, tail.
    assert models.receptive_radius(network) == 8
    assert pixel_multiple(network) == 2
    sides = {layer.name: side for layer, side in block_sides(network).items()}
    assert (sides["image"], sides["conv1"], sides["enhanced"]) == (1, 2, 1)
    assert sides["view"] is sides["head_gain"] is None
    two = with_thumbnail_input(network)
    x, thumbnail = random(1, 64, 64, 3), random(1, 8, 8, 3)
    before = two({"image": x, "thumbnail": thumbnail})["enhanced"]
    x[0, 32, 33] += 100
    changed = np.any(two({"image": x, "thumbnail": thumbnail})["enhanced"] != before, axis=(0, 3))
    rows, columns = (np.nonzero(changed.any(axis=axis))[0] for axis in (1, 0))
    # The pixel's block begins at 32 on both axes.
    assert rows.min() >= 32 - 8 and columns.min() >= 32 - 8
    assert rows.max() < 34 + 8 and columns.max() < 34 + 8
    assert rows.max() - rows.min() > 12  # the radius is not too large


SIZES = [(1, 1), (17, 200), (64, 64), (65, 131), (150, 97)]


@pytest.mark.parametrize(("height", "width"), SIZES)
@pytest.mark.parametrize("kind", ["any.tflite", "64.tflite", "net.keras"])
def test_tiles_give_the_continued_frame_also_of_odd_sides(files, network, kind, height, width):
    image = random(height, width, 3, seed=height)
    image[: height // 2] *= 0.3  # so tiles have another thumbnail than the whole

    def whole(before):
        """Run the network over the photo, continued by some pixels and to even sides."""
        after = before + height % 2, before + width % 2
        frame = np.pad(image, ((before, after[0]), (before, after[1]), (0, 0)), mode="edge")
        given = {"image": frame[None], "thumbnail": thumbnail_of(image, 8)[None]}
        result = keras.ops.convert_to_numpy(with_thumbnail_input(network)(given)["enhanced"])[0]
        return np.clip(result[before:, before:][:height, :width], 0, 1)

    engine = load_engine(files / kind)
    assert (engine.thumbnail, engine.multiple, engine.halo) == (8, 2, 8)
    np.testing.assert_allclose(enhance_image(engine, image, tile=50), whole(8), atol=1e-5)
    np.testing.assert_allclose(np.clip(engine(image[None])[0], 0, 1), whole(0), atol=1e-5)
    small = (255 * image).astype(np.uint8)
    apart = enhance_image(engine, small, tile=50)
    over = small.copy()
    assert enhance_image(engine, over, tile=50, in_place=True) is over
    np.testing.assert_array_equal(over, apart)


def test_a_manifest_whose_tiles_would_cut_blocks_is_refused(files, tmp_path):
    for name, line in (("halo", '{"halo": 7}'), ("multiple", '{"halo": 8, "multiple": 3}')):
        path = tmp_path / f"{name}.tflite"
        path.write_bytes((files / "64.tflite").read_bytes())
        path.with_suffix(".json").write_text(line)
        with pytest.raises(ModelFileError, match="no multiples of"):
            LiteRTEngine(path)
    path.with_suffix(".json").unlink()
    assert LiteRTEngine(path).multiple == 2


def test_the_exported_network_is_of_operations_that_delegates_know(files):
    engine = LiteRTEngine(files / "64.tflite")
    kinds = {op["op_name"] for op in engine._interpreter._get_ops_details()} - {"DELEGATE"}
    over_tiles = {"CONV_2D", "ADD", "MUL", "SPACE_TO_DEPTH", "DEPTH_TO_SPACE"}
    of_the_thumbnail = {"MEAN", "SUB", "SQUARED_DIFFERENCE", "SQRT", "CONCATENATION", "SQUARE"}
    assert kinds <= over_tiles | of_the_thumbnail | {"RESHAPE"}


def test_a_saved_network_comes_back_the_same(files, network):
    image = random(1, 30, 22, 3)
    loaded = models.load_generator(files / "net.keras")
    np.testing.assert_allclose(loaded(image), network(image), atol=1e-6)
    assert models.normalization_of(loaded) == "none"
    assert manifest_norm(loaded) == "thumbnail"
