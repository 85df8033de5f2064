"""The method on one screen: what one training step computes, in the order of the paper.

Thesis slides "General architecture" and "Loss functions"; ICCV section 4 (docs/method.md). The
generator F_W enhances the phone's photos. The discriminator D judges the enhanced and the DSLR's
photos. Both networks learn from the same pass, each along the gradient of its own loss.

`training_step` is the step on TensorFlow. `training/backends/` runs the same functions on JAX and
on several devices. `models/gan_released.py` has the update order of the released code.
"""

import dataclasses
from typing import Any

from common.backend import keras
from losses.discriminator_loss import discriminator_accuracy, discriminator_cross_entropy
from losses.presets import Objective
from losses.recolor import recolored
from losses.shift import shifted

ops: Any = keras.ops  # Keras annotates operations as if they could return None


@dataclasses.dataclass
class Gan:
    """The networks of a training and their optimizers.

    Attributes:
        generator: From `(N, P, P, 3)` RGB in [0, 1] to the same shape.
        generator_optimizer: Built for the generator.
        objective: The terms of the generator's loss and their weights.
        discriminator: From `(N, P, P, 3)` to `(N, 1)` logits; None without a texture term.
        discriminator_optimizer: Built for the discriminator.
        vgg: From `(N, P, P, 3)` to VGG-19 activations; None without a content term.
        ema: The network that is validated and saved, in float32: the exponential moving average of
            the generator's weights. The step updates no average if this is None.
        ema_decay: The decay of the average, [0, 1); with 0 `ema` has the latest weights.
        label_smoothing: Of the discriminator's loss.
        light: From `(N, P, P, 3)` RGB to the same photos in the light that the generator decides.
            If given, the targets are brought into this light, so that the generator learns detail
            alone.
    """

    generator: keras.Model
    generator_optimizer: keras.optimizers.Optimizer
    objective: Objective
    discriminator: keras.Model | None = None
    discriminator_optimizer: keras.optimizers.Optimizer | None = None
    vgg: keras.Model | None = None
    ema: keras.Model | None = None
    ema_decay: float = 0.0
    label_smoothing: float = 0.0
    light: keras.Model | None = None


def both_losses(gan: Gan, phone, target):
    """Compute both networks' losses on one batch.

    Args:
        gan: The networks.
        phone: `(N, P, P, 3)` float32 RGB in [0, 1].
        target: As `phone`.

    Returns:
        The generator's loss and the discriminator's loss, scalars, the latter 0 without a
        discriminator; and a report, scalars by name: each weighted term of the generator's loss,
        "generator" and, with a discriminator, "discriminator" and "discriminator_accuracy".
    """
    enhanced = ops.cast(gan.generator(phone, training=True), "float32")  # if in bfloat16
    if gan.light is not None:
        target = ops.stop_gradient(recolored(target, gan.light(phone)))
    enhanced_logits, discriminator_loss, report = None, ops.zeros(()), {}
    if gan.discriminator is not None:
        size = gan.discriminator.input_shape[1]
        both = [patches_of(images, size) for images in (enhanced, target)]
        both = gan.discriminator(ops.concatenate(both), training=True)
        enhanced_logits, target_logits = ops.split(both, 2)
        discriminator_loss = discriminator_cross_entropy(
            enhanced_logits, target_logits, gan.label_smoothing
        )
        report["discriminator"] = discriminator_loss
        report["discriminator_accuracy"] = discriminator_accuracy(enhanced_logits, target_logits)
    # Color, texture, content and total variation, each times its weight (losses/presets.py).
    terms = gan.objective.terms(
        enhanced, target, enhanced_logits, gan.vgg, enhanced_shifted(gan, phone)
    )
    generator_loss = sum(terms.values())
    return generator_loss, discriminator_loss, {**terms, "generator": generator_loss, **report}


def enhanced_shifted(gan: Gan, phone):
    """Return the result for the shifted photos if the objective has the shift term, else None."""
    if "shift" not in gan.objective.weights:
        return None
    return ops.cast(gan.generator(shifted(phone), training=True), "float32")


def patches_of(images, size: int):
    """Cut images into patches for the discriminator, which takes one size only.

    Args:
        images: `(N, a·size, b·size, C)`.
        size: The side of a patch, pixels.

    Returns:
        `(N·a·b, size, size, C)`; images of that size as they are.
    """
    _, height, width, channels = images.shape
    if (height, width) == (size, size):
        return images
    shape = (-1, height // size, size, width // size, size, channels)
    patches = ops.transpose(ops.reshape(images, shape), (0, 1, 3, 2, 4, 5))
    return ops.reshape(patches, (-1, size, size, channels))


def training_step(gan: Gan, jit_compile: bool = False):
    """Return the step on TensorFlow: a function of a batch that returns the report of the losses.

    Args:
        gan: The networks.
        jit_compile: Whether XLA compiles the step.
    """
    import tensorflow as tf  # here: a machine that trains on JAX need not have TensorFlow

    # Without TF32, float32 has one precision on all devices. --mixed_precision is the fast way.
    tf.config.experimental.enable_tensor_float_32_execution(False)

    @tf.function(jit_compile=jit_compile)
    def step(phone, target):
        with tf.GradientTape(persistent=True) as tape:
            generator_loss, discriminator_loss, report = both_losses(gan, phone, target)
        descend(tape, generator_loss, gan.generator, gan.generator_optimizer)
        if gan.discriminator is not None:
            descend(tape, discriminator_loss, gan.discriminator, gan.discriminator_optimizer)
        update_ema(gan)
        return report

    return step


def descend(tape, loss, network, optimizer) -> None:
    """Update a network along the gradient of its loss (TensorFlow)."""
    variables = network.trainable_variables
    optimizer.apply(tape.gradient(loss, [variable.value for variable in variables]), variables)


def update_ema(gan: Gan) -> None:
    """Move the averaged weights toward the generator's latest weights.

    The decay at step t is at most (1 + t)/(10 + t), so that the random initial weights lose
    influence quickly.
    """
    if gan.ema is None:
        return
    step = ops.cast(gan.generator_optimizer.iterations, "float32")
    decay = ops.minimum(gan.ema_decay, (1 + step) / (10 + step))
    for average, latest in zip(gan.ema.variables, gan.generator.variables, strict=True):
        average.assign(decay * average + (1 - decay) * latest if gan.ema_decay else latest)
