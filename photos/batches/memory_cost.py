"""The memory that one photo of a batch takes."""

from typing import NamedTuple


class Cost(NamedTuple):
    """Bytes that one photo takes.

    Attributes:
        read: At most while the photo is read.
        held: Between the steps.
        work: At least while the photo is in the network.
        write: At most while the photo is written.
    """

    read: int
    held: int
    work: int
    write: int
