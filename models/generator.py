"""The image enhancement network F_W of the thesis and of the ICCV paper."""

import keras
from keras import layers

from models.layers.initializers import NearIdentity
from models.layers.normalization import normalization


def build_generator(norm: str = "batch", channels: int = 64, blocks: int = 4) -> keras.Model:
    """Residual generator: 9×9 conv, residual blocks, two 3×3 convs, 9×9 conv to RGB.

    Thesis slide "General architecture"; ICCV section 4.1. Each residual block is
    `x + relu(norm(conv(relu(norm(conv(x))))))`, every other conv is followed by a ReLU, and the
    last one by `0.58·tanh + 0.5`, which reaches slightly past [0, 1] so that black and white are
    attainable (released code).
    It starts near the identity.

    Args:
        norm: "batch" (thesis) or "instance" (released code).
        channels: width of every hidden layer.
        blocks: number of residual blocks.

    Returns:
        Model from `(N, H, W, 3)` float32 RGB in [0, 1] to the same shape, range (-0.08, 1.08).
        Receptive radius 18 pixels with 4 blocks. With instance norm every output pixel also
        depends on whole-image statistics.
    """

    def conv(x, filters, size, name, **options):
        return layers.Conv2D(filters, size, padding="same", name=name, **options)(x)

    def conv_norm_relu(x, name, initial_scale=1.0):
        # Batch norm subtracts whatever a bias adds; instance norm too, but the released weights
        # carry the biases.
        x = conv(x, channels, 3, f"{name}_conv", use_bias=norm != "batch")
        x = normalization(norm, f"{name}_norm", initial_scale)(x)
        return layers.ReLU(name=f"{name}_relu")(x)

    def through(x, size, name):
        # One initializer a layer: an instance gives every layer the same noise.
        return conv(x, channels, size, name, kernel_initializer=NearIdentity())

    image = keras.Input((None, None, 3), name="image")
    x = layers.ReLU(name="head_relu")(through(image, 9, "head_conv"))
    for block in range(1, blocks + 1):
        y = conv_norm_relu(x, f"block{block}_1")
        # Blocks that start near the identity train faster (Goyal et al. 2017, section 5.1, who
        # start at 0; the ReLU that follows here would not wake up from 0).
        y = conv_norm_relu(y, f"block{block}_2", initial_scale=0.1)
        x = layers.Add(name=f"block{block}_add")([x, y])
    for tail in (1, 2):
        x = layers.ReLU(name=f"tail{tail}_relu")(through(x, 3, f"tail{tail}_conv"))
    # 0.58·tanh(2.2·c - 1.1) + 0.5 is c to within 0.04.
    x = conv(
        x,
        3,
        9,
        "rgb_conv",
        kernel_initializer=NearIdentity(gain=2.2),
        bias_initializer=keras.initializers.Constant(-1.1),
    )
    return keras.Model(image, bounded_rgb(x), name="generator")


def bounded_rgb(x):
    """`0.58·tanh(x) + 0.5`: the last activation of the released networks."""
    # In float32 also where the layers before compute in less: 8 bits are not enough for a picture.
    x = layers.Activation("tanh", name="rgb_tanh", dtype="float32")(x)
    return layers.Rescaling(0.58, offset=0.5, name="enhanced", dtype="float32")(x)
