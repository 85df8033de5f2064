"""PPCN (Hui et al., PIRM 2018), the strongest small enhancement network with public weights."""

import keras
from keras import layers

from models.generator import bounded_rgb
from models.layers.normalization import image_mean, normalization

TEACHER = (
    (1, 7, 16), (7, 1, 16), (3, 3, 32), (3, 3, 16), (3, 3, 32), (3, 3, 16), (1, 1, 16), (3, 3, 3),
)  # fmt: skip


@keras.saving.register_keras_serializable(package="dped")
class ImageContrast(layers.Layer):
    """Stretch each channel of each image about its own mean.

    Formula: `(x - mean) * factor + mean`, mean over height and width.
    Input and output: `(N, H, W, C)` float.
    """

    statistics = ("mean",)  # of the whole image, as an argument of `call`

    def __init__(self, factor: float, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, inputs, mean=None):
        """Stretch, about a mean `(N, 1, 1, C)` measured elsewhere where it is given."""
        if mean is None:
            mean = image_mean(inputs)
        return (inputs - mean) * self.factor + mean

    def get_config(self):
        return {**super().get_config(), "factor": self.factor}


def build_ppcn(convolutions: tuple[tuple[int, int, int], ...] = TEACHER) -> keras.Model:
    """Eight convolutions in two residual stages, the second dilated by 2.

    Args:
        convolutions: kernel height, kernel width and output channels of the convolutions 0 to 7;
            1, 3 and 5 must have equal channels, the last one 3.

    Returns:
        Model from `(N, H, W, 3)` float32 RGB in [0, 1] to the same shape, range (-0.08, 1.08).
        Instance norm and the contrast layer make every pixel depend on whole-image statistics.
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
