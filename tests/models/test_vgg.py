import urllib.error

import h5py
import numpy as np
import pytest

from common.backend import import_keras
from models.network_files import WeightsError
from models.vgg import BLOCKS, LAYERS, build_vgg19

keras = import_keras()
ops = keras.ops


def random(*shape, seed=0):
    return np.random.default_rng(seed).random(shape, np.float32)


def output(model, images):
    return ops.convert_to_numpy(model(images))


def convolutions(model):
    return [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]


def kernels_and_biases(model):
    return [[ops.convert_to_numpy(w.value) for w in layer.weights] for layer in convolutions(model)]


def write_weights(path, *names, shapes=None, seed=0):
    """Write a file in the layout of Keras' VGG-19 weights; return {layer: (kernel, bias)}."""
    rng, arrays, inputs = np.random.default_rng(seed), {}, 3
    with h5py.File(path, "w") as file:
        for name in names:
            outputs = BLOCKS[int(name[5]) - 1][0]
            shape = (shapes or {}).get(name, (3, 3, inputs, outputs))
            arrays[name] = (
                rng.normal(0, 0.05, shape).astype(np.float32),
                rng.normal(0, 5, shape[-1]).astype(np.float32),
            )
            group = file.create_group(name)
            # The bias comes first: the order must not matter.
            group.create_dataset(f"{name}_b_1:0", data=arrays[name][1])
            group.create_dataset(f"{name}_W_1:0", data=arrays[name][0])
            inputs = outputs
        file.attrs["layer_names"] = [name.encode() for name in names]
    return arrays


def pool(x):
    """Compute the 2×2 maximum at stride 2; the border cuts windows of odd sizes."""
    _, height, width, _ = x.shape
    margins = ((0, 0), (0, height % 2), (0, width % 2), (0, 0))
    x = np.pad(x, margins, constant_values=-np.inf)
    return np.maximum.reduce([x[:, i::2, j::2] for i in (0, 1) for j in (0, 1)])


def by_keras_preprocessing(images, arrays):
    """Compute activations by the preprocessing of Keras: BGR minus the means."""
    x = keras.applications.vgg19.preprocess_input(255.0 * images.astype(np.float64))
    for name, (kernel, bias) in arrays.items():
        if name.endswith("conv1") and name != "block1_conv1":
            x = pool(x)
        x = ops.convert_to_numpy(ops.conv(np.float32(x), kernel, padding="same"))
        x = np.maximum(x + bias, 0)
    return x


def refusal(*arguments, **options):
    with pytest.raises(WeightsError) as raised:
        build_vgg19(*arguments, **options)
    message = str(raised.value)
    assert "\n" not in message
    return message


def test_the_layers_are_those_of_vgg_19():
    assert len(LAYERS) == 16
    assert LAYERS[0] == "block1_conv1" and LAYERS[-1] == "block5_conv4"
    assert LAYERS[4:8] == ("block3_conv1", "block3_conv2", "block3_conv3", "block3_conv4")


@pytest.mark.parametrize("layer", ["block1_conv1", "block1_conv2", "block2_conv1", "block3_conv2"])
def test_nothing_after_the_layer_is_built(layer):
    model = build_vgg19(layer, "random")
    expected = LAYERS[: LAYERS.index(layer) + 1]
    assert [conv.name for conv in convolutions(model)] == list(expected)
    assert model.layers[-1].name == layer
    pools = [layer.name for layer in model.layers if "pool" in layer.name]
    assert pools == [f"block{n}_pool" for n in range(1, int(layer[5]))]
    assert model.trainable_variables == []


def test_random_weights_are_fixed_by_the_seed_and_not_by_the_depth():
    short = kernels_and_biases(build_vgg19("block1_conv2", "random", seed=3))
    long = kernels_and_biases(build_vgg19("block2_conv2", "random", seed=3))
    other = kernels_and_biases(build_vgg19("block1_conv2", "random", seed=4))
    for (a, _), (b, _), (c, _) in zip(short, long[:2], other, strict=True):
        np.testing.assert_array_equal(a, b)
        assert not np.array_equal(a, c)
    # Layers are not copies of one another.
    assert not np.array_equal(long[1][0][:, :, :64, :64], long[3][0][:, :, :64, :64])


def test_random_features_neither_explode_nor_vanish():
    features = output(build_vgg19("block3_conv1", "random"), random(1, 24, 24, 3))
    assert features.min() == 0  # of a ReLU
    assert 1 < np.sqrt(np.mean(features**2)) < 1000  # pixels of ±128, then He's initialization


def test_random_features_equal_their_definition():
    model = build_vgg19("block3_conv1", "random", seed=1)
    images = random(2, 11, 14, 3)  # 11 → 6 → 3: the pools pad
    arrays = dict(zip(LAYERS, kernels_and_biases(model), strict=False))
    # The model's first kernel takes RGB, the file's BGR.
    arrays["block1_conv1"] = arrays["block1_conv1"][0][:, :, ::-1], arrays["block1_conv1"][1]
    result = output(model, images)
    assert result.shape == (2, 3, 4, 256)
    expected = by_keras_preprocessing(images, arrays)
    np.testing.assert_allclose(result, expected, atol=1e-4 * expected.max())


@pytest.mark.parametrize("last", ["block1_conv1", "block1_conv2"])
def test_a_weights_file_gives_keras_own_activations(tmp_path, last):
    path = tmp_path / "vgg.h5"
    arrays = write_weights(path, "block1_conv1", "block1_conv2")
    arrays = dict(list(arrays.items())[: int(last[-1])])
    images = random(1, 9, 12, 3) * np.array([1, 0.6, 0.2], np.float32)  # each channel differs
    result = output(build_vgg19(last, path), images)
    expected = by_keras_preprocessing(images, arrays)
    assert 0.2 < np.mean(expected > 0) < 0.8
    np.testing.assert_allclose(result, expected, atol=1e-3)
    # The path may be a string, and the seed has no effect.
    np.testing.assert_array_equal(output(build_vgg19(last, str(path), seed=9), images), result)


