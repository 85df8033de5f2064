"""The engines of .tflite files and of Keras models, and the way that each photo goes."""

import json
import os
import shutil

import numpy as np
import pytest
from fake_engines import FakeEngine

from common.stages import Stage, StagePlan
from inference.engine import GlobalInput, ModelFileError
from inference.enhance_image import Way, choose_way, enhance_image
from inference.keras_engine import KerasEngine
from inference.litert_engine import LiteRTEngine

HALO = 3  # of the network below


def build(keras, *inputs):
    """Build a 5×5 and a 3×3 convolution with the same weights for each input shape."""
    first = keras.layers.Conv2D(6, 5, padding="same", activation="relu", bias_initializer="ones")
    last = keras.layers.Conv2D(3, 3, padding="same", activation="sigmoid")
    models = []
    for shape in inputs:
        pixels = keras.Input(batch_shape=shape)
        models.append(keras.Model(pixels, last(first(pixels))))
    return models


@pytest.fixture(scope="session")
def network():
    """Build the network as a Keras model of any input size."""
    import keras

    keras.utils.set_random_seed(0)
    return build(keras, (None, None, None, 3))[0]


@pytest.fixture(scope="session")
def files(network, tmp_path_factory):
    """Convert the network to any.tflite, 64.tflite and int8.tflite, with manifests."""
    import keras
    import tensorflow as tf

    folder = tmp_path_factory.mktemp("tflite")
    flexible, fixed = build(keras, (1, None, None, 3), (1, 64, 64, 3))
    for model in (flexible, fixed):
        model.set_weights(network.get_weights())
    converters = {
        "any": tf.lite.TFLiteConverter.from_keras_model(flexible),
        "64": tf.lite.TFLiteConverter.from_keras_model(fixed),
        "int8": tf.lite.TFLiteConverter.from_keras_model(fixed),
    }
    quantized = converters["int8"]
    quantized.optimizations = [tf.lite.Optimize.DEFAULT]
    quantized.representative_dataset = lambda: ([photo(64, 64)[None]] for _ in range(4))
    quantized.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    quantized.inference_input_type = quantized.inference_output_type = tf.uint8
    for name, converter in converters.items():
        (folder / f"{name}.tflite").write_bytes(converter.convert())
        manifest = {"tile": None if name == "any" else 64, "halo": HALO, "norm": "batch"}
        (folder / f"{name}.json").write_text(json.dumps(manifest))
    return folder


def photo(height, width):
    return np.random.default_rng(height * 1000 + width).random((height, width, 3), np.float32)


def over_continued(network, image):
    """Return the network over the photo, continued so far that no kept pixel sees zero padding."""
    frame = np.pad(image, [(HALO, HALO), (HALO, HALO), (0, 0)], mode="edge")
    return np.asarray(network(frame[None]))[0, HALO:-HALO, HALO:-HALO]


SIZES = [(1, 1), (17, 200), (64, 64), (64, 65), (65, 129)]


@pytest.mark.parametrize(("height", "width"), SIZES)
@pytest.mark.parametrize("kind", ["any", "keras"])
def test_any_size_engines_give_the_continued_frame(files, network, kind, height, width):
    engine = KerasEngine(network, "batch", HALO)
    if kind == "any":
        engine = LiteRTEngine(files / "any.tflite", threads=1)
    assert (engine.tile, engine.halo, engine.global_input) == (None, HALO, GlobalInput.NOTHING)
    image = photo(height, width)
    whole = over_continued(network, image)
    result = enhance_image(engine, image, tile=50)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, whole, atol=1e-5)


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_fixed_tile_engine(files, network, height, width):
    engine = LiteRTEngine(files / "64.tflite")
    assert (engine.tile, engine.halo, engine.global_input) == (64, HALO, GlobalInput.NOTHING)
    image = photo(height, width)
    whole = over_continued(network, image)
    result = enhance_image(engine, image)
    assert result.shape == image.shape
    np.testing.assert_allclose(result, whole, atol=1e-5)  # smaller than the tile too


def test_uint8_photos_are_rounded_and_not_truncated(files, network):
    image = np.random.default_rng(5).integers(0, 256, (70, 80, 3), np.uint8)
    result = enhance_image(LiteRTEngine(files / "any.tflite"), image)
    expected = over_continued(network, image.astype(np.float32) / 255) * 255
    assert result.dtype == np.uint8
    assert np.abs(result - expected).max() < 0.501


def test_quantized_input_and_output(files, network):
    engine, image = LiteRTEngine(files / "int8.tflite"), photo(65, 129)
    result = enhance_image(engine, image)
    assert result.dtype == np.float32
    assert np.abs(result - over_continued(network, image)).mean() < 0.01


NOTHING, STATISTICS, UNKNOWN = GlobalInput.NOTHING, GlobalInput.STATISTICS, GlobalInput.UNKNOWN


@pytest.mark.parametrize(
    ("needs", "tile", "shapes"),
    [
        (NOTHING, None, {(1, 58, 60, 3)}),  # 2·(58 - 2·4) = 100, 4·(60 - 2·4) = 208
        (NOTHING, 64, {(1, 64, 64, 3)}),
        (STATISTICS, None, {(1, 100, 208, 3)}),
        (UNKNOWN, None, {(1, 100, 208, 3)}),
        (STATISTICS, 64, {(1, 100, 208, 3)}),  # the runtime resizes its input
    ],
)
def test_tiles_or_the_whole_frame_by_what_a_network_needs(needs, tile, shapes):
    engine, seen = FakeEngine(lambda x: x, tile, halo=4, global_input=needs), []
    image = photo(100, 208)
    result = enhance_image(engine, image, tile=64, progress=lambda *done: seen.append(done))
    np.testing.assert_allclose(result, image, atol=1e-6)
    assert set(engine.shapes) == shapes
    assert seen[-1] == (len(engine.shapes),) * 2


