"""What a batch of photos did in all, for the last line that it prints."""

import dataclasses
import time

from common.long_work import in_words
from common.plural import plural


@dataclasses.dataclass
class BatchTotal:
    """The counts of a batch.

    Attributes:
        failed: The number of photos that could not be enhanced.
        photos: The number of results.
        pixels: The pixels of all results.
        started: The time at which the work began, by `time.monotonic`.
    """

    failed: int = 0
    photos: int = 0
    pixels: int = 0
    started: float = dataclasses.field(default_factory=time.monotonic)

    def add(self, pixels: int) -> None:
        """Count a result of so many pixels."""
        self.photos += 1
        self.pixels += pixels

    def line(self) -> str:
        """Return the line about all photos: results, pixels, time, speed, failures."""
        seconds = time.monotonic() - self.started
        mega = self.pixels / 1e6
        speed = f" ({mega / seconds:.1f} megapixels/s)" if self.photos else ""
        return (
            f"{plural(self.photos, 'photo')}, {mega:.1f} megapixels, {in_words(seconds)}{speed}, "
            f"{plural(self.failed, 'failure')}"
        )
