"""The network for any phone: its cost, its bounds, its tiles, and the file that ships."""

import keras
import numpy as np
import pytest
from engine_files import write_engine_files

from benchmarks import any_phone
from enhance import load_engine
from inference.enhance_image import enhance_image
from inference.litert_engine import LiteRTEngine
from models.inspect_network import manifest_norm, multiply_adds, pixel_multiple, receptive_radius
from models.layers.shrinkage import analysis_kernel, shrinkage_filters, synthesis_kernel
from models.layers.tone_curves import (
    CURVE_INPUTS,
    GATES,
    KNOTS,
    MATRIX_INPUTS,
    SEGMENTS,
    STEEPEST,
    ColorMatrix,
    ToneCurves,
)
from models.mobile import build_mobile
from models.network_files import WeightsError
from models.shipped import PRETRAINED
from models.thumbnail_input import with_thumbnail_input
from models.universal import (
    FILTERS,
    build_universal,
    keep_flat,
    light_model,
    light_variables,
    take_light,
)


def slopes_of(decided, darkest=0.0, brightest=1.0):
    """Return the slopes `(N, 3, SEGMENTS)` for numbers and the extremes of a photo."""
    shape = (len(decided), 1, 1, 3)
    extremes = [np.broadcast_to(np.float32(x), shape) for x in (darkest, brightest)]
    return array(ToneCurves()([np.float32(decided), *extremes])).reshape(-1, 3, SEGMENTS)


def curve_of(slopes):
    """Return the values of a curve at the knots."""
    return np.concatenate([[0], np.cumsum(slopes * np.diff(KNOTS))])


def array(tensor):
    """Return a tensor as a NumPy array."""
    return np.asarray(keras.ops.convert_to_numpy(tensor))


def random(*shape, seed=0):
    return np.random.default_rng(seed).random(shape, np.float32)


@pytest.fixture(scope="module")
def network():
    """A network with random weights, except the fixed weights."""
    keras.utils.set_random_seed(0)
    model = build_universal()
    rng = np.random.default_rng(0)
    for weight in model.trainable_weights:
        weight.assign(weight + rng.normal(0, 0.02, weight.shape))
    return model


def without_detail(network):
    """Return the network with a detail part that changes nothing."""
    model = keras.models.clone_model(network)
    model.set_weights(network.get_weights())
    model.get_layer("tail").bias.assign([3] * 12)
    model.get_layer("linear").bias.assign([0] * 12)
    for name in ("tail", "linear"):
        kernel = model.get_layer(name).kernel
        kernel.assign(0 * kernel)
    return model


