"""The look: tone curves and a color matrix that fit all pairs of a set together.

A phone and a DSLR differ first of all in exposure, white balance and tone, and the difference is
about the same in every photo. The network `adaptive` decides its curves and its matrix for each
photo. The look is a constant added to these decisions. The bounds of the curves and of the matrix
hold for the sum, so few scenes cannot spoil colors that the scenes lack.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from common.long_work import counted
from training.config import TrainConfig

if TYPE_CHECKING:
    from models.gan import Gan
    from training.adaptive_batches import AdaptiveBatches

LEARNING_RATE = 2e-2  # the look has some forty numbers, which need not start small


def fit_look(config: TrainConfig, gan: Gan, batches: AdaptiveBatches) -> None:
    """Fit the look of the pairs.

    Args:
        config: The resolved configuration.
        gan: The networks. The generator and its average change, nothing else does.
        batches: The batches of the run, without rehearsal.
    """
    import keras

    from models.universal import look_variables
    from training.backends.step import make_step

    generator = gan.generator
    trainable = generator.trainable_variables
    look = look_variables(generator)
    for variable in trainable:
        variable.trainable = any(variable is chosen for chosen in look)
    try:
        rate: Any = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, config.look_steps)
        optimizer = keras.optimizers.Adam(rate)
        optimizer.build(generator.trainable_variables)
        alone = dataclasses.replace(
            gan, generator_optimizer=optimizer, discriminator=None, vgg=None, ema=None
        )
        step = make_step(alone)
        for number in counted(range(config.look_steps), "learning the look", "step"):
            step(*batches(number))
        step.sync()
    finally:
        for variable in trainable:
            variable.trainable = True
    assert gan.ema is not None
    gan.ema.set_weights(generator.get_weights())
