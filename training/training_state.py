"""Training checkpoints: every variable and the progress of a run, in one file."""

import io
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from common.atomic_files import replacing
from common.backend import keras
from models.gan import Gan
from models.network_files import WeightsError


def gan_variables(gan: Gan) -> list[keras.Variable]:
    """Return every variable that a resumed training needs, in a fixed order."""
    holders = [gan.generator, gan.generator_optimizer]
    holders += [gan.discriminator, gan.discriminator_optimizer, gan.ema]
    return [variable for holder in holders if holder is not None for variable in holder.variables]


def save_state(path: str | Path, variables: list[keras.Variable], progress: dict) -> None:
    """Write variables and progress under a temporary name, then rename it into place.

    Args:
        path: The `.npz` file. The file holds plain arrays, so any backend can read it.
        variables: In an order that `restore_state` is given again.
        progress: Facts that JSON can hold, such as the step.
    """
    values: list[Any] = [keras.ops.convert_to_numpy(variable.value) for variable in variables]
    arrays: dict[str, Any] = {f"v{number:04d}": value for number, value in enumerate(values)}
    content = io.BytesIO()  # an archive on a full disk fails once more when it is closed
    np.savez(content, progress=np.array(json.dumps(progress)), **arrays)
    with replacing(path) as temporary, temporary.open("wb") as file:
        file.write(content.getbuffer())
        file.flush()
        os.fsync(file.fileno())


def restore_state(path: str | Path, variables: list[keras.Variable]) -> dict:
    """Put the arrays of `path` into `variables` and return the progress that was saved.

    Raises:
        WeightsError: The file is missing or damaged, or belongs to another network.
    """
    path = Path(path)
    if not path.is_file():
        raise WeightsError(f"{path}: no checkpoint to resume from; start without --resume")
    try:
        with np.load(path, allow_pickle=False) as file:
            progress = json.loads(str(file["progress"]))
            if not isinstance(progress, dict):
                raise ValueError("progress is no object")
            arrays = [file[name] for name in sorted(file.files) if name != "progress"]
    except Exception as error:  # a damaged archive raises many types
        raise WeightsError(f"{path}: damaged checkpoint; remove it to start over") from error
    shapes = [array.shape for array in arrays]
    if shapes != [tuple(variable.shape) for variable in variables]:
        raise WeightsError(f"{path}: checkpoint of another network; check the flags or --run_dir")
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)
    return progress
