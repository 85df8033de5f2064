"""Files of a network with a thumbnail, as `enhance.load_engine` reads them."""

from pathlib import Path

import models
from export.convert import convert


def write_engine_files(folder: Path, network, tile: int, halo: int, multiple: int) -> Path:
    """Write net.keras, any.tflite and TILE.tflite, both with a manifest; return the folder."""
    models.save_model(network, folder / "net.keras")
    for name, size in (("any", None), (str(tile), tile)):
        (folder / f"{name}.tflite").write_bytes(convert(network, "fp32", size))
        manifest = f'{{"halo": {halo}, "multiple": {multiple}, "norm": "thumbnail"}}'
        (folder / f"{name}.json").write_text(manifest)
    return folder
