"""The contrast layer of PPCN (Hui et al., PIRM 2018)."""

from common.backend import keras
from models.layers.image_tensors import image_mean


@keras.saving.register_keras_serializable(package="dped")
class ImageContrast(keras.layers.Layer):
    """Stretches each channel of each image about its own mean.

    Formula: `(x - mean) * factor + mean`, with the mean over height and width.

    Input and output: `(N, H, W, C)` float.

    Args:
        factor: gain about the mean; above 1 for more contrast.
        **kwargs: arguments of `keras.layers.Layer`.
    """

    statistics = ("mean",)  # of the whole image; `call` takes it as an argument

    def __init__(self, factor: float, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, inputs, mean=None):
        """Stretch about the mean `(N, 1, 1, C)` if given, else about that of the inputs."""
        if mean is None:
            mean = image_mean(inputs)
        return (inputs - mean) * self.factor + mean

    def get_config(self):
        return {**super().get_config(), "factor": self.factor}
