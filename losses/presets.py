"""Presets: the terms of the generator's loss and their weights.

A new preset is one entry of `PRESETS`. A new term is one file beside this one, one entry in
`Objective.terms`, and a weight in a preset. Keras is imported only where terms are
computed: command lines list the presets.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

# The released code sums these terms over the batch. The functions here take the mean, so `preset`
# multiplies the weights of these terms by the batch size.
SUMMED_OVER_BATCH = {"saturating_texture"}


@dataclasses.dataclass(frozen=True)
class Objective:
    """The weights of the generator's loss terms, and the networks that go with the terms.

    Attributes:
        weights: The weight of each term by name; a term without a weight is not computed.
        normalization: Of the generator, "batch" or "instance".
        discriminator: The kind of discriminator, "thesis" or "iccv"; None without a texture term.
        content_scale: The root mean square of the VGG features for which the weight of the content
            term is meant. `relative_content` scales the features to this value.
        relative_content: Whether the content term takes features relative to the target's.
    """

    weights: Mapping[str, float]
    normalization: str = "batch"
    discriminator: str | None = None
    content_scale: float = 50.0
    relative_content: bool = False

    def terms(
        self, enhanced, target, enhanced_logits=None, vgg=None, enhanced_shifted=None
    ) -> dict:
        """Return each weighted term by name, all scalars; their sum is the generator's loss.

        Args:
            enhanced: `(N, H, W, 3)` float RGB, nominally in [0, 1].
            target: As `enhanced`.
            enhanced_logits: `(N, 1)` logits of `enhanced`; needed for the texture terms.
            vgg: The function from images to VGG-19 activations; needed for the content term.
            enhanced_shifted: The result for the shifted photos, see `losses.shift`; needed for the
                shift term.
        """
        from common.backend import keras
        from losses.color import color_loss, released_color_loss
        from losses.content import content_loss, relative_content_loss
        from losses.shift import shift_loss
        from losses.structure import structure_loss
        from losses.texture import saturating_texture_loss, texture_loss
        from losses.total_variation import squared_variation, total_variation_loss

        ops: Any = keras.ops

        def content():
            assert vgg is not None, "the content term needs VGG-19"
            # In float32, whatever VGG computes in: the squares are summed.
            enhanced_features = ops.cast(vgg(enhanced), "float32")
            target_features = ops.cast(vgg(target), "float32")
            if self.relative_content:
                scale = self.content_scale
                return relative_content_loss(enhanced_features, target_features, scale)
            return content_loss(enhanced_features, target_features)

        losses = {
            "color": lambda: color_loss(enhanced, target),
            "released_color": lambda: released_color_loss(enhanced, target),
            "texture": lambda: texture_loss(enhanced_logits),
            "saturating_texture": lambda: saturating_texture_loss(enhanced_logits),
            "content": content,
            "total_variation": lambda: total_variation_loss(enhanced),
            "squared_variation": lambda: squared_variation(enhanced),
            "shift": lambda: shift_loss(enhanced, enhanced_shifted),
            "squared_error": lambda: ops.mean(ops.square(enhanced - target)),
            "absolute_error": lambda: ops.mean(ops.abs(enhanced - target)),
            "structure": lambda: structure_loss(enhanced, target),
        }
        return {name: weight * losses[name]() for name, weight in self.weights.items()}


PRESETS = {
    # Thesis slide "Loss functions": L = L_color + L_texture + 0.1·L_content + 100·L_tv.
    "thesis": Objective(
        {"color": 1.0, "texture": 1.0, "content": 0.1, "total_variation": 100.0},
        discriminator="thesis",
    ),
    # Ours, for small networks: the thesis' terms with a larger weight of texture. Instead of total
    # variation, which removes grain, the shift term removes the pattern that a discriminator takes
    # for grain.
    "grain": Objective(
        {"color": 1.0, "texture": 6.0, "content": 0.1, "shift": 1000.0},
        discriminator="thesis",
    ),
    # The authors' released code. Its content layer, relu5_4, has features of order 1.
    "iccv": Objective(
        {
            "released_color": 0.5,
            "saturating_texture": 1.0,
            "content": 10.0,
            "squared_variation": 2000.0,
        },
        normalization="instance",
        discriminator="iccv",
        content_scale=1.0,
    ),
    # Dong et al., ECCV 2014, equation 4: mean squared error.
    "mse": Objective({"squared_error": 1.0}),
    # Johnson et al., ECCV 2016, equation 2: feature reconstruction loss alone.
    "content": Objective({"content": 1.0}),
    # Ours, without VGG and discriminator, for few pairs and small machines: what PSNR and MS-SSIM
    # measure, in the proportion that Zhao et al. (IEEE TCI 2017, section III.D) found to work.
    "fidelity": Objective({"absolute_error": 0.16, "structure": 0.84}),
    # The same two terms in equal parts: more PSNR for less MS-SSIM, for networks that are too small
    # to have all of both (docs/results.md).
    "distortion": Objective({"absolute_error": 0.5, "structure": 0.5}),
}
TERMS = tuple(dict.fromkeys(term for objective in PRESETS.values() for term in objective.weights))


def preset(name: str, batch_size: int = 1, relative_content: bool = False) -> Objective:
    """Return the objective of the preset `name`.

    Args:
        name: A key of `PRESETS`.
        batch_size: The pairs of a batch on all machines together. Sums over the batch have their
            weights multiplied by this number.
        relative_content: See `Objective`.

    Raises:
        KeyError: No preset has this name.
    """
    objective = PRESETS[name]
    weights = {
        term: weight * (batch_size if term in SUMMED_OVER_BATCH else 1)
        for term, weight in objective.weights.items()
    }
    return dataclasses.replace(objective, weights=weights, relative_content=relative_content)
