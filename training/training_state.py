"""Training checkpoints: every variable, the step, and what was best so far, in one file."""

import json
import os
from pathlib import Path

import keras
import numpy as np

from common.atomic_files import replacing
from models.files import WeightsError


def save_state(path: str | Path, variables: list[keras.Variable], progress: dict) -> None:
    """Write variables and progress under a temporary name, then rename it into place.

    Args:
        path: the `.npz` file; it holds plain arrays, so any backend can read it.
        variables: in an order that `restore_state` is given again.
        progress: JSON-able facts, such as the step.
    """
    arrays = {f"v{n:04d}": keras.ops.convert_to_numpy(v.value) for n, v in enumerate(variables)}
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez(file, progress=np.array(json.dumps(progress)), **arrays)
        file.flush()
        os.fsync(file.fileno())


def restore_state(path: str | Path, variables: list[keras.Variable]) -> dict:
    """Put the arrays of `path` into `variables`; returns the progress that was saved.

    Raises:
        WeightsError: the file is missing, damaged, or from another network.
    """
    path = Path(path)
    if not path.is_file():
        raise WeightsError(f"{path}: no checkpoint to resume from; start without --resume")
    try:
        with np.load(path, allow_pickle=False) as file:
            progress = json.loads(str(file["progress"]))
            arrays = [file[name] for name in sorted(file.files) if name != "progress"]
    except Exception as error:  # zip and format damage surface as many types
        raise WeightsError(f"{path}: damaged checkpoint; remove it to start over") from error
    shapes = [array.shape for array in arrays]
    if shapes != [tuple(variable.shape) for variable in variables]:
        raise WeightsError(f"{path}: checkpoint of another network; check the flags or --run_dir")
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)
    return progress
