"""A network that takes statistics of the whole image, over a photo of any size in bounded memory.

Instance norm needs the mean and variance of a whole image before the next layer can start. The
network comes cut at these layers into local stages (`common/stages.py`). The stages enhance a
photo in one of three ways:

- *stored*: the stages run one after the other over the whole photo, in tiles. Tensors that later
  stages need are stored in float16, over tensors that no stage needs any more. Each layer is
  computed once.
- *sampled*: the stages run that way over windows spread over the photo, to measure the statistics.
  Then the whole network runs in tiles. All tiles use the same statistics, so there are no seams.
- *recomputed*: for each stage, the network up to this stage runs in tiles over the whole photo, to
  measure the statistics. Then the whole network runs in tiles.
"""

from collections.abc import Sequence

import numpy as np

from common.stages import Stage, StagePlan
from common.tensor_names import ENHANCED, IMAGE
from inference.engine import Engine
from inference.measured_areas import MeasuredArea, SampledPhoto, WholePhoto
from inference.network_pool import NetworkPool
from inference.pixels import from_floats, to_floats
from inference.running_moments import RunningMoments
from inference.stage_memory import assign_slots, largest_tile_bytes, stored_bytes, tile_bytes
from inference.streaming import Counter, Source, lag, stream
from inference.tiling import Tile, plan_tiles, tile_shape

AREA = 128 * 128  # largest tile of a stage, pixels: its tensors about fit the cache
HALOS = 48  # a tile may be this many halos wide, even if its tensors do not fit the cache
LEAST_AREA = 64 * 64  # smallest tile: below it most of the work would go into halos
FOLDING = 1_000_000  # bytes that `fold_given` takes beside the weights
INNER = 16  # side of the measured part of a window of the sample, pixels

Tensors = dict[str, np.ndarray]


def stored_tensors_fit(
    engine: Engine, stages: StagePlan, height: int, width: int, max_memory: int
) -> bool:
    """Return whether a photo's tensors between stages, and the smallest tiles, fit the memory.

    Args:
        engine: The engine.
        stages: The engine's stages.
        height: Height of the photo, pixels.
        width: Width of the photo, pixels.
        max_memory: Bytes.
    """
    spare = max_memory - height * width * stored_bytes(stages)
    return spare >= engine.workers * LEAST_AREA * largest_tile_bytes(stages)


def enhance_stored(
    engine: Engine, image: np.ndarray, result: np.ndarray, max_memory: int, counter: Counter
) -> None:
    """Enhance a photo stage by stage; the tensors between stages are stored.

    Args:
        engine: An engine with stages.
        image: RGB `(H, W, 3)`: uint8, uint16, or float in [0, 1].
        result: The array to write, of the same shape; may be `image`.
        max_memory: Bytes that may be taken.
        counter: Counts the tiles.
    """
    spare = max_memory - image.shape[0] * image.shape[1] * stored_bytes(_stages_of(engine))
    run_stages(engine, WholePhoto(image), spare, counter, result)


