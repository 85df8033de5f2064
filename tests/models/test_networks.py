import math

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

import models
from common.backend import import_keras
from losses.presets import PRESETS
from models.discriminator import build_iccv_discriminator, build_thesis_discriminator
from models.files import WeightsError, load_generator, save_model
from models.generator import build_generator
from models.inspect_network import manifest_norm
from models.layers.image_contrast import ImageContrast
from models.layers.instance_normalization import InstanceNormalization
from models.layers.luma import Luma
from models.layers.normalization import normalization
from models.mobile import build_mobile
from models.networks import NETWORKS as NETWORKS_TO_TRAIN
from models.networks import build_network, networks_in_words
from models.rivals.johnson import build_johnson
from models.rivals.ppcn import build_ppcn
from models.rivals.srcnn import build_srcnn

keras = import_keras()
layers = keras.layers


def random(*shape, seed=0):
    return np.random.default_rng(seed).random(shape, np.float32)


def randomize(model, seed=0):
    """Fill every weight, norms and biases too, so that none of them can go unnoticed."""
    rng = np.random.default_rng(seed)
    for weight in model.weights:
        fan_in = math.prod(weight.shape[:-1]) if len(weight.shape) > 1 else 16
        value = rng.normal(0, math.sqrt(2 / fan_in), weight.shape)
        if weight.name in ("gamma", "scale", "moving_variance"):
            value = 1 + np.abs(value)
        weight.assign(value)
    return model


def to_numpy(variable):
    return keras.ops.convert_to_numpy(variable.value)


def output(model, images):
    return keras.ops.convert_to_numpy(model(images, training=False))


# --- normalization ------------------------------------------------------------------------------


def test_instance_norm_equals_its_formula():
    layer = InstanceNormalization()
    x = 3 * random(3, 7, 5, 4) + np.arange(3, dtype=np.float32)[:, None, None, None]
    layer.build(x.shape)
    scale, shift = np.array([1, -2, 0.5, 3.0]), np.array([0, 1, -1, 10.0])
    layer.scale.assign(scale)
    layer.shift.assign(shift)
    mean, variance = x.mean(axis=(1, 2), keepdims=True), x.var(axis=(1, 2), keepdims=True)
    expected = (x - mean) / np.sqrt(variance + 1e-3) * scale + shift
    for training in (True, False):
        result = keras.ops.convert_to_numpy(layer(x, training=training))
        np.testing.assert_allclose(result, expected, atol=1e-4)


def test_instance_norm_counts_in_float32_whatever_it_is_given():
    layer = InstanceNormalization(dtype="mixed_float16")
    x = 1000 * random(1, 20, 20, 2).astype(np.float16)  # squares overflow float16
    result = keras.ops.convert_to_numpy(layer(x))
    assert result.dtype == np.float16
    wide = x.astype(np.float64)
    expected = (wide - wide.mean((1, 2), keepdims=True)) / wide.std((1, 2), keepdims=True)
    np.testing.assert_allclose(result, expected, atol=3e-3)


def test_a_constant_image_is_normalized_to_the_shift():
    layer = InstanceNormalization()
    result = keras.ops.convert_to_numpy(layer(np.full((1, 4, 4, 3), 0.7, np.float32)))
    np.testing.assert_allclose(result, 0, atol=1e-5)


def test_kinds_of_normalization():
    assert type(normalization("instance", "n")) is InstanceNormalization
    assert normalization("batch", "n").epsilon == normalization("instance", "n").epsilon == 1e-3
    with pytest.raises(ValueError, match="'group'"):
        normalization("group", "n")


def test_image_contrast_stretches_about_the_mean_of_each_image_and_channel():
    x = np.zeros((2, 1, 2, 2), np.float32)
    x[0, 0] = [[0.2, 1.0], [0.6, 0.0]]
    x[1, 0] = [[1.0, 0.5], [1.0, 0.7]]
    result = keras.ops.convert_to_numpy(ImageContrast(1.5)(x))
    np.testing.assert_allclose(result[0, 0], [[0.1, 1.25], [0.7, -0.25]], atol=1e-6)
    np.testing.assert_allclose(result[1, 0], [[1.0, 0.45], [1.0, 0.75]], atol=1e-6)


# --- generators, against NumPy ------------------------------------------------------------------


