"""Initial kernels that let an image through."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="dped")
class NearIdentity(keras.initializers.Initializer):
    """A kernel that copies channel i to channel i at its centre, plus Glorot noise.

    An enhancer that starts by returning its input has only the difference to learn; from random
    kernels the first hours of a small training go into finding colours and edges again.

    Args:
        gain: of the copied channels.
        noise: factor on Glorot's uniform distribution.
        seed: of the noise.
    """

    def __init__(self, gain: float = 1.0, noise: float = 0.1, seed: int | None = None):
        self.gain = gain
        self.noise = noise
        self.seed = seed
        self._random = keras.initializers.GlorotUniform(seed=seed)

    def __call__(self, shape, dtype=None):
        height, width, inputs, outputs = shape
        center = ops.outer(
            ops.one_hot(height // 2, height, dtype=dtype),
            ops.one_hot(width // 2, width, dtype=dtype),
        )
        copies = self.gain * ops.eye(inputs, outputs, dtype=dtype)
        return center[..., None, None] * copies + self.noise * self._random(shape, dtype)

    def get_config(self):
        return {"gain": self.gain, "noise": self.noise, "seed": self.seed}
