"""A network for one photo gives what the network of the file gives, in fewer operations."""

import keras
import numpy as np
import pytest

from common.tensor_names import ENHANCED, IMAGE, THUMBNAIL
from export.convert import convert
from inference.engine import ModelFileError
from inference.fold_given import fold_given
from inference.litert_engine import LiteRTEngine
from inference.litert_graph import CODES, Graph, read_model, signature_of
from models.shipped import SHIPPED, shipped_file
from models.thumbnail_input import with_thumbnail_input
from models.universal import build_universal

layers = keras.layers
SIDE = 32


def scaled(x, scale, shift=0.0):
    """Multiply by one number a channel, then add one; Keras folds neither into a convolution."""
    return layers.Add()([layers.Multiply()([x, scale]), shift])


def build(pattern):
    """Build a network of an image and of a tensor `facts` `(1, 1, 1, 6)`, around one pattern."""
    image = keras.Input((SIDE, SIDE, 3), batch_size=1, name=IMAGE)
    facts = keras.Input((1, 1, 6), batch_size=1, name="facts")
    # Two operations on the facts, which become constants.
    wide = layers.Rescaling(2.0, 0.1)(layers.ReLU()(facts))
    return keras.Model({IMAGE: image, "facts": facts}, {ENHANCED: pattern(image, facts, wide)})


def convolution(filters, side=3, **options):
    return layers.Conv2D(filters, side, padding="same", bias_initializer="ones", **options)


def gain_and_shift(image, facts, wide):
    x = layers.ReLU()(scaled(convolution(6)(image), facts, wide))
    return convolution(3)(x)


def gain_before(image, facts, wide):
    x = layers.ReLU(max_value=6.0)(convolution(6)(image))
    return convolution(3)(layers.Multiply()([x, facts]))


def subtracted(image, facts, wide):
    return convolution(3)(layers.Subtract()([convolution(6)(image), facts]))


def norm(image, facts, wide):
    """Scale and shift a tensor that no convolution makes; half of the scales may be negative."""
    x = layers.AveragePooling2D(2)(convolution(6)(image))
    x = layers.ReLU()(scaled(x, facts, wide))
    return layers.UpSampling2D(2)(convolution(3)(x))


def pointwise(image, facts, wide):
    """A color matrix as `models/universal.py` applies it: `x + back(facts · differences(x))`."""
    x = convolution(4, 1)(image)
    change = convolution(4, 1)(layers.Multiply()([convolution(6, 1)(x), facts]))
    return convolution(3)(layers.Add()([x, change]))


PATTERNS = {  # the operations that stay
    gain_and_shift: [CODES.CONV_2D] * 2,
    gain_before: [CODES.CONV_2D] * 2,
    subtracted: [CODES.CONV_2D] * 2,
    norm: [CODES.CONV_2D, CODES.AVERAGE_POOL_2D, CODES.ADD, CODES.CONV_2D],
    pointwise: [CODES.CONV_2D] * 2,
}


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("pattern", PATTERNS)
def test_constants_go_into_convolutions(pattern, sign, tmp_path):
    keras.utils.set_random_seed(0)
    network = build(pattern)
    path = tmp_path / "network.tflite"
    path.write_bytes(convert_plain(network, tmp_path / "saved"))
    rng = np.random.default_rng(0)
    image = rng.random((1, SIDE, SIDE, 3), np.float32)
    facts = (0.2 + rng.random((1, 1, 1, 6), np.float32)) * np.array(
        [1, sign, 1, 1, 1, 1], np.float32
    )
    content = fold_given(read_model(path), None, {"facts": facts, "not taken": facts})
    assert content is not None
    expected = np.asarray(network({IMAGE: image, "facts": facts})[ENHANCED])
    folded = tmp_path / "folded.tflite"
    folded.write_bytes(content)
    np.testing.assert_allclose(run(folded, image), expected, atol=1e-5)
    model = read_model(folded)
    graph = Graph(model, signature_of(model, None))
    assert list(graph.inputs) == [IMAGE]
    codes = [graph.code(operation) for operation in graph.operations]
    kept = [code for code in codes if code not in (CODES.RESIZE_NEAREST_NEIGHBOR, CODES.RESHAPE)]
    if sign > 0:
        assert kept[: len(PATTERNS[pattern])] == PATTERNS[pattern]
    elif pattern is norm:  # relu(c · x) with a negative c is no scaled relu(x)
        assert CODES.MUL in kept


