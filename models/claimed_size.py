"""What a `.keras` file claims about its size, checked before memory is taken for the claim."""

import io
import json
import math
import zipfile
from pathlib import Path
from typing import Any

import h5py

CONFIG, WEIGHTS = "config.json", "model.weights.h5"
LARGEST = 1 << 30  # bytes of weights; the largest network of this project has 1.6 MB
_WIDTHS = ("filters", "units", "depth_multiplier", "output_dim", "input_dim")


def find_excess(path: Path) -> str:
    """Return why a file claims more weights than it has; "" for no such claim.

    A damaged file may raise nothing here: the loader finds other damage.

    Args:
        path: A `.keras` file: a zip archive with a description and HDF5 weights.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > LARGEST:
                return f"its files claim more than {LARGEST >> 30} GB"
            weights = archive.read(WEIGHTS)
            config = json.loads(archive.read(CONFIG))
        stored = _claimed_weights(weights)
        if stored > LARGEST:
            return f"its weights claim {stored / 1e9:.1f} GB"
        needed = 4 * _least_weights(config)
        if needed > max(LARGEST >> 6, 4 * len(weights)):
            return f"its layers claim {needed / 1e9:.1f} GB, its weights have {len(weights)} bytes"
    except RecursionError:
        return "its description is nested too deeply"
    except Exception:  # a damaged zip, JSON or HDF5 raises errors of many types
        return ""
    return ""


def _claimed_weights(content: bytes) -> int:
    """Return the bytes of all arrays as an HDF5 file states their shapes."""
    sizes: list[int] = []

    def add(_, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            sizes.append(math.prod(item.shape or (0,)) * item.dtype.itemsize)

    with h5py.File(io.BytesIO(content), "r") as file:
        file.visititems(add)
    return sum(sizes)


def _least_weights(config: Any) -> int:
    """Return the number of weights that the layers of a description have at least."""
    if isinstance(config, list):
        return sum(map(_least_weights, config))
    if not isinstance(config, dict):
        return 0
    widths = [config[name] for name in _WIDTHS if isinstance(config.get(name), int)]
    kernel = config.get("kernel_size", 1)
    sides = kernel if isinstance(kernel, list) else [kernel]
    least = math.prod(side for side in sides if isinstance(side, int)) * math.prod(widths)
    own = least if widths else 0
    return own + sum(map(_least_weights, config.values()))
