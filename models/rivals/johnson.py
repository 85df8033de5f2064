"""The image transformation network of Johnson et al. (ECCV 2016), the seed's VGG-loss rival."""

import keras
from keras import layers

from models.generator import bounded_rgb
from models.layers.normalization import normalization


def build_johnson(channels: int = 64, blocks: int = 4) -> keras.Model:
    """Their super-resolution network at scale 1: 9×9 conv, residual blocks, 3×3 conv, 9×9 conv.

    Supplementary material of the paper, table 2, without the upsampling layers (input and output
    have one size here). Their residual block is `x + norm(conv(relu(norm(conv(x)))))`: unlike
    the generator of DPED, no ReLU follows the second norm.

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
