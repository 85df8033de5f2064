"""A small generator for phones: half resolution, few channels, global features of the photo."""

from common.backend import keras
from models.layers.global_moments import GlobalMoments
from models.layers.initializers import small_normal
from models.layers.space_to_depth import DepthToSpace, SpaceToDepth
from models.layers.thumbnail import Thumbnail

layers = keras.layers


def build_mobile(channels: int = 30, blocks: int = 3, thumbnail: int = 64) -> keras.Model:
    """Build a local network at half resolution, modulated by global features of the photo.

    1. `SpaceToDepth` turns blocks of 2×2 pixels into 12 channels. A 3×3 convolution then sees 6×6
       pixels at a quarter of the cost.
    2. A 3×3 convolution, `blocks` more with a skip connection, and a last one follow. Their output
       is added to the image.
    3. `global_features` describes the whole photo by its thumbnail. A gain and a shift for each
       channel of the first convolution, and for each color of the image, are linear in these
       features (feature-wise modulation as in Perez et al., "FiLM", AAAI 2018). The modulation
       adapts the network to the light of the photo, as instance normalization does in the
       authors' generator.

    Tiles give the same result as the whole photo, if they share the photo's thumbnail. The network
    has only operations that mobile delegates support. Its activation is ReLU, which a runtime fuses
    with the convolution and which 8-bit integers represent well.

    Args:
        channels: width at half resolution.
        blocks: number of convolutions between the first and the last.
        thumbnail: side of the thumbnail, pixels.

    Returns:
        Model from `(N, H, W, 3)` float32 RGB in [0, 1], H and W even, to the same shape, about
        [0, 1], not clipped. With the defaults, 7,695 multiply-adds a pixel.
    """
    image = keras.Input((None, None, 3), name="image")
    features = global_features(image, thumbnail)
    return keras.Model(image, local_network(image, features, channels, blocks), name="mobile")


def local_network(image, features, channels: int, blocks: int):
    """Compute the enhanced image at half resolution, see `build_mobile`.

    Args:
        image: the image input, `(N, H, W, 3)`.
        features: features of the whole photo, `(N, 1, 1, F)`.
        channels: width at half resolution.
        blocks: number of convolutions between the first and the last.

    Returns:
        Tensor `(N, H, W, 3)`.
    """
    pixels = SpaceToDepth(name="pixels_to_channels")(image)
    x = layers.Conv2D(channels, 3, padding="same", name="head")(pixels)
    x = layers.ReLU(name="head_relu")(modulated(x, features, "head"))
    skip = x
    for number in range(1, blocks + 1):
        x = layers.Conv2D(channels, 3, padding="same", name=f"conv{number}")(x)
        x = layers.ReLU(name=f"relu{number}")(x)
    x = layers.Add(name="skip")([x, skip])
    x = layers.Conv2D(12, 3, padding="same", kernel_initializer=small_normal(), name="tail")(x)
    # The colors are modulated as 12 channels of a block: 3 channels are too few for a fast loop.
    x = layers.Add(name="sum")([_modulated_pixels(pixels, features), x])
    return DepthToSpace(name="enhanced")(x)


def global_features(image, size: int):
    """Compute 48 features of the whole photo from its thumbnail.

    A 1×1 convolution with ReLU gives 24 learned functions of the color of each thumbnail pixel.
    Their means and standard deviations over the thumbnail form a soft color histogram. A fully
    connected layer with ReLU follows.

    Args:
        image: the image input, `(N, H, W, 3)`.
        size: side of the thumbnail, pixels.

    Returns:
        Tensor `(N, 1, 1, 48)`.
    """
    x = Thumbnail(size, name="thumbnail")(image)
    x = layers.Conv2D(24, 1, activation="relu", name="thumbnail_functions")(x)
    x = GlobalMoments(name="thumbnail_moments")(x)
    return layers.Conv2D(48, 1, activation="relu", name="view")(x)


def modulated(x, features, name: str):
    """Scale and shift each channel of `x` by amounts that are linear in `features`.

    The gains start near 1 and the shifts near 0.
    """
    gain, shift = _gain_and_shift(x.shape[-1], features, name)
    x = layers.Multiply(name=f"{name}_times_gain")([x, gain])
    return layers.Add(name=f"{name}_plus_shift")([x, shift])


def _modulated_pixels(pixels, features):
    """Modulate the three colors of pixels that `SpaceToDepth` has turned into channels."""
    count = pixels.shape[-1] // 3
    gain, shift = _gain_and_shift(3, features, "color")
    gain = layers.Concatenate(name="color_gain_of_pixels")([gain] * count)
    shift = layers.Concatenate(name="color_shift_of_pixels")([shift] * count)
    x = layers.Multiply(name="color_times_gain")([pixels, gain])
    return layers.Add(name="color_plus_shift")([x, shift])


def _gain_and_shift(channels: int, features, name: str):
    gain = layers.Conv2D(
        channels, 1, kernel_initializer=small_normal(), bias_initializer="ones", name=f"{name}_gain"
    )
    shift = layers.Conv2D(channels, 1, kernel_initializer=small_normal(), name=f"{name}_shift")
    return gain(features), shift(features)
