"""Convert a released TensorFlow 1 checkpoint into a .keras file.

    python -m models.checkpoints CHECKPOINT_PREFIX --output FILE.keras

The authors of DPED and of its rivals released such checkpoints. The names and shapes of the
variables tell which network a checkpoint holds: the DPED generator with any width and number of
blocks, the SRCNN that its authors compare with, or PPCN (PIRM 2018).
"""

if __name__ == "__main__":  # before the imports that fail without the environment
    from common.environment import check_environment

    check_environment()

import dataclasses
import re
from pathlib import Path

import numpy as np

from common import command_line
from common.backend import keras
from common.command_line import option
from common.long_work import waiting
from models.generator import build_generator
from models.network_files import WeightsError, save_model
from models.rivals.ppcn import build_ppcn
from models.rivals.srcnn import build_srcnn


def import_checkpoint(prefix: str | Path) -> keras.Model:
    """Rebuild the network of a TensorFlow 1 checkpoint with its weights.

    Args:
        prefix: path of the checkpoint, with or without `.index` or `.data-00000-of-00001`.

    Returns:
        Model from `(N, H, W, 3)` float32 RGB in [0, 1] to the same shape.

    Raises:
        WeightsError: the checkpoint is missing, damaged, or holds an unknown network.
    """
    prefix = re.sub(r"\.(index|data-\d+-of-\d+)$", "", str(prefix))  # a shell completes the suffix
    variables = read_variables(prefix)
    if "w1" in variables:
        model, order = build_srcnn(), _pairs("w{}", "b{}", range(1, 4))
    elif "W0" in variables:
        model, order = _ppcn(variables)
    elif "W1" in variables:
        model, order = _generator(variables)
    else:
        raise WeightsError(f"{prefix}: no known network (the variables are {_names(variables)})")
    _assign(model, order, variables, prefix)
    return model


def read_variables(prefix: str | Path) -> dict[str, np.ndarray]:
    """Read all variables of a checkpoint by name, without scopes ("generator/W1" is "W1").

    Raises:
        WeightsError: the checkpoint is missing or damaged.
    """
    import tensorflow as tf  # only for the reader

    try:
        reader = tf.train.load_checkpoint(str(prefix))
        names = reader.get_variable_to_shape_map()
        return {name.rsplit("/", 1)[-1]: reader.get_tensor(name) for name in names}
    except Exception as error:  # the reader raises errors of many types
        found = Path(f"{prefix}.index").exists()
        reason = "damaged or incomplete" if found else f"{prefix}.index does not exist"
        raise WeightsError(f"{prefix}: not a readable TF1 checkpoint ({reason})") from error


def _pairs(kernel: str, bias: str, numbers) -> list[str]:
    return [name.format(n) for n in numbers for name in (kernel, bias)]


def _norm(first: int) -> list[str]:
    """Return scale and shift of the normalization whose shift has the number `first`."""
    shift = f"Variable_{first}" if first else "Variable"
    return [f"Variable_{first + 1}", shift]


def _generator(variables):
    """Build the DPED generator, and list the variables in the order of its weights.

    The checkpoint has convolutions 1 to 2·blocks + 4. A normalization follows each convolution of
    a block.
    """
    convolutions = sum(name[0] == "W" for name in variables)
    blocks = (convolutions - 4) // 2
    order = _pairs("W{}", "b{}", [1])
    for index in range(2 * blocks):
        order += _pairs("W{}", "b{}", [index + 2]) + _norm(2 * index)
    order += _pairs("W{}", "b{}", range(2 * blocks + 2, convolutions + 1))
    channels = variables["W1"].shape[-1]
    return build_generator("instance", channels=channels, blocks=blocks), order


def _ppcn(variables):
    """Build PPCN, and list the variables in the order of its weights."""
    order = _pairs("W{}", "b{}", [0, 1])
    for index in range(4):
        order += _pairs("W{}", "b{}", [index + 2]) + _norm(2 * index)
    order += _pairs("W{}", "b{}", [6, 7])
    shapes = [variables[f"W{n}"].shape for n in range(8)]
    return build_ppcn(tuple((h, w, out) for h, w, _, out in shapes)), order


def _assign(model, order, variables, prefix) -> None:
    """Copy variables into the model; `order` names them in the order of `model.weights`."""
    missing = [name for name in order if name not in variables]
    if missing or len(order) != len(model.weights):
        raise WeightsError(f"{prefix}: variables are missing: {_names(missing)}")
    for weight, name in zip(model.weights, order, strict=True):
        value = variables[name]
        # The released SRCNN has one bias for its three output channels.
        if value.shape != weight.shape and value.size != 1:
            raise WeightsError(
                f"{prefix}: {name} has shape {value.shape}, expected {tuple(weight.shape)}"
            )
        weight.assign(np.broadcast_to(value, weight.shape))


def _names(names) -> str:
    names = sorted(names)
    return ", ".join(names[:8]) + (", …" if len(names) > 8 else "") or "none"


@dataclasses.dataclass(frozen=True)
class ImportConfig:
    """The checkpoint to convert, and the file to write."""

    checkpoint: str = option(
        help="path of the checkpoint, without the suffix .index or .data-…", positional=True
    )
    output: str = option(help="the .keras file to write")


def main(config: ImportConfig) -> None:
    """Write the network of the checkpoint as a `.keras` file."""
    if Path(config.output).suffix != ".keras":
        raise WeightsError(f"{config.output}: the output must end in .keras")
    with waiting("importing the checkpoint"):
        model = import_checkpoint(config.checkpoint)
        save_model(model, config.output)
    print(f"{config.output}: {model.name}, {model.count_params():,} parameters")


if __name__ == "__main__":
    command_line.run(main, ImportConfig, __doc__, errors=[WeightsError])
