"""The discriminators of the thesis and of the authors' released code."""

from common.backend import keras
from models.layers.luma import Luma
from models.layers.normalization import normalization

layers = keras.layers


def build_thesis_discriminator(patch_size: int = 100, width: float = 1.0) -> keras.Model:
    """Build the discriminator of the thesis: six 3×3 convolutions on RGB.

    Source: thesis slide "General architecture": 64, 64, 128, 128, 256, 256 channels, batch
    normalization after every convolution but the first, a fully connected layer, σ. The slide
    states no strides. Here strides 1 and 2 alternate and the leaky ReLU has a slope of 0.2, as in
    the discriminator of the same widths of SRGAN (Ledig et al., CVPR 2017).

    Args:
        patch_size: height and width of the patches in pixels.
        width: multiplier of every channel count.

    Returns:
        Model from `(N, patch_size, patch_size, 3)` float32 RGB in [0, 1] to `(N, 1)` logits of
        "taken by a DSLR". The losses apply σ, because there it is exact for large logits.
    """
    image = keras.Input((patch_size, patch_size, 3), name="image")
    x = image
    for index, channels in enumerate((64, 64, 128, 128, 256, 256), start=1):
        x = layers.Conv2D(
            _scaled(channels, width),
            3,
            strides=2 - index % 2,
            padding="same",
            use_bias=index == 1,
            name=f"conv{index}",
        )(x)
        if index > 1:
            x = normalization("batch", f"norm{index}")(x)
        x = layers.LeakyReLU(0.2, name=f"relu{index}")(x)
    logit = layers.Dense(1, dtype="float32", name="logit")(layers.Flatten(name="flatten")(x))
    return keras.Model(image, logit, name="thesis_discriminator")


def build_iccv_discriminator(patch_size: int = 100, width: float = 1.0) -> keras.Model:
    """Build the discriminator of the released code: five convolutions on luma, 1024 units.

    Source: ICCV section 4.1.2 and the authors' code: 48 11×11/4, 128 5×5/2, 192 3×3, 192 3×3,
    128 3×3/2. A leaky ReLU, then instance normalization, follows every convolution; the first has
    no normalization. The authors end in a two-way softmax. A softmax of two logits equals the
    sigmoid of their difference, which is the one logit here. The initial weights are the authors':
    a truncated normal of 0.01.

    Args:
        patch_size: height and width of the patches in pixels.
        width: multiplier of every channel count.

    Returns:
        Model from `(N, patch_size, patch_size, 3)` float32 RGB in [0, 1] to `(N, 1)` logits of
        "taken by a DSLR".
    """
    initial = {
        "kernel_initializer": keras.initializers.TruncatedNormal(stddev=0.01),
        "bias_initializer": keras.initializers.Constant(0.01),
    }
    image = keras.Input((patch_size, patch_size, 3), name="image")
    x = Luma(name="luma")(image)
    convolutions = ((48, 11, 4), (128, 5, 2), (192, 3, 1), (192, 3, 1), (128, 3, 2))
    for index, (channels, size, stride) in enumerate(convolutions, start=1):
        x = layers.Conv2D(
            _scaled(channels, width),
            size,
            strides=stride,
            padding="same",
            name=f"conv{index}",
            **initial,
        )(x)
        x = layers.LeakyReLU(0.2, name=f"relu{index}")(x)
        if index > 1:
            x = normalization("instance", f"norm{index}")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(_scaled(1024, width), name="dense", **initial)(x)
    x = layers.LeakyReLU(0.2, name="dense_relu")(x)
    logit = layers.Dense(1, dtype="float32", name="logit", **initial)(x)
    return keras.Model(image, logit, name="iccv_discriminator")


def _scaled(channels: int, width: float) -> int:
    return max(1, round(channels * width))
