"""Networks with statistics of the whole photo: stored, recomputed and sampled."""

import dataclasses
import json
import shutil
import tracemalloc

import keras
import numpy as np
import pytest

import models
from common.stages import StagePlan
from export.to_tflite import ExportConfig, export
from inference.engine import ModelFileError
from inference.enhance_image import enhance_image
from inference.keras_engine import KerasEngine
from inference.litert_engine import LiteRTEngine
from inference.measured_areas import SampledPhoto
from inference.running_moments import RunningMoments
from inference.stage_memory import assign_slots, stored_bytes
from models.generator import build_generator
from models.rivals.ppcn import build_ppcn
from models.split_stages import split_stages


def networks():
    keras.utils.set_random_seed(0)
    small = (1, 7, 8), (7, 1, 8), (3, 3, 6), (3, 3, 8), (3, 3, 6), (3, 3, 8), (1, 1, 4), (3, 3, 3)
    found = {"dped": build_generator("instance", channels=8, blocks=2), "ppcn": build_ppcn(small)}
    rng = np.random.default_rng(0)
    for model in found.values():
        for weight in model.weights:  # as training leaves them: uneven norms
            if weight.path.endswith(("scale", "shift", "bias")):
                weight.assign(weight + rng.normal(0, 0.1, weight.shape))
    return found


@pytest.fixture(scope="module")
def engines(tmp_path_factory):
    """Map each name to a Keras model, the engine of its file, and the engine of the model."""
    folder, found = tmp_path_factory.mktemp("staged"), {}
    for name, model in networks().items():
        models.save_model(model, folder / f"{name}.keras")
        config = ExportConfig(
            model=str(folder / f"{name}.keras"), precision="fp32", output=str(folder)
        )
        (file,) = export(config)
        halo = models.receptive_radius(model)
        own = KerasEngine(model, "instance", halo, split_stages(model))
        found[name] = model, LiteRTEngine(file, threads=2), own
    return found


def photo(height, width):
    """Make an uneven photo: the statistics of a part differ from those of the whole."""
    rng = np.random.default_rng(height * 1000 + width)
    ramp = np.linspace(0, 200, width)[None, :, None] * np.linspace(0.2, 1, height)[:, None, None]
    return (ramp + rng.integers(0, 55, (height, width, 3))).astype(np.uint8)


def whole_frame(model, image):
    return np.clip(model.predict_on_batch(image[None].astype(np.float32) / 255)[0], 0, 1) * 255


@pytest.mark.parametrize(
    ("height", "width"), [(1, 1), (1, 90), (90, 1), (37, 300), (161, 130), (200, 333)]
)
@pytest.mark.parametrize("name", ["dped", "ppcn"])
def test_stored_stages_give_the_whole_frame(engines, name, height, width, monkeypatch):
    model, engine, own = engines[name]
    # Several tiles, for these small photos too.
    monkeypatch.setattr("inference.run_stages.AREA", 64 * 64)
    image = photo(height, width)
    # The same file's network that takes its own statistics; TensorFlow's dilated convolution is
    # at times wrong on a single row.
    whole = engine(image[None].astype(np.float32) / 255)[0]
    expected = np.clip(whole, 0, 1) * 255
    if height > 1:
        np.testing.assert_allclose(expected, whole_frame(model, image), atol=0.05)
    for in_place in (False, True):
        result = enhance_image(engine, image.copy(), in_place=in_place)
        assert np.abs(result - np.rint(expected)).max() <= 1, in_place
    if height > 100:
        assert np.abs(enhance_image(own, image) - np.rint(expected)).max() <= 1


