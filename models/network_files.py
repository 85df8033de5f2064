"""Networks in `.keras` files: saving and loading."""

from pathlib import Path
from typing import cast

from common.atomic_files import replacing
from common.backend import keras
from common.finite_weights import BROKEN, are_finite
from models.claimed_size import find_excess

# Keras loads a file only if its custom layers are registered, which these imports do.
from models.layers import (  # noqa: F401
    fourth_root,
    fused_batch_norm,
    global_moments,
    image_contrast,
    initializers,
    instance_normalization,
    space_to_depth,
    thumbnail,
    tone_curves,
)


class WeightsError(ValueError):
    """A file of weights or of a model that is missing, damaged or of another network."""


def save_model(model: keras.Model, path: str | Path) -> None:
    """Write a `.keras` file, whole or not at all; missing folders are created.

    Raises:
        WeightsError: A weight is not finite; nothing is written.
    """
    path = Path(path)
    if not are_finite(model.get_weights()):
        raise WeightsError(f"{path}: not written, because it would have weights {BROKEN}")
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        model.save(temporary)


def load_generator(path: str | Path) -> keras.Model:
    """Load a network that maps RGB images to RGB images.

    Args:
        path: a `.keras` file that this project wrote.

    Returns:
        Model from `(N, H, W, 3)` float32 RGB in [0, 1] to the same shape.

    Raises:
        WeightsError: the file is missing, damaged, claims to be huge, has a weight that is not
            finite, or holds another kind of network.
    """
    path = Path(path)
    if not path.is_file():
        raise WeightsError(f"{path}: no such model file")
    if excess := find_excess(path):
        raise WeightsError(f"{path}: not loaded, because {excess}")
    try:
        model = cast(keras.Model, keras.saving.load_model(path, compile=False))
    except Exception as error:  # a damaged zip, JSON or HDF5 raises errors of many types
        reason = str(error).strip().split("\n")[0]
        raise WeightsError(
            f"{path}: not a readable .keras model for Keras {keras.__version__} ({reason})"
        ) from error
    if not are_finite(model.get_weights()):
        raise WeightsError(f"{path}: has weights {BROKEN}")
    ends = [tensor.shape for tensor in (*model.inputs, *model.outputs)]
    if len(ends) != 2 or any(len(shape) != 4 or shape[-1] != 3 for shape in ends):
        raise WeightsError(f"{path}: not a network from RGB images to RGB images")
    if any(size is not None for shape in ends for size in shape[:3]):
        raise WeightsError(f"{path}: the network does not take images of any size")
    return model