def test_a_nested_group_as_keras_1_wrote_it_is_read(tmp_path):
    arrays = write_weights(tmp_path / "flat.h5", "block1_conv1")
    with h5py.File(tmp_path / "nested.h5", "w") as file:
        inner = file.create_group("block1_conv1").create_group("block1_conv1")
        inner["kernel:0"], inner["bias:0"] = arrays["block1_conv1"]
    images = random(1, 6, 6, 3)
    np.testing.assert_array_equal(
        output(build_vgg19("block1_conv1", tmp_path / "nested.h5"), images),
        output(build_vgg19("block1_conv1", tmp_path / "flat.h5"), images),
    )


@pytest.mark.parametrize("name", ["block6_conv1", "block1_conv3", "relu5_4", "block1_pool", ""])
def test_an_unknown_layer_is_refused_with_the_known_ones(name):
    message = refusal(name, "random")
    assert repr(name) in message and "block1_conv1, block1_conv2" in message


def test_a_file_that_ends_too_early_names_the_missing_layer(tmp_path):
    path = tmp_path / "vgg.h5"
    write_weights(path, "block1_conv1", "block1_conv2")
    message = refusal("block2_conv2", path)
    assert str(path) in message and "no layer block2_conv1" in message


@pytest.mark.parametrize(
    ("layer", "shape"),
    [("block1_conv1", (3, 3, 1, 64)), ("block1_conv2", (3, 3, 64, 32)), ("block1_conv2", (64, 64))],
)
def test_wrong_shapes_name_the_layer(tmp_path, layer, shape):
    path = tmp_path / "vgg.h5"
    write_weights(path, "block1_conv1", "block1_conv2", shapes={layer: shape})
    message = refusal("block1_conv2", path)
    assert str(path) in message and f"layer {layer} has shapes" in message
    assert str(shape) in message


def test_a_layer_without_its_arrays_is_named(tmp_path):
    path = tmp_path / "vgg.h5"
    write_weights(path, "block1_conv1", "block1_conv2")
    with h5py.File(path, "a") as file:
        del file["block1_conv2"]["block1_conv2_b_1:0"]
    assert "layer block1_conv2 has shapes" in refusal("block1_conv2", path)
    with h5py.File(path, "a") as file:
        del file["block1_conv2"]["block1_conv2_W_1:0"]
    assert "layer block1_conv2 has shapes" in refusal("block1_conv2", path)


def test_an_array_in_the_place_of_a_layer_is_refused(tmp_path):
    path = tmp_path / "vgg.h5"
    with h5py.File(path, "w") as file:
        file["block1_conv1"] = np.zeros((3, 3, 3, 64), np.float32)
    assert str(path) in refusal("block1_conv1", path)


@pytest.mark.parametrize("damage", ["text", "empty", "half", "missing", "folder"])
def test_unreadable_files_are_named(tmp_path, damage):
    path = tmp_path / "vgg.h5"
    write_weights(path, "block1_conv1", "block1_conv2")
    content = path.read_bytes()
    path.unlink()
    if damage == "folder":
        path.mkdir()
    elif damage != "missing":
        half = content[: len(content) // 2]
        path.write_bytes({"text": b"hello\n" * 99, "empty": b"", "half": half}[damage])
    message = refusal("block1_conv2", path)
    reason = "no such file" if damage in ("missing", "folder") else "not a readable HDF5"
    assert message.startswith(f"VGG-19 weights {path}: ") and reason in message


def test_a_failed_download_names_the_way_out(monkeypatch):
    def offline(**options):
        raise urllib.error.URLError("no\nnetwork")

    monkeypatch.setattr(keras.applications, "VGG19", offline)
    message = refusal("block1_conv1")
    assert "--vgg_weights FILE" in message and "--vgg_weights random" in message


def test_imagenet_weights_are_those_of_keras_own_network(monkeypatch):
    """The test needs no connection: the VGG-19 of Keras is real, its weights are random."""
    keras.utils.set_random_seed(0)
    full = keras.applications.VGG19(include_top=False, weights=None)
    asked = []
    monkeypatch.setattr(
        keras.applications, "VGG19", lambda **options: asked.append(options) or full
    )
    images = random(1, 8, 8, 3)
    result = output(build_vgg19("block1_conv2", "imagenet"), images)
    until = keras.Model(full.inputs, full.get_layer("block1_conv2").output)
    bgr = keras.applications.vgg19.preprocess_input(images * 255)
    np.testing.assert_allclose(result, until.predict(bgr, verbose=0), rtol=1e-4, atol=1e-2)
    assert asked == [{"include_top": False, "weights": "imagenet"}]


def test_the_published_weights_up_to_block3(reference_data):
    path = reference_data / "vgg19" / "vgg19_block1-3_notop.h5"
    if not path.is_file():
        pytest.skip(f"no {path}")
    model = build_vgg19("block3_conv4", path)
    with h5py.File(path) as file:
        arrays = {
            name: [file[name][f"{name}_{kind}_1:0"][()] for kind in "Wb"] for name in LAYERS[:8]
        }
    images = random(1, 30, 21, 3)
    result, expected = output(model, images), by_keras_preprocessing(images, arrays)
    assert result.shape == (1, 8, 6, 256)
    np.testing.assert_allclose(result, expected, atol=1e-4 * expected.max())
    assert expected.max() > 100
    assert "no layer block4_conv1" in refusal("block5_conv4", path)