def convolve(x, kernel, bias=0.0, dilation=1):
    """Zero-padded ("SAME") cross-correlation of (N, H, W, C) with (h, w, C, C')."""
    height, width = (dilation * (side - 1) + 1 for side in kernel.shape[:2])
    margins = ((0, 0), (height // 2,) * 2, (width // 2,) * 2, (0, 0))
    windows = sliding_window_view(np.pad(x, margins), (height, width), axis=(1, 2))
    windows = windows[..., ::dilation, ::dilation]
    return np.einsum("nhwcij,ijcd->nhwd", windows, kernel, optimize=True) + bias


def relu(x):
    return np.maximum(x, 0)


def leaky(x):
    return np.where(x > 0, x, 0.05 * x)


def batch_norm(x, gamma, beta, mean, variance):
    return (x - mean) / np.sqrt(variance + 1e-3) * gamma + beta


def instance_norm(x, scale, shift):
    mean, variance = x.mean(axis=(1, 2), keepdims=True), x.var(axis=(1, 2), keepdims=True)
    return (x - mean) / np.sqrt(variance + 1e-3) * scale + shift


def bounded(x):
    return 0.58 * np.tanh(x) + 0.5


def taker(model):
    """take(n): the next n weights of the model in float64."""
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


NETWORKS = {
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
}


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("size", [(13, 22), (3, 1)])
def test_networks_equal_their_definition_at_any_size(name, size):
    build, by_hand = NETWORKS[name]
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


@pytest.mark.parametrize("build", [build_generator, build_srcnn, build_johnson, build_ppcn])
def test_the_range_of_the_output_is_that_of_the_last_activation(build):
    model = build()
    bias = model.get_layer("conv7" if build is build_ppcn else "rgb_conv").bias
    image = random(1, 8, 8, 3)
    for value, bound in ((50.0, 1.08), (-50.0, -0.08)):
        bias.assign([value] * 3)
        np.testing.assert_allclose(output(model, image), bound, atol=1e-6)


def test_batch_norm_statistics_follow_within_a_few_dozen_steps():
    layer = normalization("batch", "n")
    x = np.full((2, 3, 3, 1), 5.0, np.float32)
    for _ in range(40):
        layer(x, training=True)
    assert to_numpy(layer.moving_mean).item() == pytest.approx(5 * (1 - 0.9**40), rel=1e-4)


# --- anatomy ------------------------------------------------------------------------------------


def measured_radius(model, size=61):
    """How far a perturbed pixel reaches: up, down, left and right.

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


def test_the_table_builds_every_network():
    for name in NETWORKS_TO_TRAIN:
        options = NETWORKS_TO_TRAIN[name].options
        model = build_network(name, normalization="instance", channels=4, blocks=1)
        expected = "instance" if "normalization" in options else models.normalization_of(model)
        assert models.normalization_of(model) == expected
        smaller = model.count_params() < build_network(name).count_params()
        assert smaller == ("channels" in options)
        assert name in networks_in_words() and NETWORKS_TO_TRAIN[name].preset in PRESETS


# --- discriminators -----------------------------------------------------------------------------

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


def test_luma_by_hand():
    x = np.array([[[[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1]]]], np.float32)
    result = keras.ops.convert_to_numpy(Luma()(x))
    np.testing.assert_allclose(result[0, 0, :, 0], [0.299, 0.587, 0.114, 1.0], atol=1e-6)


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


# --- files --------------------------------------------------------------------------------------


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("name", NETWORKS)
def test_a_saved_network_comes_back_the_same(tmp_path, name):
    model = randomize(NETWORKS[name][0]())
    path = tmp_path / "new" / "phone.keras"
    save_model(model, path)
    assert names(path.parent) == ["phone.keras"]
    image = random(1, 20, 17, 3)
    loaded = load_generator(str(path))
    np.testing.assert_allclose(output(loaded, image), output(model, image), atol=1e-6)
    assert models.normalization_of(loaded) == models.normalization_of(model)


def test_a_failed_save_keeps_the_file_that_was_there(tmp_path, monkeypatch):
    path = tmp_path / "phone.keras"
    path.write_bytes(b"old")
    model = build_mobile(channels=2, blocks=1)

    def full_disk(self, file, *rest, **options):
        file.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(keras.Model, "save", full_disk)
    with pytest.raises(OSError, match="No space left"):
        save_model(model, path)
    assert names(tmp_path) == ["phone.keras"]
    assert path.read_bytes() == b"old"


def refusal(path):
    with pytest.raises(WeightsError) as raised:
        load_generator(path)
    message = str(raised.value)
    assert message.startswith(f"{path}: ") and "\n" not in message
    return message


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "mobile.keras"
    save_model(build_mobile(channels=2, blocks=1), path)
    return path.read_bytes()


def test_a_missing_model_file_or_a_folder_is_refused(tmp_path):
    assert "no such model file" in refusal(tmp_path / "none.keras")
    assert "no such model file" in refusal(tmp_path)


@pytest.mark.parametrize("damage", ["half", "end", "empty", "text", "zip"])
@pytest.mark.parametrize("suffix", [".keras", ".h5", ".txt"])
def test_damaged_model_files_are_refused(tmp_path, saved, damage, suffix):
    content = {
        "half": saved[: len(saved) // 2],
        "end": saved[:-10],
        "empty": b"",
        "text": b"hello\nworld\n" * 100,
        "zip": b"PK\x05\x06" + bytes(18),  # an empty archive
    }[damage]
    path = tmp_path / f"x{suffix}"
    path.write_bytes(content)
    assert "not a readable .keras model" in refusal(path)


def other_networks():
    image = keras.Input((None, None, 3))
    gray = keras.Input((None, None, 1))
    vector = keras.Input((3,))
    pixels = layers.Conv2D(3, 1)(image)
    return {
        "to gray": keras.Model(image, layers.Conv2D(1, 1)(image)),
        "from gray": keras.Model(gray, layers.Conv2D(3, 1)(gray)),
        "two inputs": keras.Model([image, gray], layers.Multiply()([image, gray])),
        "two outputs": keras.Model(image, [pixels, layers.Conv2D(3, 1)(image)]),
        "vectors": keras.Model(vector, layers.Dense(3)(vector)),
        "one vector an image": keras.Model(image, layers.GlobalAveragePooling2D()(image)),
    }


@pytest.mark.parametrize("name", other_networks())
def test_other_networks_are_refused(tmp_path, name):
    path = tmp_path / "other.keras"
    save_model(other_networks()[name], path)
    assert "not a network from RGB images to RGB images" in refusal(path)
