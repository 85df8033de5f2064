"""Steps of a batch, made of functions."""

from collections.abc import Callable
from typing import Any, NamedTuple


class FakeSteps(NamedTuple):
    """Four functions in the place of `photos.batches.photo_steps.PhotoSteps`."""

    cost: Callable[..., Any]
    read: Callable[..., Any]
    enhance: Callable[..., Any]
    write: Callable[..., Any]