class StagedEngine(FakeEngine):
    """An engine whose first stage stores 8 channels: 16 bytes a pixel."""

    stages = StagePlan(
        (
            Stage("a", ("image",), (), ("x",), ("x",), (), 1, "b", 1, {"x": 8}),
            Stage("c", ("x",), ("x_mean",), ("enhanced",), (), (), 1, None, 0, {"enhanced": 3}),
        ),
        "tiles",
    )


@pytest.mark.parametrize(
    ("engine", "memory", "exact", "way"),
    [
        (FakeEngine, 0, False, Way.TILES),
        (StagedEngine, 20_000_000, False, Way.STORED_STAGES),
        (StagedEngine, 20_000_000, True, Way.STORED_STAGES),
        (StagedEngine, 16_000_000, False, Way.SAMPLED_STATISTICS),
        (StagedEngine, 16_000_000, True, Way.RECOMPUTED_STATISTICS),
    ],
)
def test_the_way_of_a_photo_of_one_megapixel(engine, memory, exact, way):
    assert choose_way(engine(lambda x: x), 1000, 1000, memory, exact) is way


def test_the_whole_frame_is_refused_where_it_does_not_fit():
    engine = FakeEngine(lambda x: x, global_input=UNKNOWN, bytes_per_pixel=100)
    assert choose_way(engine, 1000, 1000, 10**8, False) is Way.WHOLE_FRAME
    with pytest.raises(ModelFileError, match=r"a fake engine: .* take about 0\.1 GB"):
        choose_way(engine, 1000, 1000, 10**8 - 1, False)


def test_results_are_clipped():
    image = np.full((3, 5, 3), 200, np.uint8)
    assert (enhance_image(FakeEngine(lambda x: 2 * x), image) == 255).all()
    negative = FakeEngine(lambda x: -x, 8, global_input=STATISTICS)
    assert (enhance_image(negative, image / 255) == 0).all()


def test_without_a_manifest_nothing_is_assumed_local(files, network, tmp_path):
    for name, halo in (("any", 32), ("64", 16)):
        shutil.copy(files / f"{name}.tflite", tmp_path)
        engine = LiteRTEngine(tmp_path / f"{name}.tflite")
        assert (engine.global_input, engine.halo) == (GlobalInput.UNKNOWN, halo)
        image = photo(65, 129)
        whole = np.asarray(network(image[None]))[0]
        np.testing.assert_allclose(enhance_image(engine, image), whole, atol=1e-5)


@pytest.mark.parametrize(
    "text",
    [
        *("{", "[]", '{"halo": "x"}', '{"halo": -1}', '{"halo": 32}', "[" * 100_000),
        *('{"halo": Infinity}', '{"halo": 1e999}', '{"multiple": NaN}', '{"bytes_per_pixel": -5}'),
        *('{"bytes_per_pixel": Infinity}', '{"bytes_per_pixel": 1e300}'),
    ],
)
def test_bad_manifest(files, tmp_path, text):
    shutil.copy(files / "64.tflite", tmp_path)
    (tmp_path / "64.json").write_text(text)
    with pytest.raises(ModelFileError, match=r"64\.json: ") as raised:
        LiteRTEngine(tmp_path / "64.tflite")
    assert "\n" not in str(raised.value)


def test_a_manifest_that_is_a_pipe_is_not_waited_for(files, tmp_path):
    shutil.copy(files / "64.tflite", tmp_path)
    os.mkfifo(tmp_path / "64.json")
    with pytest.raises(ModelFileError, match=r"64\.json: .*regular"):
        LiteRTEngine(tmp_path / "64.tflite")


def test_bad_model_files(files, tmp_path, capfd):
    good = (files / "64.tflite").read_bytes()
    for content in (b"", b"not a model" * 99, good[:1000], good[:-200]):
        (tmp_path / "x.tflite").write_bytes(content)
        with pytest.raises(ModelFileError, match=r"x\.tflite: not a usable") as raised:
            LiteRTEngine(tmp_path / "x.tflite")
        assert "\n" not in str(raised.value)
    with pytest.raises(ModelFileError, match="no such model file"):
        LiteRTEngine(tmp_path / "none.tflite")
    assert capfd.readouterr().err == ""


def test_networks_of_other_shapes_are_refused(tmp_path):
    import keras
    import tensorflow as tf

    def convert(shape, layer):
        pixels = keras.Input(batch_shape=shape)
        model = keras.Model(pixels, layer(pixels))
        (tmp_path / "x.tflite").write_bytes(
            tf.lite.TFLiteConverter.from_keras_model(model).convert()
        )
        return tmp_path / "x.tflite"

    pool, gray = keras.layers.AveragePooling2D(2), keras.layers.Conv2D(1, 1)
    with pytest.raises(ModelFileError, match="changes the size"):
        LiteRTEngine(convert((1, 8, 8, 3), pool))
    with pytest.raises(ModelFileError, match="RGB images to RGB"):
        LiteRTEngine(convert((1, 8, 8, 3), gray))
    with pytest.raises(ModelFileError, match="takes 12×8 pixels"):
        LiteRTEngine(convert((1, 8, 12, 3), keras.layers.ReLU()))
