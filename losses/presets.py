"""What the generator is trained for: presets that choose the losses and weigh them."""

import dataclasses
import functools
from collections.abc import Callable

from keras import ops

from losses.blur import RELEASED_KERNEL
from losses.color import color_loss
from losses.content import (
    content_loss,
    normalized_content_loss,
    relative_content_loss,
)
from losses.structure import structure_loss
from losses.texture import non_saturating_texture_loss, saturating_texture_loss
from losses.total_variation import squared_variation, summed_gradient_variation


@dataclasses.dataclass(frozen=True)
class Objective:
    """The losses of a preset, their weights, and the networks that go with them.

    Attributes:
        weights: weight of each term in the total; a term of no weight is not computed.
        color: `f(enhanced, target) -> scalar`.
        texture: `f(enhanced_logits) -> scalar`.
        content: `f(enhanced_features, target_features) -> scalar`.
        total_variation: `f(enhanced) -> scalar`.
        norm: normalization of the generator, "batch" or "instance".
        discriminator: kind of discriminator, "thesis", "iccv", or None without texture.
        label_smoothing: of the discriminator's own loss.
        discriminator_learning_rate: of Adam; the generator's is the run's own choice.
    """

    weights: dict[str, float]
    color: Callable = color_loss
    texture: Callable = non_saturating_texture_loss
    content: Callable = normalized_content_loss
    total_variation: Callable = summed_gradient_variation
    norm: str = "batch"
    discriminator: str | None = None
    label_smoothing: float = 0.0
    discriminator_learning_rate: float = 1e-4

    def terms(
        self,
        enhanced,
        target,
        enhanced_logits=None,
        enhanced_features=None,
        target_features=None,
    ) -> dict:
        """Each weighted term by name, every one a scalar; their sum is the generator's loss.

        Args:
            enhanced: `(N, H, W, 3)` float RGB, nominally in [0, 1].
            target: as `enhanced`.
            enhanced_logits: `(N, 1)`, needed where `weights` has "texture".
            enhanced_features: `(N, H_j, W_j, C_j)`, needed where `weights` has "content".
            target_features: as `enhanced_features`.
        """
        losses = {
            "color": lambda: self.color(enhanced, target),
            "texture": lambda: self.texture(enhanced_logits),
            "content": lambda: self.content(enhanced_features, target_features),
            "total_variation": lambda: self.total_variation(enhanced),
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
        label_smoothing=0.2,
    ),
    # The authors' released code. Its colour term is half the sum over pixels and channels; its
    # texture term is a sum over the batch, which `preset` makes of the mean here.
    "iccv": Objective(
        {"color": 0.5 * 0.5, "texture": 1.0, "content": 10.0, "total_variation": 2000.0},
        color=functools.partial(color_loss, kernel=RELEASED_KERNEL),
        texture=saturating_texture_loss,
        content=content_loss,
        total_variation=squared_variation,
        norm="instance",
        discriminator="iccv",
        discriminator_learning_rate=5e-4,
    ),
    # Dong et al., ECCV 2014, equation 4: mean squared error.
    "mse": Objective({"squared_error": 1.0}),
    # Johnson et al., ECCV 2016, equation 2: feature reconstruction loss alone.
    "content": Objective({"content": 1.0}),
    # Ours, without VGG or discriminator, for few pairs and small machines: what PSNR and MS-SSIM
    # measure, in the proportion that Zhao et al. (IEEE TCI 2017, section III.D) found to work.
    "fidelity": Objective({"absolute_error": 0.16, "structure": 0.84}),
    # The same two terms in equal parts: more PSNR for less MS-SSIM, for nets that are too small
    # to have all of both (docs/results.md).
    "distortion": Objective({"absolute_error": 0.5, "structure": 0.5}),
}


def preset(name: str, content_layer: str, batch_size: int = 1) -> Objective:
    """The preset `name` for VGG features of `content_layer` and batches of `batch_size` in all.

    The texture term of "iccv" is weighed by the batch size, as the released code sums it.

    The released weight of 10 belongs to relu5_4, whose activations have a mean square of order 1.
    Those of other layers are up to 10⁵ times larger and would drown every other term, so "iccv"
    takes the relative form there.

    Raises:
        KeyError: no such preset.
    """
    objective = PRESETS[name]
    if objective.texture is saturating_texture_loss:
        summed = objective.weights["texture"] * batch_size
        objective = dataclasses.replace(objective, weights={**objective.weights, "texture": summed})
    if objective.content is content_loss and content_layer != "block5_conv4":
        return dataclasses.replace(objective, content=relative_content_loss)
    return objective
