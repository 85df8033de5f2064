"""The training step on TensorFlow: one `tf.function`."""

import tensorflow as tf

from models.gan import GanTraining
from models.layers.fused_batch_norm import fuse_batch_norms

# As on JAX: float32 is float32, on one device or many; --mixed_precision is fast.
tf.config.experimental.enable_tensor_float_32_execution(False)


class TensorFlowGanTraining(GanTraining):
    """A `GanTraining` whose step is a `tf.function`; with `jit_compile` XLA compiles it."""

    def __init__(self, *args, jit_compile: bool = False, **kwargs):
        super().__init__(*args, **kwargs)
        for model in (self.generator, self.discriminator):
            if model is not None:
                fuse_batch_norms(model)
        self.step = tf.function(self._step, jit_compile=jit_compile, reduce_retracing=True)

    def _step(self, phone, target) -> dict[str, tf.Tensor]:
        """Train both networks on one batch; arguments and report as of `losses`."""
        report = learn(self, phone, target)
        self.average()
        return report


def learn(training: GanTraining, phone, target, replicas: int = 1) -> dict[str, tf.Tensor]:
    """One update of both networks; arguments and report as of `GanTraining.losses`.

    Args:
        training: the networks.
        phone: this replica's share of a batch.
        target: as `phone`.
        replicas: how many take an equal share each.
    """
    with tf.GradientTape(persistent=True) as tape:
        total, judgement, report = training.losses(phone, target)
        # Keras' optimizers add up the replicas' gradients.
        total /= replicas
        judgement /= replicas
    training.update(
        _gradients(tape, total, training.generator),
        _gradients(tape, judgement, training.discriminator),
    )
    return report


def _gradients(tape, loss, model) -> list[tf.Tensor]:
    """Gradients of a scalar loss by a model's trainable variables; [] without a model."""
    if model is None:
        return []
    return tape.gradient(loss, [variable.value for variable in model.trainable_variables])
