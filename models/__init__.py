"""Networks: the generators, the discriminators, VGG-19 features, and their files."""

from common.backend import import_keras

import_keras()  # before the modules below import it themselves
# isort: split
from models.anatomy import multiply_adds, normalization_of, receptive_radius
from models.files import WeightsError, load_generator, save_model

__all__ = [
    "WeightsError",
    "load_generator",
    "multiply_adds",
    "normalization_of",
    "receptive_radius",
    "save_model",
]