@pytest.mark.parametrize("name", ["dped", "ppcn"])
def test_recomputed_statistics_give_the_whole_frame(engines, name):
    model, engine, own = engines[name]
    image, seen = photo(161, 230), []
    result = enhance_image(
        engine, image, 96, lambda *n: seen.append(n), max_memory=400_000, exact=True
    )
    assert np.abs(result - whole_frame(model, image)).max() < 0.6
    total = seen[-1][1]
    assert seen == [(n, total) for n in range(1, total + 1)]
    result = enhance_image(own, image, 96, max_memory=400_000, exact=True)
    assert np.abs(result - whole_frame(model, image)).max() < 0.6


@pytest.mark.parametrize("name", ["dped", "ppcn"])
def test_sampled_statistics_are_near_and_leave_no_seams(engines, name):
    model, engine, _ = engines[name]
    image = photo(500, 600)
    expected = whole_frame(model, image)
    memory = image.nbytes + int(0.6 * stored_bytes(engine.stages) * 500 * 600)
    error = enhance_image(engine, image, 128, max_memory=memory) - expected
    # Random weights; the authors' reach 50 dB and more on real photos (docs/results.md).
    assert -10 * np.log10(np.mean((error / 255) ** 2)) > 36
    assert np.abs(error).max() > 0.6  # it is the sample that was used, not all of it
    # A seam would be a step of the error across the edges of tiles.
    smooth = error.mean(axis=2)[12:-12, 12:-12]  # the padding of the edges is no seam
    assert np.abs(np.diff(smooth.mean(axis=0))).max() < 1
    assert np.abs(np.diff(smooth.mean(axis=1))).max() < 1


def test_a_tile_by_itself_is_far_off(engines):
    """Without stages, the statistics of a part give another picture."""
    model = engines["dped"][0]
    image = photo(161, 230)
    part = whole_frame(model, image[:96, :96])[:60, :60]
    assert np.abs(part - whole_frame(model, image)[:60, :60]).max() > 5


