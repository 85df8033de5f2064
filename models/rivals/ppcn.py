"""PPCN (Hui et al., PIRM 2018), the strongest small enhancement network with public weights."""

from common.backend import keras
from models.generator import bounded_rgb
from models.layers.image_contrast import ImageContrast
from models.layers.normalization import normalization

layers = keras.layers
# Kernel height, kernel width and output channels of each convolution of the released teacher.
TEACHER = (
    (1, 7, 16), (7, 1, 16), (3, 3, 32), (3, 3, 16), (3, 3, 32), (3, 3, 16), (1, 1, 16), (3, 3, 3),
)  # fmt: skip
# A student of about the published cost. The widths of the published student are not known here.
STUDENT = tuple((height, width, 7) for height, width, _ in TEACHER[:-1]) + TEACHER[-1:]


def build_ppcn_student() -> keras.Model:
    """Build the teacher's layers with 7 channels: 2,541 multiply-adds a pixel.

    Returns:
        As `build_ppcn`.
    """
    return build_ppcn(STUDENT)


def build_ppcn(convolutions: tuple[tuple[int, int, int], ...] = TEACHER) -> keras.Model:
    """Build eight convolutions in two residual parts, the second with a dilation of 2.

    Args:
        convolutions: kernel height, kernel width and output channels of convolutions 0 to 7.
            Convolutions 1, 3 and 5 must have the same number of channels; the last one has 3.

    Returns:
        Model from `(N, H, W, 3)` float32 RGB in [0, 1] to the same shape, range (-0.08, 1.08).
        Instance normalization and the contrast layer make every output pixel depend on statistics
        of the whole image.
    """

    def conv(x, index, dilation=1):
        height, width, channels = convolutions[index]
        return layers.Conv2D(
            channels,
            (height, width),
            padding="same",
            dilation_rate=dilation,
            name=f"conv{index}",
        )(x)

    def activate(x, name):
        return layers.LeakyReLU(0.05, name=name)(x)

    image = keras.Input((None, None, 3), name="image")
    x = ImageContrast(1.2, name="contrast")(image)
    x = activate(conv(x, 0), "act0")
    c1 = activate(conv(x, 1), "act1")
    x = activate(normalization("instance", "norm2")(conv(c1, 2)), "act2")
    x = normalization("instance", "norm3")(conv(x, 3))
    c3 = layers.Add(name="add3")([x, c1])
    x = activate(normalization("instance", "norm4")(conv(c3, 4, dilation=2)), "act4")
    x = normalization("instance", "norm5")(conv(x, 5, dilation=2))
    c5 = layers.Add(name="add5")([x, c3])
    x = activate(conv(layers.Concatenate(name="concat6")([c3, c5]), 6), "act6")
    return keras.Model(image, bounded_rgb(conv(x, 7)), name="ppcn")