def sampled_statistics(
    engine: Engine, image: np.ndarray, max_memory: int, counter: Counter
) -> Tensors:
    """Measure the statistics on windows spread over a photo, as many as fit the memory.

    Args:
        engine: An engine with stages.
        image: RGB `(H, W, 3)`: uint8, uint16, or float in [0, 1].
        max_memory: Bytes that may be taken.
        counter: Counts the tiles.

    Returns:
        The statistics that `run_stages` returns.
    """
    stages = _stages_of(engine)
    radius = max(stage.measure_halo for stage in stages.stages)
    window = (2 * radius + INNER) ** 2
    spare = engine.workers * window * largest_tile_bytes(stages)
    each = stored_bytes(stages) + 3 * image.itemsize
    area = max((max_memory - spare - FOLDING) // each, window)
    return run_stages(engine, SampledPhoto(image, radius, area, INNER), spare, counter)


def recomputed_statistics(
    engine: Engine, image: np.ndarray, area: int, counter: Counter
) -> Tensors:
    """Measure the statistics of a whole photo by one pass through the network for each stage.

    Args:
        engine: An engine with stages.
        image: RGB `(H, W, 3)`: uint8, uint16, or float in [0, 1].
        area: The largest tile, pixels.
        counter: Counts the tiles.

    Returns:
        The statistics that `run_stages` returns.
    """
    height, width = image.shape[:2]
    passes = []
    for stage in _stages_of(engine).stages:
        if stage.measured:
            shape = tile_shape(height, width, area, stage.measure_halo)
            passes.append((stage, plan_tiles(height, width, shape, stage.measure_halo)))
    counter.expect(sum(len(plan) for stage, plan in passes if stage.measure_signature))
    statistics: Tensors = {}
    for stage, plan in passes:
        if stage.measure_signature is None:
            moments = _image_moments(WholePhoto(image), stage)
        else:
            moments = _recomputed_moments(engine, stage, plan, image, statistics, counter)
        statistics |= _as_inputs(moments)
    return statistics


def _recomputed_moments(
    engine: Engine,
    stage: Stage,
    plan: Sequence[Tile],
    image: np.ndarray,
    statistics: Tensors,
    counter: Counter,
) -> dict[str, RunningMoments]:
    """Run the network up to a stage over the photo and measure the stage's tensors."""
    pool = NetworkPool(engine, stage.measure_signature, statistics)
    moments = {name: RunningMoments() for name in stage.measured}

    def read(t: Tile) -> np.ndarray:
        return t.read(image)

    def work(t: Tile, pixels: np.ndarray) -> dict[str, RunningMoments]:
        tensors = pool(**{IMAGE: to_floats(pixels)[None]})
        return {name: _moments(t.keep(tensors[name][0])) for name in moments}

    def write(t: Tile, found: dict[str, RunningMoments]) -> None:
        for name, one in found.items():
            moments[name].merge(one)

    stream(plan, read, work, write, pool.workers, counter)
    return moments


def run_stages(
    engine: Engine,
    area: MeasuredArea,
    spare: int,
    counter: Counter,
    result: np.ndarray | None = None,
) -> Tensors:
    """Run the stages one after the other and store the tensors that later stages need.

    Args:
        engine: An engine with stages.
        area: The pixels to run over.
        spare: Bytes that tiles may take beside the stored tensors.
        counter: Counts the tiles.
        result: The array that the last stage writes; None leaves the last stage out.

    Returns:
        The statistics `t_mean` and `t_variance` of each measured tensor `t`, `(1, 1, 1, C)`
        float32.
    """
    plan = _stages_of(engine)
    stages = [s for s in plan.stages if result is not None or s.outputs != (ENHANCED,)]
    tiles = [area.plan(stage.halo, _tile_area(engine, plan, stage, spare)) for stage in stages]
    counter.expect(sum(len(t) for s, t in zip(stages, tiles, strict=True) if s.signature))
    slots = assign_slots(plan)
    arrays = [np.empty((*area.pixels.shape[:2], size), np.float16) for size in slots.channels]
    tensors: Tensors = {IMAGE: area.pixels}
    if result is not None:
        tensors[ENHANCED] = result
    stored, shifts = {}, {}
    for stage, stage_tiles in zip(stages, tiles, strict=True):
        for name in slots.slot_of.keys() & set(stage.outputs):
            tensors[name] = arrays[slots.slot_of[name]][..., : stage.channels[name]]
        if stage.signature is None:
            moments = _image_moments(area, stage)
        else:
            given = {name: stored[name] for name in stage.statistics}
            run = _StageRun(engine, stage, area, tensors, given)
            shifts |= run.find_shifts(stage_tiles[len(stage_tiles) // 2])
            moments = run.over(stage_tiles, counter)
            del run  # The networks' memory is free before the next stage opens its networks.
        stored |= _as_inputs(moments)
    return {
        name: value + shifts.get(f"{name.removesuffix('_mean')}_shift", np.float32(0))
        for name, value in stored.items()
    }


def _tile_area(engine: Engine, plan: StagePlan, stage: Stage, spare: int) -> int:
    area = spare // (engine.workers * tile_bytes(plan, stage))
    return int(np.clip(area, LEAST_AREA, max(AREA, (HALOS * stage.halo) ** 2)))


class _StageRun:
    """One stage at work, from stored tensors to stored tensors.

    Args:
        engine: The engine.
        stage: The stage; it has a signature.
        area: The pixels to run over.
        tensors: The stored tensors by name.
        given: The statistics that the stage takes.
    """

    def __init__(
        self, engine: Engine, stage: Stage, area: MeasuredArea, tensors: Tensors, given: Tensors
    ):
        self._engine, self._stage, self._area, self._tensors = engine, stage, area, tensors
        self._given = given
        unshifted = {
            f"{name}_shift": np.zeros((1, 1, 1, stage.channels[name]), np.float32)
            for name in stage.shifted
        }
        self._pool = NetworkPool(engine, stage.signature, given | unshifted)

    def find_shifts(self, t: Tile) -> Tensors:
        """Take the means of one tile as the shifts of the tensors that are stored shifted."""
        if not self._stage.shifted:
            return {}
        inputs = {name: t.read(self._tensors[name]) for name in self._stage.inputs}
        _, found = self._work(t, inputs)
        means = _as_inputs(found)
        shifts = {f"{name}_shift": means[f"{name}_mean"] for name in self._stage.shifted}
        self._pool = NetworkPool(self._engine, self._stage.signature, self._given | shifts)
        return shifts

    def over(self, plan: Sequence[Tile], counter: Counter) -> dict[str, RunningMoments]:
        """Run all tiles, and return the moments of the tensors that are measured."""
        moments = {name: RunningMoments() for name in self._stage.measured}
        targets = [self._tensors[name] for name in self._stage.outputs]
        sources = {}
        for name in self._stage.inputs:
            tensor = self._tensors[name]
            overwritten = any(np.may_share_memory(tensor, target) for target in targets)
            sources[name] = Source(tensor, self._stage.halo, overwritten)

        def read(t: Tile) -> Tensors:
            return {name: source.read(t) for name, source in sources.items()}

        def write(t: Tile, results: tuple[Tensors, dict[str, RunningMoments]]) -> None:
            kept, found = results
            for name, values in kept.items():
                t.place(self._tensors[name], values)
            for name, one in found.items():
                moments[name].merge(one)

        ahead = lag(plan, self._stage.halo)
        stream(plan, read, self._work, write, self._pool.workers, counter, ahead)
        return moments

    def _work(self, t: Tile, inputs: Tensors) -> tuple[Tensors, dict[str, RunningMoments]]:
        """Return a tile's kept outputs, and the moments of its measured outputs."""
        if IMAGE in inputs:
            inputs[IMAGE] = to_floats(inputs[IMAGE])
        batch = {name: values[None] for name, values in inputs.items()}
        outputs = self._pool(**batch)
        found = {
            name: _moments(*self._area.measured(t, t.keep(outputs[f"{name}_float32"][0])))
            for name in self._stage.measured
        }
        kept = {name: t.keep(outputs[name][0]) for name in self._stage.outputs}
        if ENHANCED in kept:
            kept[ENHANCED] = from_floats(kept[ENHANCED], self._tensors[ENHANCED].dtype)
        return kept, found


def _stages_of(engine: Engine) -> StagePlan:
    assert engine.stages is not None, "the engine has no stages"
    return engine.stages


def _image_moments(area: MeasuredArea, stage: Stage) -> dict[str, RunningMoments]:
    """Measure the image itself, where it is what a stage measures."""
    moments = {name: RunningMoments() for name in stage.measured}
    for t in area.plan(0, AREA):
        for found in moments.values():
            found.add(*area.measured(t, to_floats(t.read(area.pixels))))
    return moments


def _moments(values: np.ndarray, weight: float = 1.0) -> RunningMoments:
    moments = RunningMoments()
    moments.add(values, weight)
    return moments


def _as_inputs(moments: dict[str, RunningMoments]) -> Tensors:
    """Return moments as the tensors that networks take."""
    inputs = {}
    for name, found in moments.items():
        inputs[f"{name}_mean"] = found.mean.astype(np.float32).reshape(1, 1, 1, -1)
        inputs[f"{name}_variance"] = found.variance.astype(np.float32).reshape(1, 1, 1, -1)
    return inputs
