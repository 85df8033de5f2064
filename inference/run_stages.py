"""Networks with whole-image statistics over photos of any size, in bounded memory.

Instance norm needs the mean and variance of a whole image before the next layer can start. The
network comes cut at these layers into local stages (`models/split_stages.py`). With them a photo is
computed in one of three ways:

- *stored*: stage by stage over all of it, in tiles; what later stages need is kept in float16,
  written over what they no longer need. Each layer is computed once.
- *sampled*: the statistics are measured that way on windows spread over the photo, and the whole
  network then runs in tiles with these. All tiles use the same, so there are no seams.
- *recomputed*: the statistics are measured one stage after the other, each by running all of the
  network before it over the photo in tiles; then as above.
"""

import numpy as np

from common.stage import Stage
from inference.applying import apply_tiles, tiles_of
from inference.layouts import SampledPhoto, WholePhoto, tile_shape
from inference.pixels import from_floats, to_floats
from inference.running_moments import Moments
from inference.sessions import opened
from inference.stage_manifest import ENHANCED
from inference.streaming import Counter, Source, lag, stream
from inference.tiling import plan_tiles

AREA = 128 * 128  # largest tile of a stage, pixels: its tensors about fit the cache
LEAST_AREA = 64 * 64  # smallest: below it most of the work would go into halos
INNER = 16  # side of what is measured of a window of the sample, pixels

Statistics = dict[str, np.ndarray]


def enhance_staged(engine, image, result, tile_area, max_memory, exact, counter) -> None:
    """Enhance a photo by a network in stages.

    Stored where that fits the memory, otherwise recomputed if `exact`, otherwise sampled.

    Args:
        engine: with `stages`, `halo`, `workers` and `networks`.
        image: RGB `(H, W, 3)`: uint8, uint16, or float in [0, 1].
        result: of the same shape; may be `image`.
        tile_area: largest tile of a pass through the whole network, pixels.
        max_memory: bytes that may be taken.
        exact: no approximation, however long it takes.
        counter: of tiles.
    """
    stages = engine.stages
    spare = max_memory - image.shape[0] * image.shape[1] * stages.stored_bytes
    if spare >= engine.workers * LEAST_AREA * max(map(stages.tile_bytes, stages.stages)):
        run_stages(engine, WholePhoto(image), spare, counter, result)
        return
    counter.expect(len(tiles_of(engine, image, tile_area)))
    if exact:
        statistics = recomputed_statistics(engine, image, tile_area, counter)
    else:
        statistics = sampled_statistics(engine, image, max_memory, counter)
    apply_tiles(engine, image, result, tile_area, stages.tiles, statistics, counter)


