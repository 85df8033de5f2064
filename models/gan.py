"""The training step: one generator pass, one discriminator pass, two gradients."""

import keras
import tensorflow as tf
from keras import ops

from losses.objective import Objective
from losses.texture import discriminator_accuracy, discriminator_loss


class GanTraining:
    """A generator, its discriminator, and the `tf.function` that improves both.

    Args:
        generator: from `(N, P, P, 3)` RGB in [0, 1] to the same shape.
        objective: the generator's losses and their weights.
        discriminator: from `(N, P, P, 3)` to `(N, 1)` logits; None where the objective has no
            texture term.
        features: from `(N, P, P, 3)` to VGG activations; None where it has no content term.
        learning_rate: of Adam, for the generator.
        discriminator_learning_rate: of Adam, for the discriminator.
    """

    def __init__(
        self,
        generator: keras.Model,
        objective: Objective,
        discriminator: keras.Model | None = None,
        features: keras.Model | None = None,
        learning_rate: float = 5e-4,
        discriminator_learning_rate: float = 1e-4,
    ):
        self.generator = generator
        self.objective = objective
        self.discriminator = discriminator
        self.features = features
        self.generator_optimizer = keras.optimizers.Adam(learning_rate)
        self.generator_optimizer.build(generator.trainable_variables)
        self.discriminator_optimizer = None
        if discriminator is not None:
            self.discriminator_optimizer = keras.optimizers.Adam(discriminator_learning_rate)
            self.discriminator_optimizer.build(discriminator.trainable_variables)

    @property
    def state(self) -> list[keras.Variable]:
        """Every variable that a resumed training needs, in a fixed order."""
        holders = [self.generator, self.generator_optimizer]
        if self.discriminator is not None:
            holders += [self.discriminator, self.discriminator_optimizer]
        return [variable for holder in holders for variable in holder.variables]

    @tf.function(reduce_retracing=True)
    def step(self, phone, target) -> dict[str, tf.Tensor]:
        """Train both networks on one batch of pairs.

        Both losses come from the same enhanced images and the same discriminator pass over
        enhanced and DSLR images together; each network then follows the gradient of its own loss
        (ICCV section 4.2 trains them on separate batches, at almost twice the cost).

        Args:
            phone: `(N, P, P, 3)` float32 RGB in [0, 1].
            target: as `phone`.

        Returns:
            Scalars by name: each weighted term of the generator's loss, "generator" (their sum),
            and, with a discriminator, "discriminator" and "discriminator_accuracy".
        """
        adversarial = self.discriminator is not None
        with tf.GradientTape(persistent=True) as tape:
            enhanced = self.generator(phone, training=True)
            given = {}
            if self.features is not None:
                given["enhanced_features"] = self.features(enhanced)
                given["target_features"] = self.features(target)
            if adversarial:
                both = ops.concatenate([enhanced, target])
                logits, target_logits = ops.split(self.discriminator(both, training=True), 2)
                given["enhanced_logits"] = logits
                judgement = discriminator_loss(
                    logits, target_logits, self.objective.label_smoothing
                )
            terms = self.objective.terms(enhanced, target, **given)
            total = sum(terms.values())

        _descend(tape, total, self.generator, self.generator_optimizer)
        report = {**terms, "generator": total}
        if adversarial:
            _descend(tape, judgement, self.discriminator, self.discriminator_optimizer)
            report["discriminator"] = judgement
            report["discriminator_accuracy"] = discriminator_accuracy(logits, target_logits)
        return report


def _descend(tape, loss, model, optimizer) -> None:
    """One optimizer step of `model` alone down the gradient of `loss`."""
    variables = model.trainable_variables
    gradients = tape.gradient(loss, [variable.value for variable in variables])
    optimizer.apply(gradients, variables)