def test_memory_is_kept_to(engines):
    """Measure NumPy's memory; `benchmarks/inference.py` measures LiteRT's memory."""
    engine, image = engines["dped"][1], photo(700, 900)
    stored = stored_bytes(engine.stages) * 700 * 900
    for memory in (stored + 6_000_000, stored // 2):
        tracemalloc.start()
        enhance_image(engine, image, max_memory=memory)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert memory / 3 < peak < memory


def test_stages_by_hand():
    """One residual block has two norms, three stages, two stored tensors, one slot reused."""
    network = split_stages(build_generator("instance", channels=8, blocks=1))
    plan = StagePlan.from_json(json.loads(json.dumps(network.plan.as_json())))
    assert plan == network.plan
    first, second, third = plan.stages
    assert first.inputs == ("image",) and first.outputs == ("head_relu", "block1_1_conv")
    assert (first.halo, second.halo, third.halo) == (5, 1, 6)
    assert (first.measure_halo, second.measure_halo) == (5, 6)
    assert second.inputs == first.measured == ("block1_1_conv",)
    assert third.inputs == ("head_relu", "block1_2_conv") and third.outputs == ("enhanced",)
    assert stored_bytes(plan) == 2 * 8 * 2
    slot_of, sizes = assign_slots(plan)
    assert slot_of["block1_1_conv"] == slot_of["block1_2_conv"] != slot_of["head_relu"]
    assert sizes == [8, 8]


def test_ppcn_measures_the_image_first():
    network = split_stages(build_ppcn())
    assert network.plan.stages[0].signature is None and network.plan.stages[0].measured == (
        "image",
    )
    assert network.plan.stages[1].statistics == ("image_mean",)
    assert stored_bytes(network.plan) == 2 * (16 + 32)


def test_moments_keep_their_digits():
    """Mean 1000, deviation 0.01: float32 sums of squares would lose the deviation."""
    rng = np.random.default_rng(0)
    values = (1000 + 0.01 * rng.standard_normal((300, 200, 2))).astype(np.float32)
    moments = RunningMoments()
    for start in range(0, 300, 70):
        moments.add(values[start : start + 70])
    exact = values.astype(np.float64)
    np.testing.assert_allclose(moments.mean, exact.mean((0, 1)), rtol=1e-7)
    np.testing.assert_allclose(moments.variance, exact.var((0, 1)), rtol=1e-2)
    spread = rng.standard_normal((300, 200, 2)).astype(np.float32) + 3
    moments = RunningMoments()
    for start in range(0, 200, 70):
        moments.add(spread[:, start : start + 70])
    np.testing.assert_allclose(moments.variance, spread.var((0, 1), dtype=float), rtol=1e-6)


def test_a_sample_stands_for_the_area_of_the_photo():
    image = photo(200, 300)
    sample = SampledPhoto(image, 5, 20_000, 16)
    plan = sample.plan(5, 0)
    assert 20_000 * 0.7 < sample.pixels.shape[0] * sample.pixels.shape[1] <= 20_000
    assert len(plan) > 20
    covered = 0
    for t in plan:
        window = t.read(sample.pixels)
        inner, weight = sample.measured(t, window)
        assert np.shares_memory(inner, window) and min(inner.shape[:2]) >= 5
        covered += weight * inner.shape[0] * inner.shape[1]
    assert abs(covered - 200 * 300) < 150  # but for the corners, which lie on two edges


def test_a_sample_knows_the_photos_edges():
    """White edges on black: the mean is known, and no window inside sees the edges."""
    image = np.zeros((300, 400, 3), np.uint8)
    image[:5], image[-5:], image[:, :5], image[:, -5:] = 255, 255, 255, 255
    sample, moments = SampledPhoto(image, 5, 40_000, 16), RunningMoments()
    for t in sample.plan(0, 0):
        values, weight = sample.measured(t, t.read(sample.pixels))
        moments.add(values.astype(np.float32), weight)
    np.testing.assert_allclose(moments.mean, image.mean((0, 1)), rtol=0.02)


def test_small_photos_are_sampled_whole():
    image = photo(10, 12)
    sample = SampledPhoto(image, 18, 10_000, 16)
    assert (sample.pixels == np.concatenate([image] * (len(sample.pixels) // 10))).all()
    assert sample.measured(sample.plan(0, 0)[0], sample.pixels[:10])[0].shape == (10, 12, 3)


def test_a_file_without_stages_says_what_to_do(engines, tmp_path):
    engine = engines["dped"][1]
    shutil.copy(engine.path, tmp_path / "old.tflite")
    manifest = json.loads(engine.path.with_suffix(".json").read_text())
    del manifest["stages"]
    (tmp_path / "old.json").write_text(json.dumps({**manifest, "sha256": None}))
    old, image = LiteRTEngine(tmp_path / "old.tflite"), photo(90, 80)
    expected = whole_frame(engines["dped"][0], image)
    assert np.abs(enhance_image(old, image) - expected).max() < 0.6
    with pytest.raises(ModelFileError, match=r"old\.tflite: .*80×90 .*export the model again") as e:
        enhance_image(old, image, max_memory=1_000_000)
    assert "\n" not in str(e.value)


def test_stages_that_are_none_make_a_bad_manifest(engines, tmp_path):
    engine = engines["dped"][1]
    shutil.copy(engine.path, tmp_path / "x.tflite")
    for stages in ({}, {"stages": [{}], "tiles": "tiles"}, []):
        (tmp_path / "x.json").write_text(json.dumps({"stages": stages}))
        with pytest.raises(ModelFileError, match=r"x\.json: not a usable manifest"):
            LiteRTEngine(tmp_path / "x.tflite")


def test_weights_are_stored_once(engines):
    engine = engines["dped"][1]
    network = dataclasses.asdict(engine.stages)
    assert len(network["stages"]) == 5
    wide = build_generator("instance", channels=32, blocks=2)
    from export.convert import convert_staged

    content, _ = convert_staged(wide, "fp32")
    assert len(content) < 4 * wide.count_params() + 150_000 < 1.7 * 4 * wide.count_params()
