"""Texture loss: what the discriminator thinks of the enhanced images, and its own loss."""

from keras import ops


def non_saturating_texture_loss(enhanced_logits):
    """Mean over the batch of `-log D(F_W(I_s))`.

    Thesis slide "Loss functions"; ICCV equation 5, whose sum over samples is a mean here so that
    the preset's weights hold for any batch size.

    Args:
        enhanced_logits: `(N, 1)` float, the discriminator's logits of enhanced images; the
            probability of "taken by a DSLR" is their sigmoid.

    Returns:
        Scalar ≥ 0, log 2 where the discriminator is undecided.
    """
    return ops.mean(ops.softplus(-enhanced_logits))


def saturating_texture_loss(enhanced_logits):
    """Mean over the batch of `log(1 - D(F_W(I_s)))`: minus the discriminator's loss.

    The form of the authors' released code, whose sum over the batch is a mean here: the preset's
    weight holds the batch size. Its gradient vanishes where the discriminator wins.

    Args:
        enhanced_logits: as for `non_saturating_texture_loss`.

    Returns:
        Scalar ≤ 0.
    """
    return -ops.mean(ops.softplus(enhanced_logits))


def discriminator_loss(enhanced_logits, target_logits, label_smoothing: float = 0.0):
    """Mean binary cross-entropy of "enhanced" against "DSLR" over both halves.

    ICCV section 4.1.2. The released code shows a random half of each batch; the expectation of
    its loss is this one, without the noise of the choice.

    Args:
        enhanced_logits: `(N, 1)` float logits of enhanced images.
        target_logits: `(N, 1)` float logits of DSLR images.
        label_smoothing: s in [0, 1): the labels are s/2 and 1 - s/2 instead of 0 and 1, so that a
            discriminator that is sure of itself is drawn back to logits of ±log(2/s - 1)
            (Salimans et al., NIPS 2016, section 3.4, on both sides).

    Returns:
        Scalar ≥ 0, log 2 where the discriminator is undecided.
    """
    wrong = label_smoothing / 2

    def cross_entropy(logits_of_truth):
        return ops.mean(ops.softplus(-logits_of_truth)) + wrong * ops.mean(logits_of_truth)

    return 0.5 * (cross_entropy(-enhanced_logits) + cross_entropy(target_logits))


def discriminator_accuracy(enhanced_logits, target_logits):
    """Fraction of both halves that the discriminator tells right, scalar in [0, 1]."""
    right = ops.concatenate([enhanced_logits < 0, target_logits > 0])
    return ops.mean(ops.cast(right, "float32"))
