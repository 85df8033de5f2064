"""The image transformation network of Johnson et al. (ECCV 2016)."""

from common.backend import keras
from models.generator import bounded_rgb
from models.layers.normalization import normalization

layers = keras.layers


def build_johnson(channels: int = 64, blocks: int = 4) -> keras.Model:
    """Build their super-resolution network at scale 1: 9×9 conv, residual blocks, two more convs.

    Source: supplementary material of the paper, table 2, without the upsampling layers, because
    input and output have the same size here. Their residual block is
    `x + norm(conv(relu(norm(conv(x)))))`. Unlike in the generator of DPED, no ReLU follows the
    second normalization. The paper trains the network with the content loss alone.

    Args:
        channels: width of every hidden layer.
        blocks: number of residual blocks.

    Returns:
        Model from `(N, H, W, 3)` float32 RGB in [0, 1] to the same shape, range (-0.08, 1.08).
    """

    def conv_norm(x, size, name):
        x = layers.Conv2D(channels, size, padding="same", use_bias=False, name=f"{name}_conv")(x)
        return normalization("batch", f"{name}_norm")(x)

    image = keras.Input((None, None, 3), name="image")
    x = layers.ReLU(name="head_relu")(conv_norm(image, 9, "head"))
    for block in range(1, blocks + 1):
        y = layers.ReLU(name=f"block{block}_relu")(conv_norm(x, 3, f"block{block}_1"))
        y = conv_norm(y, 3, f"block{block}_2")
        x = layers.Add(name=f"block{block}_add")([x, y])
    x = layers.ReLU(name="tail_relu")(conv_norm(x, 3, "tail"))
    x = layers.Conv2D(3, 9, padding="same", name="rgb_conv")(x)
    return keras.Model(image, bounded_rgb(x), name="johnson")
