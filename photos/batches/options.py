"""Options of a batch of photos."""

import dataclasses
import sys

PROGRAM_BYTES = 60_000_000  # memory of the model and the libraries that it loads


class OptionError(ValueError):
    """An option that is out of its range; the message is one line."""


@dataclasses.dataclass(frozen=True)
class BatchOptions:
    """Options of a batch.

    Attributes:
        strength: Share of the network's change, 0 to 1.
        compare: Whether pictures of before and after are written too.
        gps: Whether results keep the place.
        drop_extras: Whether a photo may be replaced whose file holds more than one picture.
        redo: Whether photos are processed again although an up-to-date result exists.
        exact: Whether approximation is forbidden, see `inference.enhance_image.enhance_image`.
        max_memory: GB beyond the interpreter.
        workers: Threads that read and write while the network runs.
    """

    strength: float = 1.0
    compare: bool = False
    gps: bool = True
    drop_extras: bool = False
    redo: bool = False
    exact: bool = False
    max_memory: float = 1.0
    workers: int = 2

    @property
    def budget(self) -> int:
        """Bytes that all photos in hand may take."""
        return int(min(self.max_memory * 1e9, sys.maxsize)) - PROGRAM_BYTES

    def check(self) -> None:
        """Check the ranges of all numbers.

        Raises:
            OptionError: A number is out of its range.
        """
        if not 0 <= self.strength <= 1:
            raise OptionError(f"--strength {self.strength}: must be from 0 to 1")
        if not self.max_memory > 0:
            raise OptionError(f"--max_memory {self.max_memory}: must be more than 0 GB")
        if not 0 <= self.workers <= 64:
            raise OptionError(f"--workers {self.workers}: must be from 0 to 64")

    def settings_of(self, fingerprint: str) -> str:
        """Return in short all that a result depends on.

        Args:
            fingerprint: The fingerprint of the enhancer.
        """
        parts = [fingerprint, f"strength {self.strength:g}"]
        words = {"compared": self.compare, "no place": not self.gps, "exact": self.exact}
        parts += [word for word, said in words.items() if said]
        return ", ".join(parts)
