"""The training step for the backend that Keras has."""

import keras

from models.gan import GanTraining


def gan_training(*networks, jit_compile: bool = False, strategy=None, **settings) -> GanTraining:
    """A `GanTraining` whose `step` runs on the backend that Keras has.

    Args:
        *networks: as for `GanTraining`.
        jit_compile: let XLA compile TensorFlow's step; JAX always does.
        strategy: a `tf.distribute.Strategy` whose replicas share the step; None for one process.
        **settings: as for `GanTraining`.

    Raises:
        ValueError: the backend is neither TensorFlow nor JAX.
    """
    backend = keras.backend.backend()
    if strategy is not None:
        from training.backends.gan_distributed import DistributedGanTraining

        return DistributedGanTraining(*networks, strategy=strategy, **settings)
    if backend == "tensorflow":
        from models.gan_tensorflow import TensorFlowGanTraining

        return TensorFlowGanTraining(*networks, jit_compile=jit_compile, **settings)
    if backend == "jax":
        from training.backends.gan_jax import JaxGanTraining

        return JaxGanTraining(*networks, **settings)
    raise ValueError(f"no training step for the Keras backend {backend!r}: tensorflow or jax")
