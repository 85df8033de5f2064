"""One-click enhancement in the form of an engine: it enhances photo files as networks do."""

import numpy as np

from inference.engine import GlobalInput, Network
from inference.one_click import enhance_one_click


class OneClickEngine:
    """Enhances a whole photo without a network; see `inference.engine.Engine`."""

    name = "one_click"
    tile = None
    halo = 0
    multiple = 1
    global_input = GlobalInput.WHOLE_PHOTO
    thumbnail = None
    stages = None
    bytes_per_pixel = 120  # measured: up to 79 at 12 megapixels and below; the rest is a reserve
    workers = 1

    def __call__(self, batch: np.ndarray, /) -> np.ndarray:
        """Enhance float32 RGB `(1, H, W, 3)` in [0, 1], in steps of 1/255."""
        pixels = np.rint(np.clip(batch[0], 0, 1) * 255).astype(np.uint8)
        return enhance_one_click(pixels)[None].astype(np.float32) / 255

    def networks(
        self, signature: str | None = None, given: dict[str, np.ndarray] | None = None
    ) -> list[Network]:
        """Raise an error: the method does not run in tiles.

        Args:
            signature: Not used.
            given: Not used.
        """
        raise NotImplementedError("one-click enhancement does not run in tiles")
