"""A folder of the user's own photos, to simulate pairs from."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from data.cameras import SimulationError
from data.layout import SUFFIXES


class PhotoFolder(Mapping):
    """The JPEG and PNG files of a folder, decoded when asked for; uint8 RGB H×W×3 by file name.

    Args:
        folder: where they are, not searched deeper.

    Raises:
        SimulationError: no such folder, or no photo in it; on access, a file that is no image.
    """

    def __init__(self, folder: str | Path):
        folder = Path(folder)
        if not folder.is_dir():
            raise SimulationError(f"{folder}: no such folder of photos")
        files = (path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
        self._files = {path.name: path for path in sorted(files)}
        if not self._files:
            raise SimulationError(f"{folder}: no photos ({', '.join(SUFFIXES)})")

    def __getitem__(self, name):
        try:
            with Image.open(self._files[name]) as image:
                if image.mode.startswith(("I", "F")):
                    raise SimulationError(f"{self._files[name]}: more than 8 bits; convert it")
                return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
        except (UnidentifiedImageError, Image.DecompressionBombError, OSError) as error:
            raise SimulationError(f"{self._files[name]}: cannot be read as a photo") from error

    def __iter__(self):
        return iter(self._files)

    def __len__(self):
        return len(self._files)
