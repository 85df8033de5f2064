"""Texture loss: how far the discriminator is from taking enhanced images for DSLR images."""

from typing import Any

from common.backend import keras

ops: Any = keras.ops  # Keras annotates operations as if they could return None


def texture_loss(enhanced_logits):
    """Return the mean over the batch of `-log D(F_W(I_s))`, the non-saturating form.

    Thesis slide "Loss functions"; ICCV equation 5. Both sum over the samples. A mean leaves the
    proportion of the terms as it is, because the other terms are means over the batch too.

    Args:
        enhanced_logits: `(N, 1)` float, the discriminator's logits of enhanced images. Their
            sigmoid is the probability of "taken by a DSLR".

    Returns:
        A scalar ≥ 0; log 2 where the discriminator is undecided.
    """
    return ops.mean(ops.softplus(-enhanced_logits))


def saturating_texture_loss(enhanced_logits):
    """Return the mean over the batch of `log(1 - D(F_W(I_s)))`: minus the discriminator's loss.

    The authors' released code takes the sum over the batch: `losses.presets.preset` multiplies the
    weight by the batch size. The gradient vanishes where the discriminator wins.

    Args:
        enhanced_logits: As for `texture_loss`.

    Returns:
        A scalar ≤ 0.
    """
    return -ops.mean(ops.softplus(enhanced_logits))
