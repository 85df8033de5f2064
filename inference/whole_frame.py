"""A network applied to a whole image at once."""

from collections.abc import Callable

import numpy as np

from common.tensor_names import IMAGE, THUMBNAIL
from inference.engine import Engine
from inference.photo_thumbnail import thumbnail_of


def run_whole_frame(
    engine: Engine, run: Callable[..., np.ndarray], batch: np.ndarray
) -> np.ndarray:
    """Run a network on a whole image, continued to sides that the network takes.

    Args:
        engine: Gives `multiple` and `thumbnail`.
        run: From the tensor `image` (and `thumbnail`) to the enhanced image.
        batch: float32 RGB `(1, H, W, 3)` in [0, 1].

    Returns:
        float32 RGB `(1, H, W, 3)`, not clipped.
    """
    height, width = batch.shape[1:3]
    below, right = -height % engine.multiple, -width % engine.multiple
    if below or right:
        batch = np.pad(batch, [(0, 0), (0, below), (0, right), (0, 0)], mode="edge")
    inputs = {IMAGE: batch}
    if engine.thumbnail:
        photo = batch[0, :height, :width]
        inputs[THUMBNAIL] = thumbnail_of(photo, engine.thumbnail)[None]
    return run(**inputs)[:, :height, :width]
