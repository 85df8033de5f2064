"""The training step of the authors' released code: two batches, one network after the other.

The generator is updated on one batch, of which the discriminator judges the enhanced images. The
discriminator is updated on another batch, of which it judges, at random for each pair, the enhanced
or the DSLR's image. `models/gan.py` has the step that shares one pass between both networks.
"""

from typing import Any

from common.backend import keras
from losses.discriminator_loss import swapped_accuracy, swapped_cross_entropy
from models.gan import Gan, descend, enhanced_shifted, update_ema

ops: Any = keras.ops  # Keras annotates operations as if they could return None


def generator_losses(gan: Gan, phone, target):
    """Compute the generator's loss on its batch.

    Args:
        gan: The networks, with a discriminator.
        phone: `(N, P, P, 3)` float32 RGB in [0, 1].
        target: As `phone`.

    Returns:
        The loss, a scalar, and a report: each weighted term and "generator", scalars by name.
    """
    assert gan.discriminator is not None
    enhanced = ops.cast(gan.generator(phone, training=True), "float32")  # if in bfloat16
    enhanced_logits = gan.discriminator(enhanced, training=True)
    terms = gan.objective.terms(
        enhanced, target, enhanced_logits, gan.vgg, enhanced_shifted(gan, phone)
    )
    generator_loss = sum(terms.values())
    return generator_loss, {**terms, "generator": generator_loss}


def discriminator_losses(gan: Gan, phone, target, shows_target):
    """Compute the discriminator's loss on its batch.

    Args:
        gan: The networks, with a discriminator.
        phone: `(N, P, P, 3)` float32 RGB in [0, 1].
        target: As `phone`.
        shows_target: `(N,)` bool: True shows the target, False the enhanced image.

    Returns:
        The loss, a scalar, and a report: "discriminator" and "discriminator_accuracy".
    """
    assert gan.discriminator is not None
    enhanced = ops.cast(gan.generator(phone, training=True), "float32")  # if in bfloat16
    shown = ops.where(shows_target[:, None, None, None], target, enhanced)
    logits = gan.discriminator(shown, training=True)
    loss = swapped_cross_entropy(logits, shows_target)
    accuracy = swapped_accuracy(logits, shows_target)
    return loss, {"discriminator": loss, "discriminator_accuracy": accuracy}


def released_step(gan: Gan, jit_compile: bool = False):
    """Return the step on TensorFlow, a function of two batches that returns both reports.

    Args:
        gan: The networks, with a discriminator.
        jit_compile: Whether XLA compiles the step.
    """
    import tensorflow as tf  # here: a machine that trains on JAX need not have TensorFlow

    tf.config.experimental.enable_tensor_float_32_execution(False)

    @tf.function(jit_compile=jit_compile)
    def step(phone, target, other_phone, other_target, shows_target):
        with tf.GradientTape() as tape:
            generator_loss, report = generator_losses(gan, phone, target)
        descend(tape, generator_loss, gan.generator, gan.generator_optimizer)
        with tf.GradientTape() as tape:
            loss, judgment = discriminator_losses(gan, other_phone, other_target, shows_target)
        descend(tape, loss, gan.discriminator, gan.discriminator_optimizer)
        update_ema(gan)
        return {**report, **judgment}

    return step
