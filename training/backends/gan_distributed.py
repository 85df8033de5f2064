"""The training step on several replicas, by `tf.distribute`: devices, or machines, or both."""

import contextlib
import os
from collections.abc import Iterator

import keras
import numpy as np
import tensorflow as tf

from models.gan import GanTraining
from models.gan_tensorflow import learn

# What a collective operation raises where its peer is gone. Other errors are this process' own.
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
    """The strategy "mirrored" (this machine's devices) or "multiworker" (the cluster of TF_CONFIG).

    The latter waits until every worker is there, and must come before any other TensorFlow work.

    Raises:
        ClusterError: the cluster could not be formed.
    """
    if kind == "mirrored":
        devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
        return tf.distribute.MirroredStrategy([device.name for device in devices])
    # By default one thread a core: on two cores, workers were seen to wait for each other for ever
    # in the middle of a step.
    tf.config.threading.set_inter_op_parallelism_threads(max(16, os.cpu_count() or 1))
    try:
        # No timeout of its own: TensorFlow starts a thread for each, which sleeps to its end.
        return tf.distribute.MultiWorkerMirroredStrategy()
    except (tf.errors.OpError, RuntimeError) as error:
        raise ClusterError(str(error).split("\n")[0]) from error


@contextlib.contextmanager
def peer_errors_converted() -> Iterator[None]:
    """A lost worker raises ClusterError."""
    try:
        yield
    except PEER_ERRORS as error:
        raise ClusterError(str(error)) from error


def summing(strategy: tf.distribute.Strategy):
    """A function of an int64 array `(N,)` that gives its sum over the workers, on each of them."""

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


class DistributedGanTraining(GanTraining):
    """A `GanTraining` each of whose steps the replicas of a strategy share.

    The numbers are those of one process with the whole batch: losses are means over the batch, so
    those of the equal shares have the global ones as their mean; batch norm takes its moments over
    all shares. Only rounding differs.

    Args:
        *args: as for `GanTraining`; the networks but `published` made in the strategy's scope,
            `published` outside, so that it is this process' own: prediction needs no other worker.
        strategy: a mirrored or multi-worker mirrored strategy.
        **kwargs: as for `GanTraining`.
    """

    def __init__(self, *args, strategy: tf.distribute.Strategy, **kwargs):
        self.strategy = strategy
        with strategy.scope():
            super().__init__(*args, **kwargs)
        for model in (self.generator, self.discriminator):
            for layer in model.layers if model is not None else ():
                if isinstance(layer, keras.layers.BatchNormalization):
                    layer.synchronized = True
        self.step = tf.function(self._step, reduce_retracing=True)

    def _step(self, phone, target) -> dict[str, tf.Tensor]:
        """Train on this worker's share of a batch; the report is of the whole batch."""
        report = self.strategy.run(self._replica_step, (phone, target))
        # Outside of the replicas: there each of them would move the one published network.
        self.average()
        return {
            name: self.strategy.experimental_local_results(value)[0]
            for name, value in report.items()
        }

    def _replica_step(self, phone, target) -> dict[str, tf.Tensor]:
        context = tf.distribute.get_replica_context()
        local_replicas = len(self.strategy.extended.worker_devices)
        own = context.replica_id_in_sync_group % local_replicas
        phone, target = (
            tf.reshape(side, (local_replicas, -1, *side.shape[1:]))[own] for side in (phone, target)
        )
        report = learn(self, phone, target, context.num_replicas_in_sync)
        return context.all_reduce(tf.distribute.ReduceOp.MEAN, report)
