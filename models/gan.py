"""What a training step computes on any backend: both losses of one shared pass, both updates."""

import keras
from keras import ops

from losses.presets import Objective
from losses.texture import discriminator_accuracy, discriminator_loss


class GanTraining:
    """A generator, its discriminator, their optimizers, and the average of the weights.

    A backend's subclass adds `step(phone, target)`.

    Args:
        generator: from `(N, P, P, 3)` RGB in [0, 1] to the same shape.
        objective: the generator's losses and their weights.
        discriminator: from `(N, P, P, 3)` to `(N, 1)` logits; None where the objective has no
            texture term.
        features: from `(N, P, P, 3)` to VGG activations; None where it has no content term.
        learning_rate: of Adam, for the generator; a number or a Keras schedule.
        discriminator_learning_rate: of Adam, for the discriminator.
        published: the network that is validated and saved: of the generator's layers, in
            float32, it receives the average of the generator's weights after every step; by
            default the generator itself.
        weight_average: decay d of that exponential moving average, [0, 1). Early on the decay is
            (1 + t)/(10 + t) at step t, where that is less, so that the first weights are soon
            forgotten; with 0 the published weights are the last ones.
    """

    def __init__(
        self,
        generator: keras.Model,
        objective: Objective,
        discriminator: keras.Model | None = None,
        features: keras.Model | None = None,
        learning_rate=5e-4,
        discriminator_learning_rate=1e-4,
        published: keras.Model | None = None,
        weight_average: float = 0.0,
    ):
        self.generator = generator
        self.objective = objective
        self.discriminator = discriminator
        self.features = features
        self.published = generator if published is None else published
        self.weight_average = weight_average
        self.generator_optimizer = keras.optimizers.Adam(learning_rate)
        self.generator_optimizer.build(generator.trainable_variables)
        self.discriminator_optimizer = None
        if discriminator is not None:
            self.discriminator_optimizer = keras.optimizers.Adam(discriminator_learning_rate)
            self.discriminator_optimizer.build(discriminator.trainable_variables)
        if published is not None:
            published.set_weights(generator.get_weights())
        self.variables = self._variables()

    def _variables(self) -> list[keras.Variable]:
        holders = [self.generator, self.generator_optimizer]
        if self.discriminator is not None:
            holders += [self.discriminator, self.discriminator_optimizer]
        if self.published is not self.generator:
            holders.append(self.published)
        return [variable for holder in holders for variable in holder.variables]

    @property
    def state(self) -> list[keras.Variable]:
        """Every variable that a resumed training needs, up to date, in a fixed order."""
        self.publish()
        return self.variables

    def publish(self) -> None:
        """Bring the networks' variables up to date, where the backend keeps newer values."""

    def losses(self, phone, target):
        """Both networks' losses from one pass of each.

        Both come from the same enhanced images and the same discriminator pass over enhanced and
        DSLR images together; each network is then to follow the gradient of its own loss (ICCV
        section 4.2 trains them on separate batches, at almost twice the cost).

        Args:
            phone: `(N, P, P, 3)` float32 RGB in [0, 1].
            target: as `phone`.

        Returns:
            The generator's loss and the discriminator's, scalars, the latter 0 without one; and
            scalars by name: each weighted term of the generator's loss, "generator" (their sum),
            and, with a discriminator, "discriminator" and "discriminator_accuracy".
        """
        enhanced = self.generator(phone, training=True)
        given = {}
        if self.features is not None:
            # In float32 whatever the network computes in: their squares are summed.
            given["enhanced_features"] = ops.cast(self.features(enhanced), "float32")
            given["target_features"] = ops.cast(self.features(target), "float32")
        judgement, report = ops.zeros(()), {}
        if self.discriminator is not None:
            both = ops.concatenate([enhanced, target])
            logits, target_logits = ops.split(self.discriminator(both, training=True), 2)
            given["enhanced_logits"] = logits
            judgement = discriminator_loss(logits, target_logits, self.objective.label_smoothing)
            report["discriminator"] = judgement
            report["discriminator_accuracy"] = discriminator_accuracy(logits, target_logits)
        terms = self.objective.terms(enhanced, target, **given)
        total = sum(terms.values())
        return total, judgement, {**terms, "generator": total, **report}

    def update(self, generator_gradients, discriminator_gradients) -> None:
        """One optimizer step of each network, and of the average."""
        self.generator_optimizer.apply(generator_gradients, self.generator.trainable_variables)
        if self.discriminator is not None:
            self.discriminator_optimizer.apply(
                discriminator_gradients, self.discriminator.trainable_variables
            )

    def average(self) -> None:
        """Move the published weights towards the generator's."""
        if self.published is self.generator:
            return
        step = ops.cast(self.generator_optimizer.iterations, "float32")
        decay = ops.minimum(self.weight_average, (1 + step) / (10 + step))
        for mean, latest in zip(self.published.variables, self.generator.variables, strict=True):
            if self.weight_average:
                mean.assign(decay * mean + (1 - decay) * latest)
            else:
                mean.assign(latest)
