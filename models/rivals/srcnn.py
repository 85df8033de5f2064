"""SRCNN (Dong et al., ECCV 2014), the seed's pixel-loss rival."""

import keras
from keras import layers

from models.generator import bounded_rgb


def build_srcnn() -> keras.Model:
    """Three convolutions 9×9×64, 5×5×32, 5×5×3, trained with mean squared error.

    Widths and the last activation are those of the released comparison network.

    Returns:
        Model from `(N, H, W, 3)` float32 RGB in [0, 1] to the same shape, range (-0.08, 1.08).
        Receptive radius 8 pixels.
    """
    image = keras.Input((None, None, 3), name="image")
    x = layers.Conv2D(64, 9, padding="same", activation="relu", name="patches_conv")(image)
    x = layers.Conv2D(32, 5, padding="same", activation="relu", name="mapping_conv")(x)
    x = layers.Conv2D(3, 5, padding="same", name="rgb_conv")(x)
    return keras.Model(image, bounded_rgb(x), name="srcnn")
