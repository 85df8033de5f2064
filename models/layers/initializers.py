"""Initializers of convolution kernels."""

from typing import Any

from common.backend import keras

ops = keras.ops


@keras.saving.register_keras_serializable(package="dped")
class NearIdentity(keras.initializers.Initializer):
    """A kernel that copies channel i to channel i at its center, plus Glorot noise.

    A network with such kernels starts near the identity, so it has to learn only the difference
    between phone and DSLR. From random kernels, the first hours of a small training go into
    finding colors and edges again.

    Make one initializer for each layer: one instance gives all layers the same noise.

    Args:
        gain: factor of the copied channels.
        noise: factor of Glorot's uniform distribution.
        seed: seed of the noise.
    """

    def __init__(self, gain: float = 1.0, noise: float = 0.1, seed: int | None = None):
        self.gain = gain
        self.noise = noise
        self.seed = seed
        self._random = keras.initializers.GlorotUniform(seed=seed)

    def __call__(self, shape, dtype=None):
        height, width, inputs, outputs = shape
        center: Any = ops.outer(
            ops.one_hot(height // 2, height, dtype=dtype),
            ops.one_hot(width // 2, width, dtype=dtype),
        )
        copies: Any = ops.eye(inputs, outputs, dtype=dtype)
        noise: Any = self._random(shape, dtype)
        return center[..., None, None] * (self.gain * copies) + self.noise * noise

    def get_config(self):
        return {"gain": self.gain, "noise": self.noise, "seed": self.seed}


def small_normal(deviation: float = 0.02) -> Any:
    """Make an initializer of small normal noise.

    Call the function once for each layer: an initializer draws its seed when it is made.

    Args:
        deviation: standard deviation of the noise.
    """
    return keras.initializers.RandomNormal(stddev=deviation)
