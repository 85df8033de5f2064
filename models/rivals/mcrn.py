"""A network like MCRN, a small entry of the PIRM 2018 challenge, built from its description."""

from common.backend import keras
from models.generator import bounded_rgb
from models.layers.normalization import normalization

layers = keras.layers


def build_mcrn(channels: int = 16) -> keras.Model:
    """Build four convolutions, 1×7, 7×1, 3×3 and 3×3, with one instance normalization.

    Kernels and width are those of the published network. A long kernel along each side gives a
    receptive field of 11×11 pixels at little cost. Where the normalization and the skip connection
    stand is a choice of this project: after the third convolution.

    Args:
        channels: width.

    Returns:
        Model from `(N, H, W, 3)` float32 RGB in [0, 1] to the same shape, range (-0.08, 1.08).
        With the default, 4,864 multiply-adds a pixel. Instance normalization makes every output
        pixel depend on statistics of the whole image.
    """
    image = keras.Input((None, None, 3), name="image")
    x = layers.Conv2D(channels, (1, 7), padding="same", name="conv0")(image)
    x = layers.LeakyReLU(0.2, name="act0")(x)
    x = layers.Conv2D(channels, (7, 1), padding="same", name="conv1")(x)
    skip = layers.LeakyReLU(0.2, name="act1")(x)
    x = layers.Conv2D(channels, 3, padding="same", name="conv2")(skip)
    x = layers.LeakyReLU(0.2, name="act2")(normalization("instance", "norm2")(x))
    x = layers.Add(name="skip")([x, skip])
    x = layers.Conv2D(3, 3, padding="same", name="rgb_conv")(x)
    return keras.Model(image, bounded_rgb(x), name="mcrn")
