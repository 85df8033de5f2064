"""The protocol of a loaded network: what `enhance_image` expects of an engine."""

import enum
from collections.abc import Callable
from typing import Protocol

import numpy as np

from common.stages import StagePlan

Network = Callable[..., dict[str, np.ndarray]]
"""A function from named float32 tensors `(1, H, W, C)` to named tensors `(1, H, W, C)`.

The function ignores the tensors whose names it does not know.
"""


class ModelFileError(ValueError):
    """A model file that cannot be used; the message is one line that names the file."""


class GlobalInput(enum.StrEnum):
    """What a network needs to know of the whole photo, beside the tile that it enhances."""

    NOTHING = "nothing"
    THUMBNAIL = "thumbnail"
    STATISTICS = "statistics"  # mean and variance of tensors over the whole photo
    WHOLE_PHOTO = "all pixels"
    UNKNOWN = "unknown"  # a model file without a manifest

    @classmethod
    def of_norm(cls, norm: str) -> "GlobalInput":
        """Return the global input of a network by the `norm` of its manifest.

        Args:
            norm: "batch", "none", "thumbnail" or "instance". Any other word gives `UNKNOWN`.
        """
        known = {
            "batch": cls.NOTHING,
            "none": cls.NOTHING,
            "thumbnail": cls.THUMBNAIL,
            "instance": cls.STATISTICS,
        }
        return known.get(norm, cls.UNKNOWN)

    @property
    def allows_tiles(self) -> bool:
        """Whether the network runs in tiles. The photo is then continued at its edges."""
        return self in (GlobalInput.NOTHING, GlobalInput.THUMBNAIL)


class Engine(Protocol):
    """A loaded network from RGB images to RGB images of the same size."""

    @property
    def name(self) -> str:
        """The model's name in error messages: the path of its file where there is one."""
        ...

    @property
    def tile(self) -> int | None:
        """Height and width of the input, or None for a network that takes any size."""
        ...

    @property
    def halo(self) -> int:
        """Distance in pixels at which a pixel of the input still changes a pixel of the result."""
        ...

    @property
    def multiple(self) -> int:
        """The sides and the positions of all tiles must be multiples of this number of pixels."""
        ...

    @property
    def global_input(self) -> GlobalInput:
        """What the network needs to know of the whole photo."""
        ...

    @property
    def thumbnail(self) -> int | None:
        """Side of the photo's thumbnail that the network takes, pixels, or None."""
        ...

    @property
    def stages(self) -> StagePlan | None:
        """The stages of a network that needs statistics, or None if it has no stages."""
        ...

    @property
    def bytes_per_pixel(self) -> int | None:
        """Memory that the running network takes for each pixel, about, or None if unknown."""
        ...

    @property
    def workers(self) -> int:
        """Number of tiles that the engine computes at the same time."""
        ...

    def __call__(self, batch: np.ndarray, /) -> np.ndarray:
        """Run the network on a whole image, on all threads.

        Args:
            batch: float32 RGB `(1, H, W, 3)` in [0, 1]. A network with a fixed tile takes other
                sizes too, as far as the runtime can change its input.

        Returns:
            float32 RGB `(1, H, W, 3)`, about [0, 1], not clipped.

        Raises:
            ModelFileError: The network does not run at this size.
        """
        ...

    def networks(
        self, signature: str | None = None, given: dict[str, np.ndarray] | None = None
    ) -> list[Network]:
        """Return `workers` equal networks, one for each thread.

        A network frees its memory when nothing refers to it. One thread for each of several tiles
        loses no time at the barriers between layers.

        Args:
            signature: The name of one of the networks in `stages`. None is the whole network,
                from `image` (and `thumbnail` if it takes one) to `enhanced`.
            given: Inputs that are the same for all tiles. The networks do not take them any more.

        Returns:
            Functions that raise ModelFileError as `__call__` does.
        """
        ...
