"""SRCNN (Dong et al., ECCV 2014)."""

from common.backend import keras
from models.generator import bounded_rgb

layers = keras.layers


def build_srcnn() -> keras.Model:
    """Build three convolutions: 9×9×64, 5×5×32, 5×5×3.

    Widths and the last activation are those of the comparison network that the authors of DPED
    released. The paper trains the network with mean squared error.

    Returns:
        Model from `(N, H, W, 3)` float32 RGB in [0, 1] to the same shape, range (-0.08, 1.08).
        The receptive radius is 8 pixels.
    """
    image = keras.Input((None, None, 3), name="image")
    x = layers.Conv2D(64, 9, padding="same", activation="relu", name="patches_conv")(image)
    x = layers.Conv2D(32, 5, padding="same", activation="relu", name="mapping_conv")(x)
    x = layers.Conv2D(3, 5, padding="same", name="rgb_conv")(x)
    return keras.Model(image, bounded_rgb(x), name="srcnn")