def convert_plain(network, folder) -> bytes:
    import tensorflow as tf

    module = tf.Module()
    setattr(module, "weights", [v.value for v in network.variables])  # noqa: B010
    shapes = {name: tf.TensorSpec(x.shape, name=name) for name, x in network.input.items()}
    function = tf.function(lambda **inputs: network(inputs)).get_concrete_function(**shapes)
    tf.saved_model.save(module, folder, signatures=function)
    return tf.lite.TFLiteConverter.from_saved_model(str(folder)).convert()


def run(path, image):
    from ai_edge_litert.interpreter import Interpreter

    runner = Interpreter(str(path)).get_signature_runner()
    return runner(**{IMAGE: image})[ENHANCED]


@pytest.fixture(scope="module")
def universal(tmp_path_factory):
    """A small universal network whose weights all count, and its file."""
    keras.utils.set_random_seed(1)
    network = build_universal(wide=12)
    rng = np.random.default_rng(1)
    for weight in network.trainable_weights:
        weight.assign(weight + rng.normal(0, 0.05, weight.shape))
    folder = tmp_path_factory.mktemp("universal")
    for precision, tile in (("fp32", None), ("fp16", 64)):
        content = convert(network, precision, tile)
        (folder / f"{precision}.tflite").write_bytes(content)
    return network, folder


def test_a_universal_network_for_one_photo(universal):
    network, folder = universal
    engine = LiteRTEngine(folder / "fp32.tflite", threads=2)
    rng = np.random.default_rng(2)
    thumbnail = rng.random((1, 256, 256, 3), np.float32)
    tiles = [rng.random((1, *size, 3), np.float32) for size in ((64, 96), (32, 36))]
    first, second = engine.networks(given={THUMBNAIL: thumbnail})
    given = with_thumbnail_input(network)
    for tile in tiles:
        expected = np.asarray(given({IMAGE: tile, THUMBNAIL: thumbnail})[ENHANCED])
        for one in (first, second):
            np.testing.assert_allclose(one(**{IMAGE: tile})[ENHANCED], expected, atol=1e-5)


def test_float16_weights(universal):
    path, rng = universal[1] / "fp16.tflite", np.random.default_rng(3)
    image, thumbnail = (rng.random((1, s, s, 3), np.float32) for s in (64, 256))
    engine = LiteRTEngine(path, threads=1)
    (fixed,) = engine.networks(given={THUMBNAIL: thumbnail})
    (free,) = engine.networks()
    expected = free(**{IMAGE: image, THUMBNAIL: thumbnail})[ENHANCED]
    np.testing.assert_allclose(fixed(**{IMAGE: image})[ENHANCED], expected, atol=1e-5)


@pytest.mark.parametrize("network", SHIPPED)
def test_integers_stay_as_they_are(network):
    path, rng = shipped_file(f"{network}_int8_256"), np.random.default_rng(3)
    assert path is not None
    engine = LiteRTEngine(path, threads=1)
    assert engine.thumbnail
    image, thumbnail = (rng.random((1, s, s, 3), np.float32) for s in (256, engine.thumbnail))
    assert fold_given(read_model(path), None, {THUMBNAIL: thumbnail}) is None
    (fixed,) = engine.networks(given={THUMBNAIL: thumbnail})
    (free,) = engine.networks()
    expected = free(**{IMAGE: image, THUMBNAIL: thumbnail})[ENHANCED]
    np.testing.assert_array_equal(fixed(**{IMAGE: image})[ENHANCED], expected)


def test_a_wrong_thumbnail_is_an_error_in_one_line(universal):
    engine = LiteRTEngine(universal[1] / "fp32.tflite", threads=1)
    with pytest.raises(ModelFileError, match=r"fp32\.tflite: ") as error:
        engine.networks(given={THUMBNAIL: np.zeros((1, 8, 8, 1), np.float32)})
    assert "\n" not in str(error.value)
