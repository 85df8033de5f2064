"""A network over a photo in tiles, from the photo's own integers to its own integers."""

import numpy as np

from inference.layouts import tile_shape
from inference.pixels import from_floats, to_floats
from inference.sessions import opened
from inference.streaming import Counter, Source, lag, stream
from inference.tiling import Tile, plan_tiles


def apply_tiles(
    engine,
    image: np.ndarray,
    result: np.ndarray,
    tile_area: int,
    signature: str | None = None,
    given: dict[str, np.ndarray] | None = None,
    counter: Counter | None = None,
) -> None:
    """Run a network in tiles with its receptive radius as halo: the whole frame's result.

    Only the tiles under way are ever held as floats.

    Args:
        engine: as for `inference.enhance_image.enhance_image`.
        image: RGB `(H, W, 3)`: uint8, uint16, or float in [0, 1].
        result: where to write, of the same shape; may be `image`.
        tile_area: largest tile, pixels, for engines that take any size.
        signature: which of the engine's networks; None is the one without statistics.
        given: what it takes of the whole photo: statistics, or its thumbnail.
        counter: ticks after each tile; it expects them.
    """
    halo, given = engine.halo, given or {}
    plan = tiles_of(engine, image, tile_area)
    source = Source(image, halo, np.may_share_memory(image, result))

    with opened(engine, signature) as session:

        def work(t, pixels):
            floats = to_floats(t.filled(pixels))[None]
            enhanced = session(image=floats, **given)["enhanced"][0]
            return from_floats(t.keep(enhanced), result.dtype)

        def write(t, kept):
            t.place(result, kept)

        stream(
            plan, source.read, work, write, session.workers, counter or Counter(), lag(plan, halo)
        )


def tiles_of(engine, image: np.ndarray, tile_area: int) -> list[Tile]:
    """The tiles that `apply_tiles` takes."""
    height, width = image.shape[:2]
    multiple = getattr(engine, "multiple", 1)
    # A photo smaller than a fixed tile goes in at its own size, which the runtime allows.
    shape = engine.tile or tile_shape(height, width, tile_area, engine.halo, multiple)
    return plan_tiles(height, width, shape, engine.halo, multiple)
