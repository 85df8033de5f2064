"""The training step on JAX: one jitted pure function of all the state."""

import jax
import keras
import numpy as np

from models.gan import GanTraining


class JaxGanTraining(GanTraining):
    """A `GanTraining` whose step is one `jax.jit`-ed function from state to state.

    Between steps the newest weights, optimizer moments and statistics are arrays on the device,
    handed from step to step without a copy; `publish` puts them into the Keras variables.
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        # On accelerators float32 products lose 13 bits by default, which the variances of the
        # structure loss do not survive. --mixed_precision is the fast way.
        jax.config.update("jax_default_matmul_precision", "float32")
        self._arrays = None
        self._compiled = jax.jit(self._step, donate_argnums=0)

    def step(self, phone, target) -> dict[str, np.ndarray]:
        """Train both networks on one batch; arguments and report as of `losses`."""
        if self._arrays is None:
            self._arrays = [variable.value for variable in self.variables]
        # As an argument: as constants VGG's weights would be compiled into the program.
        frozen = [variable.value for variable in self._frozen]
        self._arrays, report = self._compiled(self._arrays, frozen, phone, target)
        return jax.device_get(report)  # all scalars in one transfer

    def publish(self) -> None:
        """Put the newest arrays into the variables."""
        if self._arrays is not None:
            for variable, array in zip(self.variables, self._arrays, strict=True):
                variable.assign(array)
            self._arrays = None

    @property
    def _frozen(self) -> list[keras.Variable]:
        return [] if self.features is None else self.features.variables

    def _step(self, arrays, frozen, phone, target):
        generator, discriminator = (
            [] if model is None else model.trainable_variables
            for model in (self.generator, self.discriminator)
        )
        state = dict(zip(map(id, self.variables), arrays, strict=True))

        def losses(generator_weights, discriminator_weights):
            given = {
                **state,
                **dict(zip(map(id, generator), generator_weights, strict=True)),
                **dict(zip(map(id, discriminator), discriminator_weights, strict=True)),
            }
            mapping = [(variable, given[id(variable)]) for variable in self.variables]
            mapping += zip(self._frozen, frozen, strict=True)
            with keras.StatelessScope(state_mapping=mapping) as scope:
                total, judgement, report = self.losses(phone, target)
            # The pass has moved the statistics of batch norm.
            return (total, judgement), (self._values(scope), report)

        weights = [
            [state[id(variable)] for variable in side] for side in (generator, discriminator)
        ]
        # One pass, then back through it once for each loss; XLA drops what neither gradient needs.
        (total, judgement), pull_back, (moved, report) = jax.vjp(losses, *weights, has_aux=True)
        one, zero = jax.numpy.ones_like(total), jax.numpy.zeros_like(judgement)
        generator_gradients, _ = pull_back((one, zero))
        _, discriminator_gradients = pull_back((zero, one))
        mapping = zip(self.variables, moved, strict=True)
        with keras.StatelessScope(state_mapping=list(mapping)) as scope:
            self.update(generator_gradients, discriminator_gradients)
            self.average()
        return self._values(scope), report

    def _values(self, scope) -> list[jax.Array]:
        """The variables' values at the end of a stateless scope."""
        return [scope.get_current_value(variable) for variable in self.variables]
