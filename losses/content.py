"""Content loss: the distance of two images in the features of VGG-19."""

from typing import Any

from common.backend import keras

ops: Any = keras.ops  # Keras annotates operations as if they could return None


def content_loss(enhanced_features, target_features):
    """Return the mean squared difference of two feature maps.

    Formula: `1 / (C_j·H_j·W_j)·‖ψ_j(F_W(I_s)) - ψ_j(I_t)‖²`, mean over the batch. The thesis
    (slide "Loss functions") and ICCV equation 6 print the norm without its square. The square
    stands in the released code and in the source of the formula (Johnson et al. 2016, equation 2).

    Args:
        enhanced_features: `(N, H_j, W_j, C_j)` float, the activations ψ_j of enhanced images.
        target_features: As `enhanced_features`.

    Returns:
        A scalar ≥ 0.
    """
    return ops.mean(ops.square(enhanced_features - target_features))


def relative_content_loss(enhanced_features, target_features, scale: float = 1.0):
    """Return the content loss with features scaled so that each target's root mean square is fixed.

    Formula: `scale²·Σ(ψ_j(F_W(I_s)) - ψ_j(I_t))² / Σψ_j(I_t)²` for each image, mean over the batch.
    The mean square of a VGG activation runs from about 1 to 10⁵ with the layer. The fraction is of
    order 1 at any layer and for any weights, so one weight of the term suits all layers.

    Args:
        enhanced_features: As for `content_loss`.
        target_features: As `enhanced_features`; not all zero in any image.
        scale: The root mean square that the target's features get.

    Returns:
        A scalar ≥ 0: 0 for equal features, `scale²` where the enhanced features vanish.
    """
    over_image = (1, 2, 3)
    difference = ops.sum(ops.square(enhanced_features - target_features), axis=over_image)
    length = ops.sum(ops.square(target_features), axis=over_image)
    return scale**2 * ops.mean(difference / ops.maximum(length, 1e-12))
