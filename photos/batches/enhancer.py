"""What enhances the photos of a batch: a network, or a method without one."""

import dataclasses
from collections.abc import Callable

from inference.engine import Engine


@dataclasses.dataclass(frozen=True)
class Enhancer:
    """A network, or a method without one, that is loaded when the first photo needs it.

    Attributes:
        fingerprint: Short text that differs wherever results differ.
        load: Makes the engine.
        name: Shown in the line about each result; an empty name is not shown.
        network: The name that the mark of each result gives beside the fingerprint.
    """

    fingerprint: str
    load: Callable[[], Engine]
    name: str = ""
    network: str = ""
