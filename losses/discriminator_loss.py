"""The discriminator's own loss, in two forms, and its accuracy."""

from typing import Any

from common.backend import keras

ops: Any = keras.ops  # Keras annotates operations as if they could return None


def discriminator_cross_entropy(enhanced_logits, target_logits, label_smoothing: float = 0.0):
    """Return the mean binary cross-entropy of "enhanced" against "DSLR" over both halves.

    ICCV section 4.1.2. The released code shows a random half of each batch; this loss is the
    expectation of `swapped_cross_entropy`.

    Args:
        enhanced_logits: `(N, 1)` float logits of enhanced images.
        target_logits: `(N, 1)` float logits of DSLR images.
        label_smoothing: s in [0, 1). The labels are s/2 and 1 - s/2 instead of 0 and 1, which draws
            the logits of a sure discriminator back to ±log(2/s - 1) (Salimans et al., NIPS 2016,
            section 3.4, here on both sides).

    Returns:
        A scalar ≥ 0; log 2 where the discriminator is undecided.
    """
    wrong = label_smoothing / 2

    def cross_entropy(logits_of_truth):
        return ops.mean(ops.softplus(-logits_of_truth)) + wrong * ops.mean(logits_of_truth)

    return 0.5 * (cross_entropy(-enhanced_logits) + cross_entropy(target_logits))


def swapped_cross_entropy(logits, shows_target):
    """Return the mean binary cross-entropy of samples that are enhanced or DSLR images at random.

    The discriminator's loss in the authors' released code, which takes the sum over the batch. The
    factor does not matter to Adam, and the loss has no other term.

    Args:
        logits: `(N, 1)` float logits of the images shown.
        shows_target: `(N,)` bool, True where the image is the DSLR's.

    Returns:
        A scalar ≥ 0; log 2 where the discriminator is undecided.
    """
    sign = 1 - 2 * ops.cast(shows_target[:, None], logits.dtype)
    return ops.mean(ops.softplus(sign * logits))


def discriminator_accuracy(enhanced_logits, target_logits):
    """Return the share of images that the discriminator classifies correctly, in [0, 1].

    Args:
        enhanced_logits: `(N, 1)` float logits of enhanced images.
        target_logits: `(N, 1)` float logits of DSLR images.
    """
    correct = ops.concatenate([enhanced_logits < 0, target_logits > 0])
    return ops.mean(ops.cast(correct, "float32"))


def swapped_accuracy(logits, shows_target):
    """Return the share of correct classifications; arguments as for `swapped_cross_entropy`."""
    return ops.mean(ops.cast((logits > 0) == shows_target[:, None], "float32"))