def test_shrinkage_of_all_coefficients_leaves_the_local_mean_of_brightness():
    filters = shrinkage_filters().reshape(-1, FILTERS)
    np.testing.assert_allclose(filters.T @ filters, np.eye(FILTERS), atol=1e-12)
    gray = np.repeat(random(1, 32, 32, 1), 3, axis=-1)
    blocks = gray.reshape(1, 16, 2, 16, 2, 3).transpose(0, 1, 3, 2, 4, 5).reshape(1, 16, 16, 12)
    coefficients = keras.ops.conv(blocks, np.float32(analysis_kernel()), padding="same")
    noise = array(keras.ops.conv(coefficients, np.float32(synthesis_kernel()), padding="same"))
    noise = noise.reshape(16, 16, 2, 2, 3).transpose(0, 2, 1, 3, 4).reshape(32, 32, 3)
    means = [gray[0, 2 * y : 2 * y + 6, 2 * x : 2 * x + 6, 0].mean() for y, x in np.ndindex(14, 14)]
    means = np.array(means).reshape(14, 14)
    for y, x in ((10, 10), (11, 10), (14, 17)):
        around = means[y // 2 - 2 : y // 2 + 1, x // 2 - 2 : x // 2 + 1]
        np.testing.assert_allclose(noise[y, x], gray[0, y, x] - around.mean(), atol=1e-5)


def test_an_untrained_network_removes_noise():
    model = build_universal()
    lit = keras.Model(model.input, model.get_layer("lit").output)
    model.get_layer("linear").kernel.assign(0 * model.get_layer("linear").kernel)
    for name in ("noise_gates", "sharpness_gates"):
        model.get_layer(name).bias.assign(0 * model.get_layer(name).bias + 0.6)
    noisy = np.float32(0.5 + np.random.default_rng(0).normal(0, 0.01, (1, 64, 64, 3)))
    before, after = array(lit(noisy)), array(model(noisy))
    before = before.reshape(32, 32, 2, 2, 3).transpose(0, 2, 1, 3, 4).reshape(64, 64, 3).mean(-1)
    inside = np.s_[8:-8, 8:-8]
    assert after[0].mean(-1)[inside].std() < 0.6 * before[inside].std()


def test_the_network_is_small_and_local(network):
    assert multiply_adds(network) <= 8000
    assert (receptive_radius(network), pixel_multiple(network)) == (16, 4)
    assert manifest_norm(network) == "thumbnail"


@pytest.mark.parametrize("seed", range(8))
def test_curves_rise_within_bounds_and_keep_black_and_white(seed):
    rng = np.random.default_rng(seed)
    decided = rng.normal(0, 3, (5, 1, 1, CURVE_INPUTS))
    darkest, brightest = np.sort(rng.random((2, 5, 1, 1, 3)), axis=0)
    slopes = slopes_of(decided, darkest, brightest)
    assert slopes.min() >= 0
    assert slopes.max() <= STEEPEST + 1
    np.testing.assert_allclose((slopes * np.diff(KNOTS)).sum(-1), 1, atol=1e-5)


def test_zeros_give_about_the_identity():
    for slopes in slopes_of(np.zeros((1, 1, 1, CURVE_INPUTS)))[0]:
        np.testing.assert_allclose(curve_of(slopes), KNOTS, atol=0.02)
    assert not array(ColorMatrix()(np.zeros((1, 1, 1, MATRIX_INPUTS)))).any()


def test_exposure_is_undone_by_a_gain_in_linear_light():
    decided = np.zeros((1, 1, 1, CURVE_INPUTS), np.float32)
    decided[..., GATES] = np.arctanh(np.log(2) / 1.8)  # one stop brighter
    curve = curve_of(slopes_of(decided)[0, 0])
    for value in (0.3, 0.5, 0.6):
        expected = (2 * value**2.2) ** (1 / 2.2)
        assert np.interp(value, KNOTS, curve) == pytest.approx(expected, abs=0.03)


@pytest.mark.parametrize("own", [False, True])
def test_open_gates_stretch_the_values_to_the_full_range(own):
    """The stretch is joint or each channel's own; a clipped range ends between two knots."""
    decided = np.zeros((1, 1, 1, CURVE_INPUTS), np.float32)
    decided[..., :GATES] = [20, 20 if own else -20] * 2
    darkest, brightest = np.array([0.17, 0.2, 0.28]), np.array([0.69, 0.84, 0.75])
    slopes = slopes_of(decided, darkest, brightest)[0]
    low, high = (darkest, brightest) if own else ([0.17] * 3, [0.84] * 3)
    for channel in range(3):
        span = high[channel] - low[channel]
        value = np.clip((np.array(KNOTS) - low[channel]) / span, 0, 1)
        np.testing.assert_allclose(curve_of(slopes[channel]), value, atol=0.03)


def test_the_light_part_keeps_white_and_black(network):
    """White and black stay, whatever the weights are."""
    light = without_detail(network)
    white = array(light(np.ones((1, 16, 16, 3), np.float32)))
    np.testing.assert_allclose(white, 1, atol=1e-5)
    black = array(light(np.zeros((1, 16, 16, 3), np.float32)))
    np.testing.assert_allclose(black, 0, atol=1e-5)


def test_the_detail_part_is_bounded(network):
    image = random(1, 64, 64, 3)
    whole = array(network(image))
    light = array(without_detail(network)(image))
    assert 0.01 < np.abs(whole - light).max() <= 0.2 + 1e-5


def test_the_thumbnail_shows_extremes_and_a_histogram(network):
    """One bright and one dark cell of 65,536 are seen, and the share of each level."""
    thumbnail = np.full((1, 256, 256, 3), 0.4, np.float32)
    thumbnail[0, 100, 30], thumbnail[0, 150, 200], thumbnail[0, :64] = 0.9, 0.1, 0.6
    model = with_thumbnail_input(network)
    names = ("thumbnail_darkest", "thumbnail_brightest", "thumbnail_mean_bottom",
             "thumbnail_shares")  # fmt: skip
    outputs = [model.get_layer(name)._inbound_nodes[-1].outputs[0] for name in names]
    seen = keras.Model(model.input, outputs)({"image": random(1, 8, 8, 3), "thumbnail": thumbnail})
    darkest, brightest, mean_bottom, shares = map(array, seen)
    np.testing.assert_allclose(darkest.ravel(), 0.1, atol=1e-6)
    np.testing.assert_allclose(brightest.ravel(), 0.9, atol=1e-6)
    assert 0.3 < mean_bottom.min() < 0.4  # a mean over a cell hides the dark pixel
    levels = shares.reshape(16, 3)[:, 0]
    expected = [np.clip((0.6 - k / 16) * 16, 0, 1) / 4 + np.clip((0.4 - k / 16) * 16, 0, 1) * 3 / 4
                for k in range(16)]  # fmt: skip
    np.testing.assert_allclose(levels, expected, atol=1e-3)


def test_the_light_model_is_the_light_of_the_network(network):
    thumbnail = random(2, 256, 256, 3)
    halves = thumbnail.reshape(2, 32, 8, 32, 8, 3).mean((2, 4))
    given = {"image": halves, "thumbnail": thumbnail}
    found = array(light_model(network)(given))
    model = with_thumbnail_input(without_detail(network))
    whole = model(given)["enhanced"]
    np.testing.assert_allclose(found, array(whole), atol=1e-5)


def test_every_variable_belongs_to_one_part(network):
    light = {v.path for v in light_variables(network)}
    local = {v.path for v in network.trainable_variables} - light
    assert {path.split("/")[0] for path in local} == {
        *("analysis", "narrow", "quarter1", "quarter2", "noise_gates", "sharpness_gates"),
        *("tail", "linear", "quarter1_gain", "quarter1_shift"),
    }


def test_graphs_compute_what_single_operations_do(network):
    """TensorFlow's optimizer of graphs replaces groups of operations."""
    image = random(1, 100, 100, 3)
    np.testing.assert_allclose(network.predict_on_batch(image), array(network(image)), atol=1e-5)


def test_the_light_part_is_taken_from_a_network_of_another_design(network):
    other = build_universal(wide=12)
    take_light(other, network)
    thumbnail, image = random(1, 256, 256, 3), random(1, 32, 32, 3, seed=1)
    given = {"image": image, "thumbnail": thumbnail}
    lights = (light_model(one)(given) for one in (network, other))
    np.testing.assert_array_equal(*map(array, lights))
    with pytest.raises(WeightsError, match="has no light part of this design"):
        take_light(other, build_mobile(channels=4, blocks=1))


@pytest.fixture(scope="module")
def files(network, tmp_path_factory):
    folder = tmp_path_factory.mktemp("universal")
    return write_engine_files(folder, network, 96, halo=16, multiple=4)


@pytest.mark.parametrize("kind", ["any.tflite", "96.tflite", "net.keras"])
def test_tiles_are_exact(files, network, kind):
    image = random(131, 150, 3)
    image[:60] *= 0.3
    engine = load_engine(files / kind)
    one = enhance_image(load_engine(files / "net.keras"), image, tile=512)
    np.testing.assert_allclose(enhance_image(engine, image, tile=70), one, atol=2e-4)


def test_the_exported_network_has_only_operations_that_delegates_know(files):
    engine = LiteRTEngine(files / "96.tflite")
    tensors = {t["index"]: t for t in engine._interpreter.get_tensor_details()}
    wide = set()  # operations on pixels, not on the thumbnail
    for operation in engine._interpreter._get_ops_details():
        shapes = [tensors[index]["shape"] for index in operation["outputs"]]
        if any(len(shape) == 4 and shape[1] in (24, 48, 96) for shape in shapes):
            wide.add(operation["op_name"])
    known = {
        "CONV_2D",
        "ADD",
        "SUB",
        "LEAKY_RELU",
        "MUL",
        "DEPTH_TO_SPACE",
        "SPACE_TO_DEPTH",
        "DELEGATE",
    }
    assert wide <= known


SHIPPED = PRETRAINED / "universal.keras"


def test_the_shipped_network_keeps_plain_pictures():
    """White, black, a gray disc and a plain sky stay, up to the border."""
    assert SHIPPED.stat().st_size < 1.25e6
    engine = load_engine(SHIPPED)

    def enhanced(photo):
        return enhance_image(engine, photo)

    white = enhanced(np.full((96, 96, 3), 255, np.uint8))
    assert white.min() >= 252
    black = enhanced(np.zeros((96, 96, 3), np.uint8))
    assert black.max() <= 6
    assert all(0.8 <= ratio <= 1.2 for ratio in any_phone.disc_brightness(enhanced).values())
    sky = enhanced(np.full((96, 128, 3), (110, 160, 230), np.uint8)).astype(int)
    assert np.ptp(sky, axis=(0, 1)).max() <= 2


def test_areas_of_one_color_stay_as_they_are():
    """Also after steps of the optimizer, and whatever the start was."""
    keras.utils.set_random_seed(0)
    model = build_universal(wide=4)
    for variable in model.trainable_variables:
        variable.assign_add(keras.random.normal(variable.shape, stddev=0.05))
    keep_flat(model)
    optimizer = keras.optimizers.Adam(0.01)
    optimizer.build(model.trainable_variables)
    for seed in range(3):
        gradients = [keras.random.normal(v.shape, seed=seed) for v in model.trainable_variables]
        optimizer.apply(gradients, model.trainable_variables)
    for color in ((1, 1, 1), (0.2, 0.5, 0.7), (0, 0, 0)):
        plain = np.broadcast_to(np.float32(color), (1, 48, 48, 3))
        result = np.asarray(model(plain, training=False))[:, 16:-16, 16:-16]
        assert np.ptp(result, axis=(1, 2)).max() < 1e-3
