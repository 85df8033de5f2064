"""The discriminators of the thesis and of the authors' released code."""

import keras
from keras import layers, ops

from common.color import LUMA_601
from models.layers.normalization import normalization


def build_thesis_discriminator(patch_size: int = 100, width: float = 1.0) -> keras.Model:
    """Six 3×3 convolutions on RGB, batch norm after all but the first.

    Thesis slide "General architecture": 64, 64, 128, 128, 256, 256 channels, a fully connected
    layer, σ. The slide states no strides; they alternate 1 and 2 as in the discriminator of the
    same widths of SRGAN (Ledig et al., CVPR 2017), and so does the leaky ReLU of 0.2.

    Args:
        patch_size: height and width of the patches in pixels.
        width: multiplier of every channel count.

    Returns:
        Model from `(N, patch_size, patch_size, 3)` float32 RGB in [0, 1] to `(N, 1)` logits of
        "taken by a DSLR" (σ is in the losses, where it is exact for large logits).
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
    """Five convolutions on luma, leaky ReLU and instance norm, 1024 units, as released.

    ICCV section 4.1.2 and the authors' code: 48 11×11/4, 128 5×5/2, 192 3×3, 192 3×3, 128 3×3/2,
    no norm after the first. Their two-way softmax is the sigmoid of one logit, the difference of
    their two. Their initialization is a normal of 0.01, truncated.

    Args:
        patch_size: height and width of the patches in pixels.
        width: multiplier of every channel count.

    Returns:
        Model as of `build_thesis_discriminator`.
    """
    initial = {
        "kernel_initializer": keras.initializers.TruncatedNormal(stddev=0.01),
        "bias_initializer": keras.initializers.Constant(0.01),
    }
    image = keras.Input((patch_size, patch_size, 3), name="image")
    x = Luma(name="luma")(image)
    stages = ((48, 11, 4), (128, 5, 2), (192, 3, 1), (192, 3, 1), (128, 3, 2))
    for index, (channels, size, stride) in enumerate(stages, start=1):
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


@keras.saving.register_keras_serializable(package="dped")
class Luma(layers.Layer):
    """`(N, H, W, 3)` RGB to `(N, H, W, 1)` luma by the weights of ITU-R BT.601."""

    def call(self, inputs):
        weights = ops.convert_to_tensor(LUMA_601, dtype=inputs.dtype)
        return ops.sum(inputs * weights, axis=-1, keepdims=True)
