"""Tests of 8-bit files: their inputs and outputs, no floats left inside, little quality lost."""

import hashlib
import json

import imageio.v3 as iio
import keras
import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from ai_edge_litert.tools.flatbuffer_utils import opcode_to_name
from keras import layers

import models
from benchmarks.quantization import not_delegated
from evaluation.litert_cost import litert_cost
from export import flatbuffer, tflite_metadata
from export.calibration import calibration_inputs, calibration_patches, parity_patches
from export.convert import convert
from export.exporter import Exporter
from export.quantize.choose_ranges import choose_ranges, with_joined_names
from export.quantize.convolutions import find_convolutions
from export.quantize.observe import Observations, observe
from export.quantize.quantize_file import to_int8
from export.quantize.repair_graph import fold_islands, tensors_from_input
from export.sample_picture import SamplePicture
from export.to_tflite import ExportConfig, ExportError, export
from inference.enhance_image import enhance_image
from inference.litert_engine import LiteRTEngine
from models.generator import build_generator
from models.inspect_network import multiply_adds
from models.layers.space_to_depth import DepthToSpace, SpaceToDepth
from models.mobile import build_mobile


def patches(count=6, seed=0):
    """Return smooth patches of different brightness."""
    rng = np.random.default_rng(seed)
    small = rng.random((count, 5, 5, 3)) * rng.uniform(0.2, 1, (count, 1, 1, 3))
    return np.kron(small, np.ones((1, 10, 10, 1))).astype(np.float32)


def pointwise(gain):
    """Return a network that multiplies every value by `gain`."""
    image = keras.Input((None, None, 3), name="image")
    conv = layers.Conv2D(3, 1, use_bias=False)
    model = keras.Model(image, conv(image))
    conv.set_weights([gain * np.eye(3, dtype=np.float32)[None, None]])
    return model


def run_bytes(content, **inputs):
    """Run a file on uint8 pictures through its signature, without any conversion."""
    runner = Interpreter(model_content=content).get_signature_runner("serving_default")
    return runner(**inputs)["enhanced"]


@pytest.fixture(scope="module", params=["batch", "mobile"])
def network(request, tmp_path_factory):
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    if request.param == "batch":
        model = build_generator("batch", channels=6, blocks=1)
    else:
        model = build_mobile(channels=6, blocks=2, thumbnail=8)
        for weight in model.weights:
            weight.assign(weight + rng.normal(0, 0.05, weight.shape))
    path = tmp_path_factory.mktemp("network") / f"{request.param}.keras"
    models.save_model(model, path)
    return path


@pytest.fixture(scope="module")
def exported(network, tmp_path_factory):
    config = ExportConfig(
        model=str(network),
        tile=64,
        precision="dynamic,int8",
        author="Ada",
        license="CC0-1.0",
        output=str(tmp_path_factory.mktemp("exported")),
    )
    return {path.stem.split("_", 1)[1]: path for path in export(config)}


def test_int8_takes_and_returns_plain_bytes(exported):
    for name in ("int8_64", "int8_any"):
        interpreter = Interpreter(str(exported[name]))
        for details in interpreter.get_input_details() + interpreter.get_output_details():
            assert details["dtype"] == np.uint8
            scale, zero_point = details["quantization"]
            assert scale == np.float32(1 / 255) and zero_point == 0
        names = {d["name"] for d in interpreter.get_input_details()}
        assert names == (
            {"image", "thumbnail"} if LiteRTEngine(exported[name]).thumbnail else {"image"}
        )
        assert [d["name"] for d in interpreter.get_output_details()] == ["enhanced"]


def test_int8_computes_nothing_of_the_image_in_floats(exported):
    """Only tensors that depend on the thumbnail alone are floats."""
    for name in ("int8_64", "int8_any"):
        model = flatbuffer.read(exported[name].read_bytes())
        net, thumbnail = model.subgraphs[0], LiteRTEngine(exported[name]).thumbnail
        of_thumbnail = set(tensors_from_input(model, "thumbnail")) if thumbnail else set()
        results = [net.tensors[i] for op in net.operators for i in op.outputs]
        floats = {t.name for t in results if t.type == flatbuffer.TYPES.FLOAT32}
        assert floats <= of_thumbnail
        assert bool(of_thumbnail) == bool(thumbnail)


def test_everything_is_delegated(exported):
    # QUANTIZE converts bytes to int8 and back; SQRT works on a few numbers of the thumbnail.
    assert set(not_delegated(exported["int8_64"])) - {"SQRT"} == {"QUANTIZE"}
    assert not_delegated(exported["dynamic_64"]) == []


