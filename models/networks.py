"""The networks that `train.py` can train, in one table.

To add a network, write its builder in a new file and add one entry to `NETWORKS`. The
choices and the help text of `--model` follow from the table.
"""

from __future__ import annotations

import dataclasses
import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras


@dataclasses.dataclass(frozen=True)
class Network:
    """A network that `train.py` can train.

    Attributes:
        about: a short description for help texts.
        builder: dotted name of the function that builds the network. The table holds a name
            because importing the function takes the seconds that Keras needs to load.
        options: arguments of the builder that flags of `train.py` can set.
        recipe: the recipe in `training.recipes` that trains the network by default.
    """

    about: str
    builder: str
    options: tuple[str, ...]
    recipe: str


NETWORKS = {
    "dped": Network(
        about="the generator of the paper",
        builder="models.generator.build_generator",
        options=("normalization", "channels", "blocks"),
        recipe="stable",
    ),
    "mobile": Network(
        about="a small network for phones",
        builder="models.mobile.build_mobile",
        options=("channels", "blocks"),
        recipe="mobile",
    ),
    "adaptive": Network(
        about="a small network that sees the whole photo, as universal",
        builder="models.universal.build_universal",
        options=(),
        recipe="quick",
    ),
    "srcnn": Network(
        about="a rival, Dong et al. 2014",
        builder="models.rivals.srcnn.build_srcnn",
        options=(),
        recipe="srcnn",
    ),
    "johnson": Network(
        about="a rival, Johnson et al. 2016",
        builder="models.rivals.johnson.build_johnson",
        options=("channels", "blocks"),
        recipe="johnson",
    ),
    "mcrn": Network(
        about="a rival like that of PIRM 2018",
        builder="models.rivals.mcrn.build_mcrn",
        options=("channels",),
        recipe="mobile",
    ),
    "ppcn_student": Network(
        about="a rival like that of Hui et al. 2018",
        builder="models.rivals.ppcn.build_ppcn_student",
        options=(),
        recipe="mobile",
    ),
}


def build_network(name: str, **options) -> keras.Model:
    """Build a network of the table.

    Args:
        name: key of `NETWORKS`.
        **options: arguments of the builder, see `Network.options`. None means the builder's
            default. The builder never sees an argument that it does not have.

    Returns:
        Model from `(N, H, W, 3)` float32 RGB in [0, 1] to the same shape.

    Raises:
        KeyError: no such network.
    """
    network = NETWORKS[name]
    module, function = network.builder.rsplit(".", 1)
    given = {
        option: value
        for option, value in options.items()
        if option in network.options and value is not None
    }
    return getattr(importlib.import_module(module), function)(**given)


def networks_in_words() -> str:
    """Return one phrase that describes every network, for help texts."""
    return ", ".join(f"{name}: {network.about}" for name, network in NETWORKS.items())
