"""The entry to enhancement: a photo of any size through any engine, within a memory budget.

`enhance_image` chooses one of five ways. `choose_way` holds the whole decision.
"""

import enum

import numpy as np

from common.finite_weights import BROKEN
from common.tensor_names import THUMBNAIL
from inference import run_stages
from inference.engine import Engine, GlobalInput, ModelFileError
from inference.photo_thumbnail import thumbnail_of
from inference.pixels import NotFiniteError, from_floats, to_floats
from inference.run_tiles import plan_of, run_tiles
from inference.streaming import Counter, Progress

DEFAULT_MEMORY = 10**9  # bytes
UNKNOWN_COST = 3000  # bytes a pixel; measured: 64 channels, instance norm, whole frame


class Way(enum.Enum):
    """A way to bring a photo through a network."""

    TILES = "tiles: exact"
    STORED_STAGES = "stage by stage over the whole photo: exact"
    SAMPLED_STATISTICS = "statistics from a sample of the photo, then tiles: close, fast"
    RECOMPUTED_STATISTICS = "statistics from one pass for each stage, then tiles: exact, slow"
    WHOLE_FRAME = "the whole photo at once: exact"


def choose_way(engine: Engine, height: int, width: int, max_memory: int, exact: bool) -> Way:
    """Choose the way for a photo.

    | the network needs | and | way |
    |---|---|---|
    | nothing of the whole photo, or its thumbnail | | tiles |
    | statistics, and comes in stages | its tensors fit the memory | stored stages |
    | statistics, and comes in stages | its tensors do not fit | sampled statistics |
    | statistics, and comes in stages | they do not fit, `exact` | recomputed statistics |
    | anything else | the whole frame fits the memory | whole frame |

    Args:
        engine: The engine.
        height: Height of the photo, pixels.
        width: Width of the photo, pixels.
        max_memory: Bytes that may be taken beyond photo and result.
        exact: Whether approximation is forbidden.

    Raises:
        ModelFileError: The whole frame does not fit the memory and there is no other way.
    """
    if engine.stages is not None:
        if run_stages.stored_tensors_fit(engine, engine.stages, height, width, max_memory):
            return Way.STORED_STAGES
        return Way.RECOMPUTED_STATISTICS if exact else Way.SAMPLED_STATISTICS
    if engine.global_input.allows_tiles:
        return Way.TILES
    needed = height * width * (engine.bytes_per_pixel or UNKNOWN_COST)
    if needed > max_memory:
        hint = ", or export the model again (python export/to_tflite.py) to a file for tiles"
        if engine.global_input is GlobalInput.WHOLE_PHOTO:
            hint = ""
        raise ModelFileError(
            f"{engine.name}: needs the whole photo and cannot run in tiles; {width}×{height} "
            f"pixels take about {needed / 1e9:.1f} GB: allow as much{hint}"
        )
    return Way.WHOLE_FRAME


def enhance_image(
    engine: Engine,
    image: np.ndarray,
    tile: int = 512,
    progress: Progress | None = None,
    max_memory: int | None = None,
    in_place: bool = False,
    exact: bool = False,
) -> np.ndarray:
    """Enhance a photo of any size.

    Args:
        engine: A `LiteRTEngine` or a `KerasEngine`.
        image: RGB `(H, W, 3)`: uint8, uint16, or float in [0, 1].
        tile: The largest side of a tile, pixels, for an engine that takes any size.
        progress: Called with (tiles done, tiles in all), over all passes.
        max_memory: Bytes that may be taken beyond `image` itself; None for `DEFAULT_MEMORY`. The
            smallest tiles take some 50 MB even if `max_memory` is less.
        in_place: Whether the result is written over `image`.
        exact: Whether approximation is forbidden, however long the computation takes.

    Returns:
        RGB `(H, W, 3)`: of the dtype of an integer image, otherwise float32 clipped to [0, 1].

    Raises:
        ModelFileError: The network does not run at this size, or not in this memory; or it gives
            values that are not finite. With `in_place` the image is then lost.
    """
    dtype = image.dtype if np.issubdtype(image.dtype, np.integer) else np.float32
    result = image if in_place else np.empty(image.shape, dtype)
    memory = DEFAULT_MEMORY if max_memory is None else max_memory
    if not in_place:
        memory -= result.nbytes
    height, width = image.shape[:2]
    cost = engine.bytes_per_pixel or UNKNOWN_COST
    tile_area = min(tile**2, max(memory, 0) // (engine.workers * cost))
    counter = Counter(progress)

    way = choose_way(engine, height, width, memory, exact)
    try:
        _run(way, engine, image, result, memory, tile_area, counter)
    except NotFiniteError:
        raise ModelFileError(f"{engine.name}: gives values {BROKEN}") from None
    return result


def _run(
    way: Way,
    engine: Engine,
    image: np.ndarray,
    result: np.ndarray,
    memory: int,
    tile_area: int,
    counter: Counter,
) -> None:
    """Enhance `image` into `result` in the chosen way."""
    if way is Way.STORED_STAGES:
        run_stages.enhance_stored(engine, image, result, memory, counter)
    elif way is Way.WHOLE_FRAME:
        counter.expect(1)
        result[:] = from_floats(engine(to_floats(image)[None])[0], result.dtype)
        counter.tick()
    else:
        plan = plan_of(engine, image, tile_area)
        counter.expect(len(plan))
        signature, given = None, {}
        if way is Way.SAMPLED_STATISTICS:
            given = run_stages.sampled_statistics(engine, image, memory, counter)
        elif way is Way.RECOMPUTED_STATISTICS:
            given = run_stages.recomputed_statistics(engine, image, tile_area, counter)
        elif engine.thumbnail:
            given = {THUMBNAIL: thumbnail_of(image, engine.thumbnail)[None]}
        if engine.stages is not None:
            signature = engine.stages.tiles
        run_tiles(engine, image, result, plan, counter, signature, given)