def test_the_cost_of_a_file_does_not_depend_on_its_bits(exported, network):
    model = models.load_generator(network)
    plain = network.with_suffix(".tflite")
    plain.write_bytes(convert(model, "fp32", 64))
    expected = litert_cost(plain)
    if network.stem == "mobile":  # the other network's large convolutions become two passes
        assert expected[1] == multiply_adds(model)
    for name in ("int8_64", "dynamic_64", "int8_any"):
        assert litert_cost(exported[name])[1] == expected[1] > 100


def test_dynamic_keeps_floats_outside_and_bytes_for_weights(exported, network):
    interpreter = Interpreter(str(exported["dynamic_64"]))
    for details in interpreter.get_input_details() + interpreter.get_output_details():
        assert details["dtype"] == np.float32
    net = flatbuffer.read(exported["dynamic_64"].read_bytes()).subgraphs[0]
    kernels = [net.tensors[op.inputs[1]] for op in net.operators if len(op.inputs) == 3]
    assert kernels and {tensor.type for tensor in kernels} == {flatbuffer.TYPES.INT8}


def test_int8_in_tiles_is_the_whole_frame(exported):
    """Ranges are fixed, so all tiles round in the same way; a `dynamic` file's tiles do not."""
    image = np.random.default_rng(3).integers(0, 256, (100, 90, 3), dtype=np.uint8)
    tiled = enhance_image(LiteRTEngine(exported["int8_64"]), image)
    whole = enhance_image(LiteRTEngine(exported["int8_any"]), image, tile=512)
    np.testing.assert_array_equal(tiled, whole)


def test_files_of_any_size_start_at_a_size_that_works(exported):
    for name in ("int8_any", "dynamic_any"):
        interpreter = Interpreter(str(exported[name]))
        interpreter.allocate_tensors()
        assert interpreter.get_input_details()[0]["shape"].tolist() == [1, 64, 64, 3]
        assert interpreter.get_input_details()[0]["shape_signature"].tolist() == [1, -1, -1, 3]


def test_the_sample_gives_what_is_expected(exported, network):
    for path in exported.values():
        manifest = json.loads(path.with_suffix(".json").read_text())
        assert manifest["calibration"].startswith("crops of scikit-image's")
        sample = manifest["sample"]
        kind = np.dtype(manifest["input"]["dtype"])
        inputs = {
            name: iio.imread(path.with_name(sample[name]))[None]
            for name in ("image", "thumbnail")
            if name in sample
        }
        assert ("thumbnail" in inputs) == (network.stem == "mobile")
        if kind == np.float32:
            inputs = {name: values.astype(kind) / 255 for name, values in inputs.items()}
        result = run_bytes(path.read_bytes(), **inputs)[0]
        assert result.dtype == kind
        if kind == np.float32:
            result = np.rint(255 * np.clip(result, 0, 1))
        expected = iio.imread(path.with_name(sample["expected"]))
        assert np.abs(result.astype(int) - expected).max() <= sample["levels"]
        assert (
            np.abs(
                expected.astype(int) - inputs["image"][0] * (1 if kind == np.uint8 else 255)
            ).max()
            > 3
        )


def test_the_file_says_what_it_is(exported, network):
    for name, path in exported.items():
        content = path.read_bytes()
        texts = tflite_metadata.read_metadata(content)
        assert texts["name"] == path.stem
        assert (texts["author"], texts["license"]) == ("Ada", "CC0-1.0")
        assert hashlib.sha256(network.read_bytes()).hexdigest() in texts["description"]
        assert ("tiles of 64x64" in texts["description"]) == name.endswith("_64")
        model = flatbuffer.schema.Model.GetRootAs(content, 0)
        assert model.Description().decode() == texts["description"]
        names = [model.Metadata(k).Name() for k in range(model.MetadataLength())]
        assert names.count(b"TFLITE_METADATA") == 1


def test_constants_are_aligned(exported):
    model = flatbuffer.schema.Model.GetRootAs(exported["int8_64"].read_bytes(), 0)
    buffers = [model.Buffers(k) for k in range(model.BuffersLength())]
    starts = [b._tab.Vector(b._tab.Offset(4)) for b in buffers if b.DataLength()]
    assert len(starts) > 5 and not any(start % 16 for start in starts)