def sampled_statistics(engine, image: np.ndarray, max_memory: int, counter: Counter) -> Statistics:
    """The statistics of windows spread over a photo, as many as fit the memory.

    Returns:
        As `run_stages`.
    """
    stages = engine.stages
    radius = max(stage.measure_halo for stage in stages.stages)
    window = (2 * radius + INNER) ** 2
    spare = engine.workers * window * max(map(stages.tile_bytes, stages.stages))
    each = stages.stored_bytes + 3 * image.itemsize
    area = max((max_memory - spare) // each, window)
    return run_stages(engine, SampledPhoto(image, radius, area, INNER), spare, counter)


def recomputed_statistics(engine, image: np.ndarray, area: int, counter: Counter) -> Statistics:
    """The statistics of a whole photo, from one pass through the network for each stage.

    Returns:
        As `run_stages`.
    """
    passes = []
    for stage in engine.stages.stages:
        if stage.measured:
            halo = stage.measure_halo
            shape = tile_shape(*image.shape[:2], area, halo)
            passes.append((stage, plan_tiles(*image.shape[:2], shape, halo)))
    counter.expect(sum(len(plan) for stage, plan in passes if stage.measure_signature))
    statistics = {}
    for stage, plan in passes:
        moments = {name: Moments() for name in stage.measured}
        if stage.measure_signature is None:
            _measure_image(WholePhoto(image), moments)
        else:
            _measure(engine, stage, plan, image, statistics, moments, counter)
        statistics |= _as_inputs(moments)
    return statistics


def _measure(engine, stage: Stage, plan, image, statistics, moments, counter) -> None:
    with opened(engine, stage.measure_signature) as session:

        def work(t, pixels):
            tensors = session(image=to_floats(pixels)[None], **statistics)
            return {name: _moments(t.keep(tensors[name][0])) for name in moments}

        def write(t, found):
            for name, one in found.items():
                moments[name].merge(one)

        stream(plan, lambda t: t.read(image), work, write, session.workers, counter)


def run_stages(
    engine, layout, spare: int, counter: Counter, result: np.ndarray | None = None
) -> Statistics:
    """Run the stages one after the other, storing what later ones need.

    Args:
        engine: as for `enhance_staged`.
        layout: `WholePhoto` or `SampledPhoto`.
        spare: bytes that tiles may take beside what is stored.
        counter: of tiles.
        result: where the last stage writes; it is not run if None.

    Returns:
        Of each measured tensor `t`, `t_mean` and `t_variance`, `(1, 1, 1, C)` float32.
    """
    stages = [s for s in engine.stages.stages if result is not None or s.outputs != (ENHANCED,)]
    plans = [layout.plan(stage.halo, _area(engine, stage, spare)) for stage in stages]
    counter.expect(sum(len(p) for s, p in zip(stages, plans, strict=True) if s.signature))
    slot_of, sizes = engine.stages.slots
    slots = [np.empty((*layout.pixels.shape[:2], size), np.float16) for size in sizes]
    tensors = {"image": layout.pixels, ENHANCED: result}
    stored, shifts = {}, {}
    for stage, plan in zip(stages, plans, strict=True):
        for name in slot_of.keys() & set(stage.outputs):
            tensors[name] = slots[slot_of[name]][..., : stage.channels[name]]
        moments = {name: Moments() for name in stage.measured}
        if stage.signature is None:
            _measure_image(layout, moments)
        else:
            given = {name: stored[name] for name in stage.statistics}
            with opened(engine, stage.signature) as session:
                run = _StageRun(session, stage, layout, tensors, given)
                shifts |= run.find_shifts(plan[len(plan) // 2])
                run.over(plan, moments, counter)
        stored |= _as_inputs(moments)
    return {
        name: value + shifts.get(f"{name.removesuffix('_mean')}_shift", np.float32(0))
        for name, value in stored.items()
    }


def _area(engine, stage: Stage, spare: int) -> int:
    area = spare // (engine.workers * engine.stages.tile_bytes(stage))
    return int(np.clip(area, LEAST_AREA, AREA))


class _StageRun:
    """One stage, from stored tensors to stored tensors."""

    def __init__(self, session, stage: Stage, layout, tensors, given: Statistics):
        self._session, self._stage, self._layout = session, stage, layout
        self._tensors, self._given = tensors, given
        for name in stage.shifted:
            shape = (1, 1, 1, stage.channels[name])
            self._given[f"{name}_shift"] = np.zeros(shape, np.float32)

    def find_shifts(self, t) -> Statistics:
        """Take the means of one tile as what tensors are stored less."""
        if not self._stage.shifted:
            return {}
        inputs = {name: t.read(self._tensors[name]) for name in self._stage.inputs}
        _, found = self._work(t, inputs)
        means = _as_inputs(found)
        shifts = {f"{name}_shift": means[f"{name}_mean"] for name in self._stage.shifted}
        self._given |= shifts
        return shifts

    def over(self, plan, moments: dict[str, Moments], counter: Counter) -> None:
        """Run all tiles."""
        targets = [self._tensors[name] for name in self._stage.outputs]
        sources = {}
        for name in self._stage.inputs:
            tensor = self._tensors[name]
            overwritten = any(np.may_share_memory(tensor, target) for target in targets)
            sources[name] = Source(tensor, self._stage.halo, overwritten)

        def read(t):
            return {name: source.read(t) for name, source in sources.items()}

        def write(t, results):
            kept, found = results
            for name, values in kept.items():
                t.place(self._tensors[name], values)
            for name, one in found.items():
                moments[name].merge(one)

        ahead = lag(plan, self._stage.halo)
        stream(plan, read, self._work, write, self._session.workers, counter, ahead)

    def _work(self, t, inputs):
        if "image" in inputs:
            inputs["image"] = to_floats(inputs["image"])
        batch = {name: values[None] for name, values in inputs.items()}
        outputs = self._session(**batch, **self._given)
        found = {
            name: _moments(*self._layout.measured(t, t.keep(outputs[f"{name}_float32"][0])))
            for name in self._stage.measured
        }
        kept = {name: t.keep(outputs[name][0]) for name in self._stage.outputs}
        if ENHANCED in kept:
            kept[ENHANCED] = from_floats(kept[ENHANCED], self._tensors[ENHANCED].dtype)
        return kept, found


def _measure_image(layout, moments: dict[str, Moments]) -> None:
    for t in layout.plan(0, AREA):
        for found in moments.values():
            found.add(*layout.measured(t, to_floats(t.read(layout.pixels))))


def _moments(values: np.ndarray, weight: float = 1.0) -> Moments:
    moments = Moments()
    moments.add(values, weight)
    return moments


def _as_inputs(moments: dict[str, Moments]) -> Statistics:
    inputs = {}
    for name, found in moments.items():
        inputs[f"{name}_mean"] = found.mean.astype(np.float32).reshape(1, 1, 1, -1)
        inputs[f"{name}_variance"] = found.variance.astype(np.float32).reshape(1, 1, 1, -1)
    return inputs
