"""Content loss: the distance of two images in the features of VGG-19."""

from keras import ops

NORMALIZED_MEAN_SQUARE = 50.0**2


def content_loss(enhanced_features, target_features):
    """Mean squared difference of two feature maps.

    Formula: `1 / (C_j·H_j·W_j)·‖ψ_j(F_W(I_s)) - ψ_j(I_t)‖²`, mean over the batch (thesis slide
    "Loss functions", ICCV equation 6, whose norm is squared in the released code).

    Args:
        enhanced_features: `(N, H_j, W_j, C_j)` float, the activations ψ_j of enhanced images.
        target_features: as `enhanced_features`.

    Returns:
        Scalar ≥ 0.
    """
    return ops.mean(ops.square(enhanced_features - target_features))


def relative_content_loss(enhanced_features, target_features):
    """Squared distance of two feature maps as a fraction of the target's squared length.

    Formula: `Σ(ψ_j(F_W(I_s)) - ψ_j(I_t))² / Σψ_j(I_t)²` for each image, mean over the batch. The
    mean square of a VGG activation runs from about 1 to 10⁵ with the layer; the fraction is of
    order 1 at any layer and for any weights, so one weight holds for all.

    Args:
        enhanced_features: as for `content_loss`.
        target_features: as `enhanced_features`; no image's all zero.

    Returns:
        Scalar ≥ 0, 0 for equal features, 1 where the enhanced features vanish.
    """
    over_image = (1, 2, 3)
    difference = ops.sum(ops.square(enhanced_features - target_features), axis=over_image)
    length = ops.sum(ops.square(target_features), axis=over_image)
    return ops.mean(difference / ops.maximum(length, 1e-12))


def normalized_content_loss(enhanced_features, target_features):
    """Mean squared difference of feature maps, both scaled so that the target's root is 50.

    Formula: `2500·relative_content_loss`. The thesis leaves the scale of ψ_j open; at this one the
    term leads the gradient at the start, and texture cannot swamp it later (docs/method.md).
    """
    return NORMALIZED_MEAN_SQUARE * relative_content_loss(enhanced_features, target_features)