def test_a_network_that_changes_nothing_returns_every_byte():
    """The second network has DEPTH_TO_SPACE, which the quantizer would compute in floats."""
    image = keras.Input((None, None, 3), name="image")
    blocks = DepthToSpace(2)(layers.ReLU()(SpaceToDepth(2)(image)))
    every = np.resize(np.arange(256, dtype=np.uint8), (1, 32, 32, 3))
    for model in (pointwise(1), keras.Model(image, blocks)):
        content = convert(model, "fp32", 32)
        observations = observe(content, [{"image": every.astype(np.float32) / 255}])
        np.testing.assert_array_equal(run_bytes(to_int8(content, observations), image=every), every)


def test_what_leaves_the_range_is_clipped():
    every = np.resize(np.arange(256, dtype=np.uint8), (1, 32, 32, 3))
    content = convert(pointwise(1.5), "fp32", 32)
    observations = observe(content, [{"image": every.astype(np.float32) / 255}])
    result = run_bytes(to_int8(content, observations), image=every).astype(int)
    assert np.abs(result - np.minimum(1.5 * every, 255)).max() <= 1


def test_ranges_are_the_least_and_the_greatest_of_all_samples():
    image = keras.Input((None, None, 3), name="image")
    doubled = layers.Rescaling(2.0)(image)
    content = convert(keras.Model(image, layers.Rescaling(0.25)(doubled)), "fp32", 32)
    low, high = (np.full((1, 32, 32, 3), value, np.float32) for value in (0.25, 0.75))
    observations = observe(content, [{"image": low}, {"image": high}, {"image": low}])
    known = choose_ranges(content, observations)
    net = flatbuffer.read(content).subgraphs[0]
    found = known[net.tensors[net.operators[0].outputs[0]].name]
    assert (found["min"].item(), found["max"].item()) == (0.5, 1.5)
    for index in (*net.inputs, *net.outputs):
        found = known[net.tensors[index].name]
        assert (found["min"].item(), found["max"].item()) == (0, 1)


def test_a_layer_that_is_always_0_can_be_exported():
    """Ranges of almost no width made kernels abort the process."""
    image = keras.Input((None, None, 3), name="image")
    dead = layers.Conv2D(4, 3, padding="same", activation="relu", name="dead")
    change = layers.Conv2D(3, 1, name="change")(dead(image))
    model = keras.Model(image, layers.Add(name="sum")([image, change]))
    dead.set_weights([dead.get_weights()[0], np.full(4, -50, np.float32)])
    content = Exporter(model, patches()).file("int8", 50)[0]
    pixels = np.rint(255 * patches(1)).astype(np.uint8)
    np.testing.assert_allclose(run_bytes(content, image=pixels), pixels, atol=1)


def test_what_a_relu_drops_needs_no_range():
    """A channel that a ReLU always turns into 0 does not widen the range of other channels."""
    image = keras.Input((None, None, 3), name="image")
    conv, gain, shift = (layers.Conv2D(2, 1, name=name) for name in ("conv", "gain", "shift"))
    mean = layers.GlobalAveragePooling2D(keepdims=True)(image)
    x = layers.Multiply()([conv(image), gain(mean)])
    x = layers.ReLU()(layers.Add()([x, shift(mean)]))
    tail = layers.Conv2D(3, 1)
    model = keras.Model(image, tail(x))
    kernel = np.zeros((1, 1, 3, 2), np.float32)
    kernel[..., 0, 0], kernel[..., 1, 1] = 3, -40
    conv.set_weights([kernel, np.float32([-2, 0])])
    for layer, values in ((gain, [0.5, 2]), (shift, [0.5, -1])):
        layer.set_weights([np.zeros((1, 1, 3, 2), np.float32), np.float32(values)])
    tail.set_weights([np.full((1, 1, 2, 3), 0.4, np.float32), np.zeros(3, np.float32)])
    content = convert(model, "fp32", 32)
    every = np.resize(np.arange(256) / 255, (1, 32, 32, 3)).astype(np.float32)
    observations = observe(content, [{"image": every}])
    name = find_convolutions(flatbuffer.read(content))[0].result
    assert observations.least[name].min() == pytest.approx(-40)
    # Above -1, half the value plus 0.5 is positive. The other channel's values never count.
    assert choose_ranges(content, observations)[name]["min"].item() == pytest.approx(-1)
    result = run_bytes(to_int8(content, observations), image=np.rint(255 * every).astype(np.uint8))
    expected = np.clip(np.asarray(model(every)), 0, 1) * 255
    assert np.abs(result - expected).max() <= 2


