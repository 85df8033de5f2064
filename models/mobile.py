"""The generator for a phone: half the resolution, few channels, and a look at the whole photo."""

import keras
from keras import layers

from models.layers.global_moments import GlobalMoments
from models.layers.rearrangement import DepthToSpace, SpaceToDepth
from models.layers.thumbnail import Thumbnail


def _small():
    """An initializer of its own for each layer: it draws its seed when it is made."""
    return keras.initializers.RandomNormal(stddev=0.02)


def build_mobile(channels: int = 30, blocks: int = 3, thumbnail: int = 64) -> keras.Model:
    """A local network at half resolution, steered by what a thumbnail tells of the whole photo.

    Blocks of 2×2 pixels become 12 channels (`SpaceToDepth`), so that a 3×3 convolution sees 6×6
    pixels at a quarter of the cost; `blocks` 3×3 convolutions follow, and the result is added to
    the image. What instance norm is for in the published generator, adapting to the light of the
    whole photo, comes from a thumbnail: mean and spread over it of learned functions of its
    colours, a soft histogram, decide a gain and a shift of each channel after the first
    convolution (as in Perez et al., "FiLM", AAAI 2018) and of each colour of the image. The
    network is exact in tiles that share the photo's thumbnail.

    Only operations that mobile delegates know, and ReLU, which costs nothing after a convolution
    and survives 8-bit integers.

    Args:
        channels: width at half resolution.
        blocks: convolutions at half resolution between the first and the last.
        thumbnail: its side, pixels.

    Returns:
        Model from `(N, H, W, 3)` float32 RGB in [0, 1], H and W even, to the same shape, about
        [0, 1], not clipped. 7,695 multiply-adds a pixel as it stands.
    """
    image = keras.Input((None, None, 3), name="image")
    view = whole_photo(image, thumbnail)
    pixels = SpaceToDepth(name="pixels_to_channels")(image)
    x = layers.Conv2D(channels, 3, padding="same", name="head")(pixels)
    x = layers.ReLU(name="head_relu")(steered(x, view, "head"))
    skip = x
    for number in range(1, blocks + 1):
        x = layers.Conv2D(channels, 3, padding="same", name=f"conv{number}")(x)
        x = layers.ReLU(name=f"relu{number}")(x)
    x = layers.Add(name="skip")([x, skip])
    x = layers.Conv2D(12, 3, padding="same", kernel_initializer=_small(), name="tail")(x)
    # Colours are steered while four pixels lie side by side: three values are too few for a loop.
    x = layers.Add(name="sum")([_steered_pixels(pixels, view), x])
    return keras.Model(image, DepthToSpace(name="enhanced")(x), name="mobile")


def whole_photo(image, size: int):
    """What a network is to know of the whole photo `image`, by a thumbnail: `(N, 1, 1, 48)`."""
    x = Thumbnail(size, name="thumbnail")(image)
    x = layers.Conv2D(24, 1, activation="relu", name="thumbnail_functions")(x)
    x = GlobalMoments(name="thumbnail_moments")(x)
    return layers.Conv2D(48, 1, activation="relu", name="view")(x)


def steered(x, view, name: str):
    """`x` with a gain and a shift of each channel, linear in `view`; at first about 1 and 0."""
    gain, shift = _gain_and_shift(x.shape[-1], view, name)
    x = layers.Multiply(name=f"{name}_times_gain")([x, gain])
    return layers.Add(name=f"{name}_plus_shift")([x, shift])


def _steered_pixels(pixels, view):
    """`steered` for the three colours of each of the pixels that lie side by side."""
    count = pixels.shape[-1] // 3
    gain, shift = (
        layers.Concatenate(name=f"color_{kind}_of_pixels")([value] * count)
        for kind, value in zip(("gain", "shift"), _gain_and_shift(3, view, "color"), strict=True)
    )
    x = layers.Multiply(name="color_times_gain")([pixels, gain])
    return layers.Add(name="color_plus_shift")([x, shift])


def _gain_and_shift(channels: int, view, name: str):
    gain = layers.Conv2D(
        channels, 1, kernel_initializer=_small(), bias_initializer="ones", name=f"{name}_gain"
    )
    shift = layers.Conv2D(channels, 1, kernel_initializer=_small(), name=f"{name}_shift")
    return gain(view), shift(view)
