"""Losses and step of the training of the network for any phone."""

from collections.abc import Callable
from typing import Any

import tensorflow

from common.backend import keras
from losses.photo_error import harm_loss, photo_error_loss, photo_errors

ops: Any = keras.ops  # Keras annotates operations as if they could return None
tf: Any = tensorflow  # TensorFlow has no types for the names below

HARM = 1.0  # weight of the harm loss: a loss of quality counts twice as much as a gain
DETAIL = 50.0  # weight of the error of detail
LEAST = 1e-6  # added to the squared error of a patch, so that the slope of its root is finite
EDGE = 6  # pixels at the border of a patch, next to zero padding, that the loss leaves out
BETA1, BETA2, EPSILON = 0.9, 0.99, 1e-8  # Adam
LIGHT_DECAY = 0.05  # decay of the weights of the light part, separate from the gradient (AdamW)
AVERAGE = 0.999  # decay of the running average of the weights, per step


def light_losses(light: keras.Model) -> Callable:
    """Return the loss of a batch of thumbnails, computed at the size of the clean ones.

    Args:
        light: The light part of the network, see `models.universal.light_model`.

    Returns:
        Function of faulty thumbnails, uint8, and smaller clean ones in [0, 1], to the loss and
        three numbers for the log.
    """

    def losses(thumbnail, clean):
        thumbnail = ops.cast(thumbnail, "float32") / 255
        cell = thumbnail.shape[1] // clean.shape[1]
        faulty = ops.average_pool(thumbnail, cell, strides=cell)
        lit = light({"image": faulty, "thumbnail": thumbnail}, training=True)
        loss = photo_error_loss(lit, clean) + HARM * harm_loss(lit, faulty, clean)
        return loss, *_log_numbers(lit, faulty, clean)

    return losses


def detail_losses(light: keras.Model, network: keras.Model) -> Callable:
    """Return the loss of a batch of patches, which trains the detail part.

    The target is the patch without local faults, in the light that the network decided. So the
    detail part restores detail and does not guess colors from a patch. Squared errors let noisy
    patches decide alone, and good patches lost detail. With the logarithm of a patch's error, the
    detail part learned to do nothing, which is right for patches without faults. The root of a
    patch's squared error is between the two.

    Formula: `DETAIL · mean over patches of sqrt(mean(d²) + LEAST)`, where `d` is the difference
    from the target.

    Args:
        light: The light part of the network, see `models.universal.light_model`.
        network: The whole network, with a second input for the thumbnail.

    Returns:
        Function of patches with all faults, patches with light faults only, both in [0, 1], and
        faulty thumbnails, uint8, to the loss and three numbers for the log.
    """

    def losses(faulty, unlit, thumbnail):
        thumbnail = ops.cast(thumbnail, "float32") / 255
        inside = slice(EDGE, -EDGE)
        given = ({"image": x, "thumbnail": thumbnail} for x in (faulty, unlit))
        before, target = (light(x)[:, inside, inside] for x in given)
        before, target = ops.stop_gradient(before), ops.stop_gradient(target)
        enhanced = network({"image": faulty, "thumbnail": thumbnail})["enhanced"]
        enhanced = enhanced[:, inside, inside]
        errors = ops.mean(ops.square(enhanced - target), axis=(1, 2, 3))
        loss = DETAIL * ops.mean(ops.sqrt(errors + LEAST))
        return loss, *_log_numbers(enhanced, before, target)

    return losses


def _log_numbers(after, before, target):
    """Return the mean errors after and before, and the mean of what got worse: scalars."""
    after, before = photo_errors(after, target), photo_errors(before, target)
    return ops.mean(after), ops.mean(before), ops.mean(ops.relu(after - before))


def make_step(
    losses: Callable,
    variables: list,
    state: dict[str, list],
    decay: float = 0.0,
    compiled: bool = False,
) -> Callable:
    """Return the training step: a function of a batch that updates the variables.

    Args:
        losses: Function of a batch to the loss and three numbers for the log.
        variables: The tf.Variables to train.
        state: Lists of tf.Variables: Adam's "first" and "second" moments, and the "average".
        decay: Decay of the matrices' weights, separate from the gradient (AdamW).
        compiled: Whether XLA compiles the step, which saves time on a GPU or over many steps.

    Returns:
        Function of the batch, the learning rate and the number of the step from 1 on, to
        `[loss, error, error before, worse]`.
    """

    @tf.function(jit_compile=compiled)
    def step(*inputs):
        *batch, rate, number = inputs
        with tf.GradientTape() as tape:
            loss, *shown = losses(*batch)
        gradients, _ = tf.clip_by_global_norm(tape.gradient(loss, variables), 1.0)
        correction = tf.sqrt(1 - BETA2**number) / (1 - BETA1**number)
        averaged = tf.minimum(AVERAGE, number / (number + 10))
        for index, (variable, g) in enumerate(zip(variables, gradients, strict=True)):
            first, second, average = (state[k][index] for k in ("first", "second", "average"))
            first.assign(BETA1 * first + (1 - BETA1) * g)
            second.assign(BETA2 * second + (1 - BETA2) * g * g)
            change = correction * first / (tf.sqrt(second) + EPSILON)
            if len(variable.shape) > 1:
                change += decay * variable
            variable.assign_sub(rate * change)
            average.assign(averaged * average + (1 - averaged) * variable)
        return tf.stack([loss, *shown])

    return step
