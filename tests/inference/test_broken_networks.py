"""A broken network enhances nothing: not by its weights, and not by the values that it gives."""

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated
from fake_engines import FakeEngine

from export import flatbuffer
from export.convert import convert
from inference import enhance_image as enhancement
from inference.engine import GlobalInput, ModelFileError
from inference.enhance_image import Way, enhance_image
from inference.keras_engine import KerasEngine
from inference.litert_engine import LiteRTEngine
from models import WeightsError, load_generator, save_model
from models.generator import build_generator
from models.split_stages import split_stages

BAD = [np.nan, np.inf, -np.inf]
HUGE = 1e30  # finite, while the product of two is not


def broken(value, layer=0, normalization="batch"):
    """Return a small network with one weight of a convolution replaced."""
    network = build_generator(normalization, channels=4, blocks=1)
    weights = network.get_weights()
    kernels = [index for index, weight in enumerate(weights) if weight.ndim == 4]
    weights[kernels[layer]].flat[3] = value
    network.set_weights(weights)
    return network


@pytest.mark.parametrize("value", BAD)
@pytest.mark.parametrize("needs", [GlobalInput.NOTHING, GlobalInput.UNKNOWN])
def test_one_value_that_is_not_finite_is_refused(needs, value):
    def network(batch):
        result = batch.copy()
        result[0, -1, -1, 1] = value
        return result

    engine = FakeEngine(network, global_input=needs)
    for dtype in (np.uint8, np.uint16, np.float32):
        with pytest.raises(ModelFileError, match=r"a fake engine: gives values .* not finite"):
            enhance_image(engine, np.zeros((30, 40, 3), dtype), tile=16)


@pytest.mark.parametrize("way", [Way.STORED_STAGES, Way.RECOMPUTED_STATISTICS])
def test_networks_in_stages_are_refused_too(monkeypatch, way):
    network = broken(np.nan, -1, "instance")
    engine = KerasEngine(network, "instance", 18, split_stages(network))
    monkeypatch.setattr(enhancement, "choose_way", lambda *_: way)
    with pytest.raises(ModelFileError, match="not finite"):
        enhance_image(engine, np.zeros((40, 50, 3), np.uint8), max_memory=10**8)


@pytest.mark.parametrize(
    ("precision", "value"),
    [*(("fp32", value) for value in [*BAD, HUGE]), ("fp16", np.nan), ("scale", np.nan)],
)
def test_a_tflite_file_with_a_broken_weight_is_not_loaded(tmp_path, models, precision, value):
    path = tmp_path / "broken.tflite"
    if precision == "scale":  # of integers, as files of 8 bits have them
        model = flatbuffer.read((models / "invert.tflite").read_bytes())
        weights = next(
            t for t in model.subgraphs[0].tensors if model.buffers[t.buffer].data is not None
        )
        weights.quantization = schema_py_generated.QuantizationParametersT(
            scale=[value], zeroPoint=[0]
        )
        path.write_bytes(flatbuffer.write(model))
    else:
        path.write_bytes(convert(broken(value), precision, 64))
    with pytest.raises(ModelFileError, match=r"broken\.tflite: has weights .* not finite"):
        LiteRTEngine(path)


@pytest.mark.parametrize("value", [*BAD, HUGE])
def test_a_keras_file_with_a_broken_weight_is_neither_loaded_nor_written(tmp_path, value):
    path = tmp_path / "broken.keras"
    network = broken(value, layer=-1)
    with pytest.raises(WeightsError, match=r"broken\.keras: not written"):
        save_model(network, path)
    assert list(tmp_path.iterdir()) == []
    network.save(path)
    with pytest.raises(WeightsError, match=r"broken\.keras: has weights .* not finite"):
        load_generator(path)
