"""The settings on which the result of one pair of photos depends."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class AlignmentSettings:
    """The settings of one alignment.

    Attributes:
        min_ncc: The lowest normalized cross-correlation of a kept pair of patches.
        stride: The distance between neighboring windows of the phone's photo, in pixels.
    """

    min_ncc: float = 0.9
    stride: int = 100
