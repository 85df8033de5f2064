"""Networks with whole-image statistics over photos of any size, in bounded memory.

Instance norm needs the mean and variance of a whole image before the next layer can start. The
network comes cut at these layers into local stages (`models/stages.py`). With them a photo is
computed in one of three ways:

- *stored*: stage by stage over all of it, in tiles; what later stages need is kept in float16,
  written over what they no longer need. Each layer is computed once.
- *sampled*: the statistics are measured that way on windows spread over the photo, and the whole
  network then runs in tiles with these. All tiles use the same, so there are no seams.
- *recomputed*: the statistics are measured one stage after the other, each by running all of the
  network before it over the photo in tiles; then as above.
"""

import numpy as np

from inference.applying import apply_tiles
from inference.layouts import SampledPhoto, WholePhoto, tile_shape
from inference.moments import Moments
from inference.pixels import from_floats, to_floats
from inference.sessions import opened
from inference.stages import ENHANCED, Stage
from inference.streaming import Source, lag, stream
from inference.tiling import plan_tiles

AREA = 128 * 256  # largest tile of a stage, pixels: its tensors about fit the cache
LEAST_AREA = 64 * 64  # smallest: below it most of the work would go into halos
INNER = 64  # side of what is measured of a window of the sample, pixels

Statistics = dict[str, np.ndarray]


def enhance_staged(engine, image, result, tile_area, max_memory, exact, progress) -> None:
    """Enhance a photo by a network in stages.

    Stored where that fits the memory, otherwise recomputed if `exact`, otherwise sampled.

    Args:
        engine: with `stages`, `halo`, `bytes_per_pixel` and `networks`.
        image: RGB `(H, W, 3)`: uint8, uint16, or float in [0, 1].
        result: of the same shape; may be `image`.
        tile_area: largest tile of a pass through the whole network, pixels.
        max_memory: bytes that may be taken.
        exact: no approximation, however long it takes.
        progress: called with no argument as each tile is done, or None.
    """
    pixels = image.shape[0] * image.shape[1]
    spare = max_memory - pixels * engine.stages.stored_bytes
    with_least = max(map(engine.stages.tile_bytes, engine.stages.stages)) * LEAST_AREA
    if spare >= 2 * engine.workers * with_least:
        run_stages(engine, WholePhoto(image), spare, result)
        return
    if exact:
        statistics = recomputed_statistics(engine, image, tile_area)
    else:
        statistics = sampled_statistics(engine, image, max_memory)
    apply_tiles(engine, image, result, tile_area, engine.stages.tiles, statistics)


def sampled_statistics(engine, image: np.ndarray, max_memory: int) -> Statistics:
    """The statistics of windows spread over a photo, as many as fit the memory."""
    stages = engine.stages
    tile = 2 * engine.halo + INNER
    spare = engine.workers * tile**2 * max(map(stages.tile_bytes, stages.stages))
    each = stages.stored_bytes + 3 * image.itemsize
    area = max(max_memory - spare, tile**2 * each) // each
    return run_stages(engine, SampledPhoto(image, engine.halo, area, INNER), spare)


def recomputed_statistics(engine, image: np.ndarray, tile_area: int) -> Statistics:
    """The statistics of a whole photo, from one pass through the network for each stage."""
    statistics = {}
    for stage in engine.stages.stages:
        if not stage.measured:
            continue
        moments = {name: Moments() for name in stage.measured}
        if stage.measure_signature is None:
            _measure_image(WholePhoto(image), moments)
        else:
            with opened(engine, stage.measure_signature) as session:

                def work(t, pixels, session=session, known=statistics, names=stage.measured):
                    tensors = session(image=to_floats(pixels)[None], **known)
                    return {name: _moments(t.keep(tensors[name][0])) for name in names}

                def write(t, measured, moments=moments):
                    for name, found in measured.items():
                        moments[name].merge(found)

                shape = tile_shape(*image.shape[:2], tile_area, stage.measure_halo)
                plan = plan_tiles(*image.shape[:2], shape, stage.measure_halo)
                stream(plan, lambda t: t.read(image), work, write, session.workers)
        statistics |= _as_inputs(moments)
    return statistics


def run_stages(engine, layout, spare: int, result: np.ndarray | None = None) -> Statistics:
    """Run the stages one after the other, storing what later ones need.

    Args:
        engine: as for `enhance_staged`.
        layout: `WholePhoto` or `SampledPhoto`.
        spare: bytes that tiles may take beside what is stored.
        result: where the last stage writes; it is not run if None.

    Returns:
        Of each measured tensor `t`, `t_mean` and `t_variance`, `(1, 1, 1, C)` float32.
    """
    slot_of, sizes = engine.stages.slots
    shape = layout.pixels.shape[:2]
    slots = [np.empty((*shape, size), np.float16) for size in sizes]
    tensors = {"image": layout.pixels, ENHANCED: result}
    statistics = {}
    for stage in engine.stages.stages:
        if stage.outputs == (ENHANCED,) and result is None:
            break
        for name in set(stage.outputs) & slot_of.keys():
            tensors[name] = slots[slot_of[name]][..., : stage.channels[name]]
        moments = {name: Moments() for name in stage.measured}
        if stage.signature is None:
            _measure_image(layout, moments)
        else:
            area = spare // (engine.workers * engine.stages.tile_bytes(stage))
            area = int(np.clip(area, LEAST_AREA, AREA))
            with opened(engine, stage.signature) as session:
                _run_stage(session, stage, layout, area, tensors, statistics, moments)
        statistics |= _as_inputs(moments)
    return statistics


def _run_stage(session, stage: Stage, layout, area, tensors, statistics, moments) -> None:
    plan = layout.plan(stage.halo, area)
    targets = [tensors[name] for name in stage.outputs]
    sources = {}
    for name in stage.inputs:
        overwritten = any(np.may_share_memory(tensors[name], target) for target in targets)
        sources[name] = Source(tensors[name], stage.halo, overwritten)
    given = {name: statistics[name] for name in stage.statistics}

    def read(t):
        return {name: source.read(t) for name, source in sources.items()}

    def work(t, inputs):
        outputs = session(**{k: to_floats(x)[None] for k, x in inputs.items()}, **given)
        kept = {name: t.keep(outputs[name][0]) for name in stage.outputs}
        found = {name: _moments(layout.measured(t, kept[name])) for name in stage.measured}
        return {name: _storable(name, kept[name], tensors[name].dtype) for name in kept}, found

    def write(t, results):
        kept, found = results
        for name, values in kept.items():
            t.place(tensors[name], values)
        for name, one in found.items():
            moments[name].merge(one)

    stream(plan, read, work, write, session.workers, lag(plan, stage.halo))


def _storable(name: str, values: np.ndarray, dtype: np.dtype) -> np.ndarray:
    return from_floats(values, dtype) if name == ENHANCED else values.astype(dtype)


def _measure_image(layout, moments: dict[str, Moments]) -> None:
    for t in layout.plan(0, AREA):
        for found in moments.values():
            found.add(layout.measured(t, to_floats(t.read(layout.pixels))))


def _moments(values: np.ndarray) -> Moments:
    moments = Moments()
    moments.add(values)
    return moments


def _as_inputs(moments: dict[str, Moments]) -> Statistics:
    inputs = {}
    for name, found in moments.items():
        inputs[f"{name}_mean"] = found.mean.astype(np.float32).reshape(1, 1, 1, -1)
        inputs[f"{name}_variance"] = found.variance.astype(np.float32).reshape(1, 1, 1, -1)
    return inputs
