"""VGG-19 features for the content loss (Simonyan & Zisserman, 2014)."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np

from common.backend import keras
from common.did_you_mean import did_you_mean
from models.network_files import WeightsError

layers = keras.layers
# Channels and number of convolutions of each block.
BLOCKS = ((64, 2), (128, 2), (256, 4), (512, 4), (512, 4))
LAYERS = tuple(
    f"block{block}_conv{conv}"
    for block, (_, convs) in enumerate(BLOCKS, start=1)
    for conv in range(1, convs + 1)
)
# Mean of the training images, RGB, 0 to 255 (the preprocessing that its authors published).
MEAN_RGB = (123.68, 116.779, 103.939)
CENTER: Any = [-mean for mean in MEAN_RGB]


def build_vgg19(
    content_layer: str = "block5_conv4", weights: str | Path = "imagenet", seed: int = 0
) -> keras.Model:
    """Build VGG-19 up to the ReLU of one convolution, not trainable.

    The function builds the layers up to `content_layer` and reads only their weights, so a weights
    file may end at that layer. The pooling layers pad ("same"), as in the released code of DPED:
    100×100 patches give 7×7 features at block5.

    Args:
        content_layer: one of `LAYERS`; `block5_conv4` is relu5_4 of ICCV.
        weights: "imagenet" downloads the weights that Keras distributes. "random" gives random
            weights for demonstrations and tests; random convolutions still compare local
            structure. Anything else is an HDF5 file in the layout of Keras' VGG-19 weights.
        seed: seed of the random weights.

    Returns:
        Model from `(N, H, W, 3)` float32 RGB in [0, 1] to `(N, H_j, W_j, C_j)` activations ≥ 0.

    Raises:
        WeightsError: the layer is unknown, or the weights are missing, damaged or end too early.
    """
    if content_layer not in LAYERS:
        raise WeightsError(
            f"content layer {content_layer!r}: expected one of {', '.join(LAYERS)}"
            f"{did_you_mean(content_layer, LAYERS)}"
        )
    image = keras.Input((None, None, 3), name="image")
    x = layers.Rescaling(255.0, offset=CENTER, name="center")(image)
    for name in LAYERS[: LAYERS.index(content_layer) + 1]:
        block, conv = int(name[5]), int(name[-1])
        if conv == 1 and block > 1:
            x = layers.MaxPooling2D(2, padding="same", name=f"block{block - 1}_pool")(x)
        initializer: Any = keras.initializers.HeNormal(seed=seed + LAYERS.index(name))
        x = layers.Conv2D(
            BLOCKS[block - 1][0],
            3,
            padding="same",
            activation="relu",
            kernel_initializer=initializer,
            name=name,
        )(x)
    model = keras.Model(image, x, name="vgg19")
    model.trainable = False
    if weights == "imagenet":
        _download(model)
    elif weights != "random":
        _load(model, Path(weights))
    return model


def _download(model: keras.Model) -> None:
    """Copy the weights of Keras' VGG-19, which Keras downloads once and keeps in its cache."""
    try:
        full = keras.applications.VGG19(include_top=False, weights="imagenet")
    except Exception as error:  # errors of urllib, ssl and sockets have no common base
        reason = str(error).split("\n")[0]
        raise WeightsError(
            f"VGG-19 weights could not be downloaded ({reason}); pass --vgg_weights FILE "
            "with a copy of Keras' vgg19 notop file, or --vgg_weights random"
        ) from error
    for layer in _convolutions(model):
        _set_weights(layer, full.get_layer(layer.name).get_weights())


def _convolutions(model: keras.Model) -> list[layers.Conv2D]:
    return [layer for layer in model.layers if isinstance(layer, layers.Conv2D)]


def _set_weights(layer: layers.Conv2D, arrays: list[np.ndarray]) -> None:
    """Assign kernel and bias. The first kernel of the file takes BGR, the model here RGB."""
    kernel, bias = arrays
    layer.set_weights([kernel[:, :, ::-1] if layer.name == LAYERS[0] else kernel, bias])


def _load(model: keras.Model, path: Path) -> None:
    """Copy kernels and biases from an HDF5 file by layer name."""
    if not path.is_file():
        hint = did_you_mean(str(path), ("imagenet", "random"))
        raise WeightsError(f"VGG-19 weights {path}: no such file{hint}")
    try:
        with h5py.File(path) as file:
            for layer in _convolutions(model):
                if layer.name not in file:
                    raise WeightsError(
                        f"VGG-19 weights {path}: no layer {layer.name}; choose an earlier "
                        f"--content_layer, or a file that has the layer"
                    )
                group = file[layer.name]
                if not isinstance(group, h5py.Group):
                    raise KeyError(layer.name)
                arrays = _arrays(group)
                shapes = [array.shape for array in arrays]
                expected = [tuple(weight.shape) for weight in layer.weights]
                if shapes != expected:
                    raise WeightsError(
                        f"VGG-19 weights {path}: layer {layer.name} has shapes {shapes}, "
                        f"expected {expected}"
                    )
                _set_weights(layer, arrays)
    except (OSError, KeyError, RuntimeError, AttributeError) as error:
        raise WeightsError(f"VGG-19 weights {path}: not a readable HDF5 weights file") from error


def _arrays(group: h5py.Group) -> list[np.ndarray]:
    """Return every array below a layer's group, kernel (4-D) before bias (1-D)."""
    found = []
    group.visititems(
        lambda _, item: found.append(item[()]) if isinstance(item, h5py.Dataset) else None
    )
    return sorted(found, key=lambda array: -array.ndim)
