"""The networks: generators, discriminators, VGG-19 features, their layers and their files.

`networks.py` lists the networks that can be trained. Importing this package alone does not load
Keras; using one of the names below does.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from models.inspect_network import multiply_adds, normalization_of, receptive_radius
    from models.network_files import WeightsError, load_generator, save_model

__all__ = [
    "WeightsError",
    "load_generator",
    "multiply_adds",
    "normalization_of",
    "receptive_radius",
    "save_model",
]


def __getattr__(name: str):
    """Import the module of a public name on first use."""
    if name in ("WeightsError", "load_generator", "save_model"):
        return getattr(importlib.import_module("models.network_files"), name)
    if name in ("multiply_adds", "normalization_of", "receptive_radius"):
        return getattr(importlib.import_module("models.inspect_network"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
