"""A picture that goes into a model file, and what must come out, for whoever builds it into an app.

From a photograph that ships inside scikit-image (an astronaut, by NASA, in the public domain).
"""

import dataclasses

import numpy as np

from common.tensor_names import ENHANCED, IMAGE, THUMBNAIL
from data.shipped_photos import shipped_photos
from inference.litert_engine import LiteRTEngine
from inference.photo_thumbnail import thumbnail_of
from inference.pixels import from_floats, to_floats

PHOTO = "astronaut"

# Steps of 1/255. Measured on the nets here with the runtime's own kernels in the place of
# XNNPACK's: 1, 1, 16 and 7. A GPU that computes in 16 bits was not at hand (docs/deploy.md).
LEVELS = {"fp32": 1, "fp16": 2, "dynamic": 20, "int8": 10}


def levels(precision: str) -> int:
    """By how much an app's result may differ from the expected one, in steps of 1/255."""
    return LEVELS[precision]


@dataclasses.dataclass(frozen=True)
class Example:
    """What an app gives to a model file: 8-bit pictures.

    Attributes:
        image: uint8 RGB `(size, size, 3)`.
        thumbnail: of it, uint8 RGB `(side, side, 3)`, or None for a network that takes none.
    """

    image: np.ndarray
    thumbnail: np.ndarray | None

    def pictures(self) -> dict[str, np.ndarray]:
        """By the names of the inputs: the image, and the thumbnail if there is one."""
        small = {} if self.thumbnail is None else {THUMBNAIL: self.thumbnail}
        return {IMAGE: self.image, **small}

    @classmethod
    def of_size(cls, size: int, thumbnail: int | None) -> "Example":
        """The middle of the photo, continued by mirroring where it is too small."""
        photo = shipped_photos()[PHOTO]
        missing = [max(size - side, 0) for side in photo.shape[:2]]
        photo = np.pad(photo, [*((m // 2, m - m // 2) for m in missing), (0, 0)], "symmetric")
        y, x = ((side - size) // 2 for side in photo.shape[:2])
        image = np.ascontiguousarray(photo[y : y + size, x : x + size])
        small = None if thumbnail is None else thumbnail_of(image, thumbnail)
        return cls(image, None if small is None else from_floats(small, np.uint8))

    def expected(self, engine: LiteRTEngine) -> np.ndarray:
        """What a model file makes of it, uint8 RGB `(size, size, 3)`, clipped and rounded."""
        inputs = {IMAGE: to_floats(self.image)[None]}
        if self.thumbnail is not None:
            inputs[THUMBNAIL] = to_floats(self.thumbnail)[None]
        network = engine.networks()[0]
        return from_floats(network(**inputs)[ENHANCED][0], np.uint8)
