"""The training step on TensorFlow: one `tf.function`."""

import tensorflow as tf

from models.fused_batch_norm import fuse_batch_norms
from models.gan import GanTraining


class TensorFlowGanTraining(GanTraining):
    """A `GanTraining` whose step is a `tf.function`; with `jit_compile` XLA compiles it."""

    def __init__(self, *args, jit_compile: bool = False, **kwargs):
        super().__init__(*args, **kwargs)
        # As in models/gan_jax.py: float32 is float32, --mixed_precision the fast way.
        tf.config.experimental.enable_tensor_float_32_execution(False)
        for model in (self.generator, self.discriminator):
            if model is not None:
                fuse_batch_norms(model)
        self.step = tf.function(self._step, jit_compile=jit_compile, reduce_retracing=True)

    def _step(self, phone, target) -> dict[str, tf.Tensor]:
        """Train both networks on one batch; arguments and report as of `losses`."""
        with tf.GradientTape(persistent=True) as tape:
            total, judgement, report = self.losses(phone, target)
        self.update(
            gradients(tape, total, self.generator),
            gradients(tape, judgement, self.discriminator),
        )
        self.average()
        return report


def gradients(tape, loss, model) -> list[tf.Tensor]:
    """Gradients of a scalar loss by a model's trainable variables; [] without a model."""
    if model is None:
        return []
    return tape.gradient(loss, [variable.value for variable in model.trainable_variables])
