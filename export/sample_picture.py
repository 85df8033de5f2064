"""A sample picture for app developers, and the result that a file must give for the picture.

The picture is a photograph that ships inside scikit-image: an astronaut, by NASA, in the public
domain.
"""

import dataclasses
from typing import Self

import numpy as np

from common.tensor_names import ENHANCED, IMAGE, THUMBNAIL
from data.shipped_photos import shipped_photos
from inference.litert_engine import LiteRTEngine
from inference.photo_thumbnail import thumbnail_of
from inference.pixels import from_floats, to_floats

PHOTO = "astronaut"
BYTE = np.dtype(np.uint8)


@dataclasses.dataclass(frozen=True)
class SamplePicture:
    """The 8-bit pictures that an app gives to a model file.

    Attributes:
        image: uint8 RGB `(size, size, 3)`.
        thumbnail: of the image, uint8 RGB `(side, side, 3)`, or None for a network without one.
    """

    image: np.ndarray
    thumbnail: np.ndarray | None

    @classmethod
    def of_size(cls, size: int, thumbnail: int | None) -> Self:
        """Cut the middle out of the photo, which is mirrored at its edges where it is too small.

        Args:
            size: side of the image, pixels.
            thumbnail: side of the thumbnail, pixels, or None for a network without one.
        """
        photo = shipped_photos()[PHOTO]
        missing = [max(size - side, 0) for side in photo.shape[:2]]
        photo = np.pad(photo, [*((m // 2, m - m // 2) for m in missing), (0, 0)], "symmetric")
        y, x = ((side - size) // 2 for side in photo.shape[:2])
        image = np.ascontiguousarray(photo[y : y + size, x : x + size])
        small = None if thumbnail is None else thumbnail_of(image, thumbnail)
        return cls(image, None if small is None else from_floats(small, BYTE))

    def inputs(self) -> dict[str, np.ndarray]:
        """Return the pictures by the names of the network's inputs."""
        small = {} if self.thumbnail is None else {THUMBNAIL: self.thumbnail}
        return {IMAGE: self.image, **small}

    def expected(self, engine: LiteRTEngine) -> np.ndarray:
        """Return a file's result, uint8 RGB `(size, size, 3)`, clipped and rounded."""
        inputs = {name: to_floats(picture)[None] for name, picture in self.inputs().items()}
        network = engine.networks()[0]
        return from_floats(network(**inputs)[ENHANCED][0], BYTE)
