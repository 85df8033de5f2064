"""The designs that benchmarks/mobile_designs.py compares; the chosen one is models/mobile.py."""

from common.backend import keras
from models.generator import build_generator
from models.layers.initializers import small_normal
from models.layers.space_to_depth import DepthToSpace, SpaceToDepth
from models.mobile import build_mobile, global_features, modulated

layers, ops = keras.layers, keras.ops


class ExpandedConv2D(layers.Conv2D):
    """A 3×3 convolution that is trained as 3×3 to many channels, then 1×1, plus the identity.

    Folded into one kernel in every step, as in SESR (Bhardwaj et al., MLSys 2022): the runtime
    sees a plain convolution.
    """

    def __init__(self, filters, expansion=8, **kwargs):
        super().__init__(filters, 3, padding="same", **kwargs)
        self.expansion = expansion

    def build(self, input_shape):
        super().build(input_shape)
        middle = self.expansion * self.filters
        self._kernel.assign(ops.zeros_like(self._kernel))
        shapes = (3, 3, input_shape[-1], middle), (middle, self.filters)
        self.wide = self.add_weight(shapes[0], initializer="he_normal", name="wide")
        self.narrow = self.add_weight(shapes[1], initializer="glorot_normal", name="narrow")

    @property
    def kernel(self):
        return self._kernel + ops.einsum("hwim,mo->hwio", self.wide, self.narrow)


def half_resolution(channels=28, blocks=3, conv=layers.Conv2D, act=layers.ReLU):
    """Blocks of pixels as channels and nothing of the whole photo."""
    image = keras.Input((None, None, 3))
    plain = {"kernel_size": 3, "padding": "same"} if conv is layers.Conv2D else {}
    x = skip = act()(conv(channels, **plain)(SpaceToDepth()(image)))
    for _ in range(blocks):
        x = act()(conv(channels, **plain)(x))
    x = layers.Add()([x, skip])
    x = layers.Conv2D(12, 3, padding="same", kernel_initializer=small_normal())(x)
    return keras.Model(image, layers.Add()([image, DepthToSpace()(x)]))


def quarter_resolution(channels=20, middle=44, blocks=4, thumbnail=None):
    """Most of the work on blocks of 4×4 pixels, between two skips."""
    image = keras.Input((None, None, 3))
    x = layers.Conv2D(channels, 3, padding="same")(SpaceToDepth()(image))
    base = image
    if thumbnail:
        view = global_features(image, thumbnail)
        x, base = modulated(x, view, "head"), modulated(image, view, "color")
    x = skip = layers.ReLU()(x)
    x = layers.Conv2D(middle, 1, activation="relu")(SpaceToDepth()(x))
    for _ in range(blocks):
        x = layers.Add()([x, layers.Conv2D(middle, 3, padding="same", activation="relu")(x)])
    x = layers.Add()([skip, DepthToSpace()(layers.Conv2D(4 * channels, 1)(x))])
    x = layers.Conv2D(channels, 3, padding="same", activation="relu")(x)
    x = layers.Conv2D(12, 3, padding="same", kernel_initializer=small_normal())(x)
    return keras.Model(image, layers.Add()([base, DepthToSpace()(x)]))


def full_resolution(channels=10, blocks=6):
    """3×3 convolutions on the pixels themselves."""
    image = keras.Input((None, None, 3))
    x = layers.Conv2D(channels, 3, padding="same", activation="relu")(image)
    for _ in range(blocks):
        x = layers.Add()([x, layers.Conv2D(channels, 3, padding="same", activation="relu")(x)])
    x = layers.Conv2D(3, 3, padding="same", kernel_initializer=small_normal())(x)
    return keras.Model(image, layers.Add()([image, x]))


def thumbnail_color(channels=28, blocks=3):
    """Half resolution, and the thumbnail decides about the colours of the image alone."""
    image = keras.Input((None, None, 3))
    x = SpaceToDepth()(image)
    x = skip = layers.Conv2D(channels, 3, padding="same", activation="relu")(x)
    for _ in range(blocks):
        x = layers.Conv2D(channels, 3, padding="same", activation="relu")(x)
    x = layers.Add()([x, skip])
    x = layers.Conv2D(12, 3, padding="same", kernel_initializer=small_normal())(x)
    base = modulated(image, global_features(image, 64), "color")
    return keras.Model(image, layers.Add()([base, DepthToSpace()(x)]))


DESIGNS = {
    "full resolution": full_resolution,
    "half resolution": half_resolution,
    "half + folded kernels": lambda: half_resolution(conv=ExpandedConv2D),
    "quarter resolution": quarter_resolution,
    "quarter + thumbnail": lambda: quarter_resolution(thumbnail=64),
    "half + thumbnail colour": thumbnail_color,
    "half + thumbnail 12": lambda: build_mobile(12),
    "half + thumbnail 20": lambda: build_mobile(20),
    "half + thumbnail 30": lambda: build_mobile(30),
    "half + thumbnail 48": lambda: build_mobile(48),
    "DPED batch norm 16": lambda: build_generator("batch", channels=16),
}
