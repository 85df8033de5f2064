"""The training step on JAX: one jitted pure function from state to state."""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from common.backend import keras
from models.gan import Gan, both_losses, update_ema
from models.gan_released import discriminator_losses, generator_losses
from training.training_state import gan_variables


class JaxStep:
    """A step that is one `jax.jit`-ed function.

    Between steps the latest weights, optimizer moments and statistics are arrays on the device,
    which one step hands to the next without a copy. `sync` puts them into the Keras variables.

    Args:
        gan: The networks.
        other_batch: As for `training.backends.step.make_step`.
    """

    def __init__(self, gan: Gan, other_batch: bool = False):
        # On accelerators float32 products lose 13 bits by default, too many for the variances of
        # the structure loss. --mixed_precision is the fast way.
        jax.config.update("jax_default_matmul_precision", "float32")
        self._gan = gan
        self._variables = gan_variables(gan)
        self._frozen = [] if gan.vgg is None else gan.vgg.variables
        self._arrays: list[Any] | None = None
        step = self._released_step if other_batch else self._step
        self._compiled = jax.jit(step, donate_argnums=0)

    def __call__(self, *batch: np.ndarray) -> dict[str, jax.Array]:
        """Train on a batch; the report stays on the device."""
        if self._arrays is None:
            self._arrays = [variable.value for variable in self._variables]
        # As an argument: as constants VGG's weights would be compiled into the program.
        frozen = [variable.value for variable in self._frozen]
        self._arrays, report = self._compiled(self._arrays, frozen, *batch)
        return report

    def sync(self) -> None:
        """Put the latest arrays into the variables."""
        if self._arrays is not None:
            for variable, array in zip(self._variables, self._arrays, strict=True):
                variable.assign(array)
            self._arrays = None

    def _step(self, arrays, frozen, phone, target):
        """Compute the step of `models.gan.training_step`."""
        gan = self._gan
        pairs = [(gan.generator, gan.generator_optimizer)]
        if gan.discriminator is not None:
            pairs.append((gan.discriminator, gan.discriminator_optimizer))

        def losses_and_values():
            *values, report = both_losses(gan, phone, target)
            return values[: len(pairs)], report

        arrays, report = self._descend(arrays, frozen, pairs, losses_and_values)
        return self._with_ema(arrays), report

    def _released_step(
        self, arrays, frozen, phone, target, other_phone, other_target, shows_target
    ):
        """Compute the step of `models.gan_released.released_step`."""
        gan = self._gan

        def generator_loss():
            loss, report = generator_losses(gan, phone, target)
            return [loss], report

        def discriminator_loss():
            loss, report = discriminator_losses(gan, other_phone, other_target, shows_target)
            return [loss], report

        generator = (gan.generator, gan.generator_optimizer)
        discriminator = (gan.discriminator, gan.discriminator_optimizer)
        arrays, report = self._descend(arrays, frozen, [generator], generator_loss)
        arrays, judgment = self._descend(arrays, frozen, [discriminator], discriminator_loss)
        return self._with_ema(arrays), {**report, **judgment}

    def _descend(self, arrays, frozen, pairs, compute: Callable[[], tuple[list, dict]]):
        """Update networks, each along the gradient of its own loss of one pass.

        Args:
            arrays: The values of all variables.
            frozen: The values of VGG's variables.
            pairs: The networks to update, each with its optimizer.
            compute: Returns one loss for each network, and a report.

        Returns:
            The new values of all variables, and the report.
        """
        sides = [network.trainable_variables for network, _ in pairs]
        state = dict(zip(map(id, self._variables), arrays, strict=True))

        def pass_losses(*weights):
            given = dict(state)
            for side, values in zip(sides, weights, strict=True):
                given.update(zip(map(id, side), values, strict=True))
            mapping = [(variable, given[id(variable)]) for variable in self._variables]
            mapping += zip(self._frozen, frozen, strict=True)
            with keras.StatelessScope(state_mapping=mapping) as scope:
                values, report = compute()
            # The pass has moved the statistics of batch norm.
            return tuple(values), (self._values(scope), report)

        weights = [[state[id(variable)] for variable in side] for side in sides]
        # One pass, then back through it once for each loss; XLA drops what neither gradient needs.
        values, pull_back, (moved, report) = jax.vjp(pass_losses, *weights, has_aux=True)
        gradients = []
        for index in range(len(sides)):
            ones = (jax.numpy.full_like(v, n == index) for n, v in enumerate(values))
            gradients.append(pull_back(tuple(ones))[index])
        mapping = list(zip(self._variables, moved, strict=True))
        with keras.StatelessScope(state_mapping=mapping) as scope:
            for (_, optimizer), gradient, side in zip(pairs, gradients, sides, strict=True):
                optimizer.apply(gradient, side)
        return self._values(scope), report

    def _with_ema(self, arrays):
        mapping = list(zip(self._variables, arrays, strict=True))
        with keras.StatelessScope(state_mapping=mapping) as scope:
            update_ema(self._gan)
        return self._values(scope)

    def _values(self, scope) -> list[Any]:
        """Return the variables' values at the end of a stateless scope."""
        return [scope.get_current_value(variable) for variable in self._variables]
