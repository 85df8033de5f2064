"""Perceptual distance: how much two pictures differ in the features of VGG-19."""

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

CHUNK = 16  # pictures that the network sees at a time
EPSILON = 1e-10  # added to the length of a feature, so that zeros stay zeros
# The last convolution of each block; the first that the weights lack ends the list.
LAYERS = ("block1_conv2", "block2_conv2", "block3_conv4", "block4_conv4", "block5_conv4")


class PerceptualDistance:
    """Compares pictures by VGG-19 features, for weights that are there.

    Formula: LPIPS without learned weights (Zhang et al., CVPR 2018, section 3). At each position
    the features are divided by their length. The distance is the squared difference, summed over
    channels, averaged over the positions of a layer and over the layers.

    Args:
        weights: as for `models.vgg.build_vgg19`.

    Attributes:
        layers: names of the layers that the weights have.
        fingerprint: Checksum of the weights, for keys of caches.

    Raises:
        WeightsError: the weights are missing or damaged, or lack even the first layer.
    """

    def __init__(self, weights: str | Path):
        from common.backend import import_keras
        from models.network_files import WeightsError
        from models.vgg import build_vgg19

        keras = import_keras()
        model = None
        for count in range(len(LAYERS), 0, -1):
            try:
                model = build_vgg19(LAYERS[count - 1], weights)
            except WeightsError:
                if count == 1:
                    raise
                continue
            break
        assert model is not None
        self.layers = LAYERS[:count]
        self._features = keras.Model(
            model.input, [model.get_layer(name).output for name in self.layers]
        )
        checksum = 0
        for array in model.get_weights():
            checksum = zlib.crc32(np.ascontiguousarray(array).data, checksum)
        self.fingerprint = f"{'+'.join(self.layers)} {checksum:08x}"

    def __call__(self, images: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """Compute the distance of each picture from its target.

        Args:
            images: `(N, H, W, 3)` float RGB; clipped to [0, 1].
            targets: as `images`.

        Returns:
            `(N,)` float64 ≥ 0; 0 for identical pictures.
        """
        return np.concatenate(list(self._distances(images, targets)))

    def _distances(self, images, targets) -> Iterator[np.ndarray]:
        for start in range(0, len(images), CHUNK):
            chunk = slice(start, start + CHUNK)
            both = (self._unit_features(x[chunk]) for x in (images, targets))
            yield np.mean(
                [
                    np.mean(np.sum((a - b) ** 2, axis=-1, dtype=np.float64), axis=(1, 2))
                    for a, b in zip(*both, strict=True)
                ],
                axis=0,
            )

    def _unit_features(self, images) -> list[np.ndarray]:
        found: Any = self._features(np.clip(images, 0, 1).astype(np.float32), training=False)
        arrays = [np.asarray(x) for x in (found if isinstance(found, list) else [found])]
        return [x / (np.linalg.norm(x, axis=-1, keepdims=True) + EPSILON) for x in arrays]
