"""A network over a photo in tiles, from the photo's integers to its integers."""

import numpy as np

from common.tensor_names import ENHANCED, IMAGE
from inference.engine import Engine
from inference.network_pool import NetworkPool
from inference.pixels import from_floats, to_floats
from inference.streaming import Counter, Source, lag, stream
from inference.tiling import Tile, continued_shape, plan_continued, plan_tiles, tile_shape


def run_tiles(
    engine: Engine,
    image: np.ndarray,
    result: np.ndarray,
    plan: list[Tile],
    counter: Counter,
    signature: str | None = None,
    given: dict[str, np.ndarray] | None = None,
) -> None:
    """Run a network in tiles with its receptive radius as halo.

    Only the tiles under computation are held as floats.

    Args:
        engine: The engine.
        image: RGB `(H, W, 3)`: uint8, uint16, or float in [0, 1].
        result: The array to write, of the same shape; may be `image`.
        plan: The tiles that `plan_of` returns.
        counter: Counts the tiles; it expects them.
        signature: One of the engine's networks; None is the network without statistics.
        given: The tensors that the network takes of the whole photo: statistics, or a thumbnail.
    """
    pool = NetworkPool(engine, signature, given)
    source = Source(image, engine.halo, np.may_share_memory(image, result))

    def work(t: Tile, pixels: np.ndarray) -> np.ndarray:
        floats = to_floats(t.filled(pixels))[None]
        enhanced = pool(**{IMAGE: floats})[ENHANCED][0]
        return from_floats(t.keep(enhanced), result.dtype)

    def write(t: Tile, kept: np.ndarray) -> None:
        t.place(result, kept)

    stream(plan, source.read, work, write, pool.workers, counter, lag(plan, engine.halo))


def plan_of(engine: Engine, image: np.ndarray, tile_area: int) -> list[Tile]:
    """Plan the tiles of a pass through an engine's whole network.

    The photo is continued at its edges, unless the network takes statistics of the photo.

    Args:
        engine: The engine.
        image: `(H, W, 3)`.
        tile_area: The largest tile, pixels, of an engine that takes any size.
    """
    height, width, halo = *image.shape[:2], engine.halo
    if engine.stages is not None:
        return plan_tiles(height, width, tile_shape(height, width, tile_area, halo), halo)
    shape = engine.tile or continued_shape(height, width, tile_area, halo, engine.multiple)
    return plan_continued(height, width, shape, halo, engine.multiple)
