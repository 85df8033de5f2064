"""The image enhancement network F_W of the thesis and of the ICCV paper."""

from common.backend import keras
from models.layers.initializers import NearIdentity
from models.layers.normalization import normalization as normalization_layer

layers = keras.layers


def build_generator(
    normalization: str = "batch", channels: int = 64, blocks: int = 4
) -> keras.Model:
    """Build the residual generator: 9×9 conv, residual blocks, two 3×3 convs, 9×9 conv to RGB.

    Source: thesis slide "General architecture"; ICCV section 4.1. Each residual block is
    `x + relu(norm(conv(relu(norm(conv(x))))))`. A ReLU follows every other convolution but the
    last. `0.58·tanh + 0.5` follows the last convolution (released code); it reaches slightly past
    [0, 1], so that black and white are attainable. The initial weights make the network start near
    the identity.

    Args:
        normalization: "batch" (thesis) or "instance" (released code).
        channels: width of every hidden layer.
        blocks: number of residual blocks.

    Returns:
        Model from `(N, H, W, 3)` float32 RGB in [0, 1] to the same shape, range (-0.08, 1.08).
        The receptive radius is 18 pixels with 4 blocks. With instance normalization every output
        pixel also depends on statistics of the whole image.

    Raises:
        ValueError: another normalization.
    """

    def conv(x, filters, size, name, **options):
        return layers.Conv2D(filters, size, padding="same", name=name, **options)(x)

    def conv_norm_relu(x, name, initial_scale=1.0):
        # Both normalizations subtract whatever a bias adds. With instance normalization the
        # convolution has a bias nevertheless, because the released weights have one.
        x = conv(x, channels, 3, f"{name}_conv", use_bias=normalization != "batch")
        x = normalization_layer(normalization, f"{name}_norm", initial_scale)(x)
        return layers.ReLU(name=f"{name}_relu")(x)

    def near_identity_conv(x, size, name):
        return conv(x, channels, size, name, kernel_initializer=NearIdentity())

    image = keras.Input((None, None, 3), name="image")
    x = layers.ReLU(name="head_relu")(near_identity_conv(image, 9, "head_conv"))
    for block in range(1, blocks + 1):
        y = conv_norm_relu(x, f"block{block}_1")
        # Blocks that start near the identity train faster (Goyal et al. 2017, section 5.1). Their
        # scale starts at 0. Here a ReLU follows, whose gradient at 0 is 0: the scale starts at 0.1.
        y = conv_norm_relu(y, f"block{block}_2", initial_scale=0.1)
        x = layers.Add(name=f"block{block}_add")([x, y])
    for tail in (1, 2):
        x = layers.ReLU(name=f"tail{tail}_relu")(near_identity_conv(x, 3, f"tail{tail}_conv"))
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
    """Apply `0.58·tanh(x) + 0.5`, the last activation of the released networks.

    The result is float32 even if the layers before compute in bfloat16, which has too few digits
    for a picture.
    """
    x = layers.Activation("tanh", name="rgb_tanh", dtype="float32")(x)
    return layers.Rescaling(0.58, offset=0.5, name="enhanced", dtype="float32")(x)
