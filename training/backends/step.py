"""The training step for the backend that Keras has."""

from collections.abc import Mapping
from typing import Any, Protocol

from common.backend import keras
from models.gan import Gan


class Step(Protocol):
    """One training step, compiled, with the variables it trains."""

    def __call__(self, *batch: Any) -> Mapping[str, Any]:
        """Train on a batch; return scalars by name, which may still be on the device."""
        ...

    def sync(self) -> None:
        """Bring the networks' variables up to date, where the backend keeps newer values."""
        ...


class TensorFlowStep:
    """The step of `models/gan.py` or `models/gan_released.py`, as it is."""

    def __init__(self, gan: Gan, other_batch: bool = False, jit_compile: bool = False):
        from models.gan import training_step
        from models.gan_released import released_step

        self._step = (released_step if other_batch else training_step)(gan, jit_compile)

    def __call__(self, *batch: Any) -> Mapping[str, Any]:
        return self._step(*batch)

    def sync(self) -> None:
        """Do nothing: TensorFlow updates the variables themselves."""


def make_step(
    gan: Gan, other_batch: bool = False, jit_compile: bool = False, strategy: Any = None
) -> Step:
    """Return the step that trains the networks.

    Args:
        gan: The networks.
        other_batch: Whether the discriminator has its own batch. With it the step takes five arrays
            (`models/gan_released.py`), otherwise two (`models/gan.py`).
        jit_compile: Whether XLA compiles TensorFlow's step. JAX always compiles.
        strategy: A `tf.distribute.Strategy` whose replicas share the step; None for one process.

    Raises:
        ValueError: The backend is neither TensorFlow nor JAX.
    """
    backend = keras.backend.backend()
    if strategy is not None:
        from training.backends.gan_distributed import DistributedStep

        return DistributedStep(gan, strategy, other_batch)
    if backend == "tensorflow":
        return TensorFlowStep(gan, other_batch, jit_compile)
    if backend == "jax":
        from training.backends.gan_jax import JaxStep

        return JaxStep(gan, other_batch)
    raise ValueError(f"no training step for the Keras backend {backend!r}: tensorflow or jax")