@pytest.mark.parametrize("other", [1, 2])
def test_what_moves_values_moves_integers(monkeypatch, other):
    """DEPTH_TO_SPACE moves integers, whether the QUANTIZE behind it changes the scale or not."""
    image = keras.Input((None, None, 3), name="image")
    content = convert(keras.Model(image, DepthToSpace(2)(SpaceToDepth(2)(image))), "fp32", 32)
    every = np.resize(np.arange(256, dtype=np.uint8), (1, 32, 32, 3))
    observations = observe(content, [{"image": every.astype(np.float32) / 255}])
    with monkeypatch.context() as patch:
        patch.setattr("export.quantize.quantize_file.fold_islands", lambda model: None)
        model = flatbuffer.read(to_int8(content, observations))
    net = model.subgraphs[0]

    def names():
        return [opcode_to_name(model, operator.opcodeIndex) for operator in net.operators]

    place = names().index("DEPTH_TO_SPACE")
    assert names()[place - 1 : place + 2 : 2] == ["DEQUANTIZE", "QUANTIZE"]
    target = net.tensors[net.operators[place + 1].outputs[0]]
    target.quantization.scale = [other * float(target.quantization.scale[0])]
    before = run_bytes(flatbuffer.write(model), image=every)
    fold_islands(model)
    assert "DEQUANTIZE" not in names()
    after = run_bytes(flatbuffer.write(model), image=every)
    np.testing.assert_allclose(after.astype(int), before, atol=other - 1)  # halves round up or down


def test_samples_show_a_thumbnail_network_every_patch_as_a_photo():
    many = patches(6)
    assert [*calibration_inputs(many, 100, None)[0]] == ["image"]
    samples = calibration_inputs(many, 100, 8)  # two mosaics of four, and six photos
    assert len(samples) == 2 + 6
    assert {s["image"].shape for s in samples} == {(1, 100, 100, 3)}
    for sample in samples:
        cells = sample["image"][0, :96, :96].mean((0, 1)), sample["thumbnail"][0].mean((0, 1))
        np.testing.assert_allclose(*cells, atol=0.05)
    np.testing.assert_array_equal(samples[2]["image"][0, 50:, 50:], many[0])


def test_calibration_never_sees_what_files_are_checked_on(tmp_path, write_dataset):
    write_dataset(tmp_path, "mine", train=70, test=3)
    for phone, where in (("mine", "mine training patches"), (None, "crops of scikit-image's")):
        seen, words = calibration_patches(str(tmp_path), phone)
        checked, _ = parity_patches(str(tmp_path), phone)
        assert words.startswith(where)
        assert 20 < len(seen) <= 60 and len(checked) == (3 if phone else 10)
        assert not {patch.tobytes() for patch in seen} & {patch.tobytes() for patch in checked}


def test_instance_norm_is_refused_in_int8_alone(tmp_path):
    keras.utils.set_random_seed(0)
    model = build_generator("instance", channels=4, blocks=1)
    models.save_model(model, tmp_path / "net.keras")
    out = tmp_path / "out"
    with pytest.raises(ExportError, match="instance norm loses too much in 8-bit"):
        export(ExportConfig(model=str(tmp_path / "net.keras"), precision="int8", output=str(out)))
    assert not out.exists()
    with pytest.raises(ValueError, match="instance norm"):
        Exporter(model, patches()).file("int8", None)
    with pytest.raises(ValueError, match="fp12"):
        Exporter(model, patches()).file("fp12", None)


def test_the_example_is_a_photo_of_any_size():
    for size in (64, 256, 600):
        sample = SamplePicture.of_size(size, 8)
        assert sample.image.shape == (size, size, 3) and sample.thumbnail.shape == (8, 8, 3)
        assert sample.image.std() > 40
    assert SamplePicture.of_size(64, None).thumbnail is None


def test_ranges_are_found_under_the_joined_names_of_fused_operations():
    """The converter joins different names in files of different sizes."""
    least = {"relu;conv": np.array([-1.0]), "plain": np.array([-2.0])}
    greatest = {name: np.abs(values) for name, values in least.items()}
    found = with_joined_names(
        Observations(least, greatest, {}), ["relu;conv;bias", "plain", "plain;x", "other;conv"]
    )
    assert found.least == {**least, "relu;conv;bias": least["relu;conv"], "plain;x": least["plain"]}
    assert found.greatest.keys() == found.least.keys()
