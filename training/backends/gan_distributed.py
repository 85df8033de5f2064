"""The training step on several replicas, by `tf.distribute`: devices, or machines, or both."""

import contextlib
import dataclasses
import os
from collections.abc import Iterator

import numpy as np
import tensorflow as tf

from common.backend import keras
from models.gan import Gan, training_step, update_ema
from models.gan_released import released_step

# A collective operation raises these errors when its peer is gone. Other errors are this process's.
PEER_ERRORS = (
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
    tf.errors.FailedPreconditionError,
    tf.errors.UnavailableError,
)


class ClusterError(RuntimeError):
    """A cluster that could not be formed, or that lost a worker."""


def make_strategy(kind: str) -> tf.distribute.Strategy:
    """Return the strategy "mirrored" (local devices) or "multiworker" (TF_CONFIG's cluster).

    The multi-worker strategy waits for every worker and must come before other TensorFlow work.

    Raises:
        ClusterError: The cluster could not be formed.
    """
    if kind == "mirrored":
        devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
        return tf.distribute.MirroredStrategy([device.name for device in devices])
    # The default is one thread a core. With two cores, workers have waited for each other without
    # end in the middle of a step.
    tf.config.threading.set_inter_op_parallelism_threads(max(16, os.cpu_count() or 1))
    try:
        # Without a timeout: TensorFlow starts a thread for each timeout, which sleeps to its end.
        return tf.distribute.MultiWorkerMirroredStrategy()
    except (tf.errors.OpError, RuntimeError) as error:
        raise ClusterError(str(error).split("\n")[0]) from error


@contextlib.contextmanager
def peer_errors_converted() -> Iterator[None]:
    """Raise ClusterError where a worker is lost."""
    try:
        yield
    except PEER_ERRORS as error:
        raise ClusterError(str(error)) from error


def summing(strategy: tf.distribute.Strategy):
    """Return a function that sums an int64 array `(N,)` over the workers, on each worker."""

    def in_replica(values):
        context = tf.distribute.get_replica_context()
        return context.all_reduce(tf.distribute.ReduceOp.SUM, tf.identity(values))

    @tf.function(input_signature=[tf.TensorSpec([None], tf.int64)])
    def reduced(values):
        return strategy.experimental_local_results(strategy.run(in_replica, (values,)))[0]

    # Every replica of a worker adds the same.
    return lambda values: (
        reduced(np.asarray(values, np.int64)).numpy() // len(strategy.extended.worker_devices)
    )


class DistributedStep:
    """A step that the replicas of a strategy share.

    The numbers are those of one process with the whole batch, up to rounding. Losses are means over
    the batch, so the mean over equal shares is the loss of the whole batch. Batch norm takes its
    moments over all shares.

    Args:
        gan: The networks. All but `ema` are made in the strategy's scope. `ema` is made outside, so
            that it belongs to this process alone: prediction needs no other worker.
        strategy: A mirrored or multi-worker mirrored strategy.
        other_batch: As for `training.backends.step.make_step`.
    """

    def __init__(self, gan: Gan, strategy: tf.distribute.Strategy, other_batch: bool = False):
        self._gan = gan
        self._strategy = strategy
        for network in (gan.generator, gan.discriminator):
            for layer in network.layers if network is not None else ():
                if isinstance(layer, keras.layers.BatchNormalization):
                    layer.synchronized = True
        for optimizer in (gan.generator_optimizer, gan.discriminator_optimizer):
            if optimizer is not None:
                # Keras' optimizers add up the replicas' gradients and divide by this number.
                optimizer.loss_scale_factor = strategy.num_replicas_in_sync
        # Each replica runs the step without the average: together they would move the one network
        # several times. As a plain function: replicas cannot meet inside of a `tf.function`.
        step = (released_step if other_batch else training_step)(dataclasses.replace(gan, ema=None))
        self._replica_step = step.python_function
        self._compiled = tf.function(self._step, reduce_retracing=True)

    def __call__(self, *batch) -> dict[str, tf.Tensor]:
        """Train on this worker's share of a batch; the report is that of the whole batch."""
        return self._compiled(*batch)

    def sync(self) -> None:
        """Do nothing: TensorFlow updates the variables themselves."""

    def _step(self, *batch) -> dict[str, tf.Tensor]:
        report = self._strategy.run(self._on_replica, batch)
        update_ema(self._gan)
        return {
            name: self._strategy.experimental_local_results(value)[0]
            for name, value in report.items()
        }

    def _on_replica(self, *batch) -> dict[str, tf.Tensor]:
        """Train on one replica's share of the worker's share."""
        context = tf.distribute.get_replica_context()
        replicas = len(self._strategy.extended.worker_devices)
        own = context.replica_id_in_sync_group % replicas
        shares = (tf.reshape(array, (replicas, -1, *array.shape[1:]))[own] for array in batch)
        return context.all_reduce(tf.distribute.ReduceOp.MEAN, self._replica_step(*shares))
