"""The designs that benchmarks/mobile_designs.py compares. models/mobile.py is the chosen one."""

from common.backend import keras
from models.generator import build_generator
from models.layers.global_moments import GlobalMoments
from models.layers.initializers import small_normal
from models.layers.space_to_depth import DepthToSpace, SpaceToDepth
from models.layers.thumbnail import Thumbnail
from models.mobile import build_mobile, global_features, local_network, modulated
from models.rivals.mcrn import build_mcrn
from models.rivals.ppcn import build_ppcn, build_ppcn_student

layers, ops = keras.layers, keras.ops


class ExpandedConv2D(layers.Conv2D):
    """A 3×3 convolution that is trained as a 3×3 to many channels, a 1×1, and an identity.

    Every step folds the parts into one kernel, as in SESR (Bhardwaj et al., MLSys 2022), so the
    runtime sees a plain convolution.
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
    """Build a network at half resolution without global features."""
    image = keras.Input((None, None, 3))
    plain = {"kernel_size": 3, "padding": "same"} if conv is layers.Conv2D else {}
    x = skip = act()(conv(channels, **plain)(SpaceToDepth()(image)))
    for _ in range(blocks):
        x = act()(conv(channels, **plain)(x))
    x = layers.Add()([x, skip])
    x = layers.Conv2D(12, 3, padding="same", kernel_initializer=small_normal())(x)
    return keras.Model(image, layers.Add()([image, DepthToSpace()(x)]))


def quarter_resolution(channels=20, middle=44, blocks=4, thumbnail=None):
    """Build a network that works mostly at quarter resolution, between two skip connections."""
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
    """Build a network of 3×3 convolutions at full resolution."""
    image = keras.Input((None, None, 3))
    x = layers.Conv2D(channels, 3, padding="same", activation="relu")(image)
    for _ in range(blocks):
        x = layers.Add()([x, layers.Conv2D(channels, 3, padding="same", activation="relu")(x)])
    x = layers.Conv2D(3, 3, padding="same", kernel_initializer=small_normal())(x)
    return keras.Model(image, layers.Add()([image, x]))


def thumbnail_color(channels=28, blocks=3):
    """Build a network at half resolution in which global features modulate the colors only."""
    image = keras.Input((None, None, 3))
    x = SpaceToDepth()(image)
    x = skip = layers.Conv2D(channels, 3, padding="same", activation="relu")(x)
    for _ in range(blocks):
        x = layers.Conv2D(channels, 3, padding="same", activation="relu")(x)
    x = layers.Add()([x, skip])
    x = layers.Conv2D(12, 3, padding="same", kernel_initializer=small_normal())(x)
    base = modulated(image, global_features(image, 64), "color")
    return keras.Model(image, layers.Add()([base, DepthToSpace()(x)]))


def thumbnail_network(channels=30, widths=(16, 24, 32), facts=64):
    """Build the mobile network with convolutions on the thumbnail, which see places too."""
    image = keras.Input((None, None, 3), name="image")
    small = Thumbnail(64)(image)
    colors = GlobalMoments()(layers.Conv2D(24, 1, activation="relu")(small))
    x = small
    for width in widths:
        x = layers.Conv2D(width, 3, 2, padding="same", activation="relu")(x)
    x = layers.Concatenate()([colors, GlobalMoments()(x)])
    x = layers.Conv2D(facts, 1, activation="relu")(x)
    return keras.Model(image, local_network(image, x, channels, 3))


DESIGNS = {
    "full resolution": full_resolution,
    "half resolution": half_resolution,
    "half + folded kernels": lambda: half_resolution(conv=ExpandedConv2D),
    "quarter resolution": quarter_resolution,
    "quarter + thumbnail": lambda: quarter_resolution(thumbnail=64),
    "half + thumbnail color": thumbnail_color,
    "half + thumbnail 12": lambda: build_mobile(12),
    "half + thumbnail 16": lambda: build_mobile(16),
    "half + thumbnail 20": lambda: build_mobile(20),
    "half + thumbnail 30": lambda: build_mobile(30),
    "half + thumbnail 48": lambda: build_mobile(48),
    "half + thumbnail network 30": thumbnail_network,
    "MCRN-like": build_mcrn,
    "PPCN student-like": build_ppcn_student,
    "PPCN": build_ppcn,
    "DPED batch norm 16": lambda: build_generator("batch", channels=16),
}
