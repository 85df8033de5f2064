"""The policy that fits a photo of any size to an engine and to a memory budget."""

from collections.abc import Callable

import numpy as np

from inference.applying import apply_tiles, tiles_of
from inference.model_file_error import ModelFileError
from inference.photo_thumbnail import thumbnail_of
from inference.pixels import from_floats, to_floats
from inference.run_stages import enhance_staged
from inference.streaming import Counter
from inference.tiling import Progress

MEMORY = 10**9  # bytes, if nobody says
LOCAL = ("batch", "none", "thumbnail")  # norms of networks that run in tiles as they are
UNKNOWN_COST = 3000  # bytes a pixel; measured: 64 channels, instance norm, whole frame


def enhance_image(
    engine: Callable[[np.ndarray], np.ndarray],
    image: np.ndarray,
    tile: int = 512,
    progress: Progress | None = None,
    max_memory: int | None = None,
    in_place: bool = False,
    exact: bool = False,
) -> np.ndarray:
    """Enhance a photo of any size.

    A network without whole-image statistics runs in tiles, each with the photo's thumbnail if it
    takes one: exactly the whole frame's result. One with them that comes in stages (`staged.py`)
    gives that too where its activations fit the memory; else its statistics are measured on a
    sample of the photo, or, if `exact`, by running it once for each of its norms. Any other
    network gets the whole frame.

    Args:
        engine: `LiteRTEngine`, `KerasEngine` or a callable with their attributes.
        image: RGB `(H, W, 3)`: uint8, uint16, or float in [0, 1].
        tile: largest side of a tile, pixels, for engines that take any size.
        progress: called with (tiles done, tiles in all), of all passes.
        max_memory: bytes that may be taken beyond `image` itself; None for `MEMORY`. A floor of
            some 50 MB that the smallest tiles take is not kept to.
        in_place: write the result over `image`.
        exact: never approximate, however long it takes.

    Returns:
        Same shape: the dtype of an integer image, otherwise float32 clipped to [0, 1].

    Raises:
        ModelFileError: the network does not run at this size, or not in this memory.
    """
    dtype = image.dtype if np.issubdtype(image.dtype, np.integer) else np.float32
    result = image if in_place else np.empty(image.shape, dtype)
    max_memory = MEMORY if max_memory is None else max_memory
    if not in_place:
        max_memory -= result.nbytes
    pixels = image.shape[0] * image.shape[1]
    cost = getattr(engine, "bytes_per_pixel", None) or UNKNOWN_COST
    room = max(max_memory, 0) // (getattr(engine, "workers", 1) * cost)
    tile_area = min(tile**2, room)
    counter = Counter(progress)
    if getattr(engine, "stages", None):
        enhance_staged(engine, image, result, tile_area, max_memory, exact, counter)
    elif engine.norm in LOCAL:
        counter.expect(len(tiles_of(engine, image, tile_area)))
        given = {}
        if size := getattr(engine, "thumbnail", None):
            given = {"thumbnail": thumbnail_of(image, size)[None]}
        apply_tiles(engine, image, result, tile_area, given=given, counter=counter)
    elif pixels * cost > max_memory:
        raise ModelFileError(_does_not_fit(engine, image.shape, pixels * cost))
    else:
        result[:] = from_floats(engine(to_floats(image)[None])[0], result.dtype)
        counter.expect(1)
        counter.tick()
    return result


def _does_not_fit(engine, shape: tuple[int, ...], needed: int) -> str:
    return (
        f"{getattr(engine, 'path', 'this network')}: normalizes by the whole photo and cannot run "
        f"in tiles; {shape[1]}×{shape[0]} pixels take about {needed / 1e9:.1f} GB: allow as much, "
        "or export the model again (python export/to_tflite.py), which writes a file that can"
    )
